import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ecrin.auth.errors import EmailExists, UserDisabled
from ecrin.errors import NotFound, Overloaded, Refused, StorageFull

PATH = "/auth/action"
BUTTONS = {
    "verifyEmail": "VERIFY_EMAIL",
    "verifyAndChangeEmail": "VERIFY_AND_CHANGE_EMAIL",
    "recoverEmail": "RECOVER_EMAIL",
}
PURPOSES = BUTTONS | {"resetPassword": "PASSWORD_RESET"}
Make = Callable[..., Any]


def query(mode: str, code: str = "c0de", **more: str) -> dict[str, str]:
    return {"mode": mode, "oobCode": code, "apiKey": "k", "lang": "en"} | more


def text_of(reply: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.text))


@pytest.mark.parametrize("mode", PURPOSES)
async def test_get_shows_a_form_and_uses_nothing_up(
    browser: httpx.AsyncClient, codes: Any, info: Make, mode: str
) -> None:
    codes.known["c0de"] = info(PURPOSES[mode], new_email="new@example.org")
    for _ in range(3):  # a mail scanner, its cache, and the person
        reply = await browser.get(PATH, params=query(mode))
        assert reply.status_code == 200
        assert '<form method="post" action="/auth/action">' in reply.text
    assert codes.used == []
    assert "c0de" in codes.known


@pytest.mark.parametrize("mode", BUTTONS)
async def test_post_does_it_once(browser: httpx.AsyncClient, codes: Any, info: Make, mode: str) -> None:
    codes.known["c0de"] = info(PURPOSES[mode], new_email="new@example.org")
    first = await browser.post(PATH, data=query(mode))
    second = await browser.post(PATH, data=query(mode))
    assert (first.status_code, second.status_code) == (200, 400)
    assert codes.used == [("c0de", "", "nobody")]
    assert "This link no longer works" in second.text


async def test_a_reset_takes_the_password_as_it_was_typed(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("PASSWORD_RESET")
    reply = await browser.post(PATH, data=query("resetPassword", password=" é&=+% pass "))
    assert reply.status_code == 200
    assert codes.used == [("c0de", " é&=+% pass ", "nobody")]
    assert "Your password has been changed" in reply.text


async def test_a_password_that_is_refused_can_be_typed_again(
    browser: httpx.AsyncClient, codes: Any, info: Make
) -> None:
    codes.known["c0de"] = info("PASSWORD_RESET")
    reply = await browser.post(PATH, data=query("resetPassword", password="short7!"))
    assert reply.status_code == 400
    assert "at least 8 characters" in text_of(reply)
    assert 'aria-invalid="true"' in reply.text
    assert "short7!" not in reply.text
    assert (await browser.post(PATH, data=query("resetPassword", password="long enough"))).status_code == 200


async def test_the_reset_form_names_account_and_least_length(
    browser: httpx.AsyncClient, codes: Any, info: Make
) -> None:
    codes.known["c0de"] = info("PASSWORD_RESET")
    reply = await browser.get(PATH, params=query("resetPassword"))
    assert re.search(r'<input[^>]*value="ann@example.org"[^>]*autocomplete="username"[^>]*readonly', reply.text)
    assert re.search(r'<input[^>]*autocomplete="new-password"[^>]*minlength="8"[^>]*required', reply.text)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("mode", [*PURPOSES, "signIn", "", "unknown"])
async def test_an_unknown_code_says_what_to_do(browser: httpx.AsyncClient, mode: str, method: str) -> None:
    sent = {"params": query(mode)} if method == "GET" else {"data": query(mode)}
    reply = await browser.request(method, PATH, **sent)  # type: ignore[arg-type]
    assert reply.status_code == 400
    assert "ask for a new message" in text_of(reply)


async def test_an_expired_code_says_so(browser: httpx.AsyncClient, codes: Any) -> None:
    codes.expired.add("c0de")
    reply = await browser.get(PATH, params=query("verifyEmail"))
    assert reply.status_code == 400
    assert "that time is over" in text_of(reply)


@pytest.mark.parametrize("mode", [*PURPOSES, "signIn"])
async def test_a23_a_code_is_good_for_its_own_purpose_only(
    browser: httpx.AsyncClient, codes: Any, info: Make, mode: str
) -> None:
    purposes = PURPOSES | {"signIn": "EMAIL_SIGNIN"}
    for other in set(purposes.values()) - {purposes[mode]}:
        codes.known["c0de"] = info(other, continue_url="https://app.example.org/")
        assert (await browser.get(PATH, params=query(mode))).status_code == 400
        assert (await browser.post(PATH, data=query(mode, password="long enough"))).status_code == 400
    assert codes.used == []


async def test_sign_in_leads_to_the_app_and_uses_nothing_up(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("EMAIL_SIGNIN", continue_url="https://app.example.org/in?a=1")
    reply = await browser.get(PATH, params=query("signIn", continueUrl="https://evil.example/"))
    assert reply.status_code == 303
    assert reply.headers["location"] == "https://app.example.org/in?a=1&mode=signIn&oobCode=c0de&apiKey=k&lang=en"
    assert codes.used == []


async def test_sign_in_by_post_does_nothing(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("EMAIL_SIGNIN", continue_url="https://app.example.org/in")
    assert (await browser.post(PATH, data=query("signIn"))).status_code == 400
    assert codes.used == []


@pytest.mark.parametrize("where", [None, "javascript:alert(1)", "https://evil.example\\@app.example.org/"])
async def test_sign_in_without_a_safe_way_to_the_app_leads_nowhere(
    browser: httpx.AsyncClient, codes: Any, info: Make, where: str | None
) -> None:
    codes.known["c0de"] = info("EMAIL_SIGNIN", continue_url=where)
    reply = await browser.get(PATH, params=query("signIn"))
    assert reply.status_code == 200
    assert "location" not in reply.headers
    assert "href" not in reply.text.partition("<body>")[2]


async def test_after_success_a_link_leads_to_where_the_code_says(
    browser: httpx.AsyncClient, codes: Any, info: Make
) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL", continue_url="https://app.example.org/?a=1&b=2")
    reply = await browser.post(PATH, data=query("verifyEmail", continueUrl="https://evil.example/"))
    assert 'href="https://app.example.org/?a=1&amp;b=2"' in reply.text
    assert "evil.example" not in reply.text


async def test_after_success_an_unsafe_link_is_not_shown(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL", continue_url="javascript:alert(1)")
    reply = await browser.post(PATH, data=query("verifyEmail"))
    assert reply.status_code == 200
    assert "javascript:" not in reply.text


async def test_a20_the_address_of_the_page_leads_nowhere(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    for reply in (
        await browser.get(PATH, params=query("verifyEmail", continueUrl="https://evil.example/")),
        await browser.post(PATH, data=query("verifyEmail", continueUrl="https://evil.example/")),
    ):
        assert "evil.example" not in reply.text


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9098", "http://127.0.0.1:9099.evil.example"]
)
async def test_a27_a_form_from_another_site_is_refused(
    browser: httpx.AsyncClient, codes: Any, info: Make, origin: str
) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    reply = await browser.post(PATH, data=query("verifyEmail"), headers={"origin": origin})
    assert reply.status_code == 403
    assert (codes.inspected, codes.used) == ([], [])


async def test_a_form_from_our_own_origin_is_taken(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    reply = await browser.post(PATH, data=query("verifyEmail"), headers={"origin": "http://127.0.0.1:9099"})
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("method", "mode", "known"),
    [
        ("GET", "verifyEmail", True),
        ("GET", "verifyEmail", False),
        ("POST", "verifyEmail", True),
        ("GET", "signIn", True),
    ],
)
async def test_a28_every_page_forbids_frames_scripts_sniffing_and_referrers(
    browser: httpx.AsyncClient, codes: Any, info: Make, method: str, mode: str, known: bool
) -> None:
    if known:
        codes.known["c0de"] = info(
            (BUTTONS | {"signIn": "EMAIL_SIGNIN"})[mode], continue_url="https://app.example.org/"
        )
    sent = {"params": query(mode)} if method == "GET" else {"data": query(mode)}
    reply = await browser.request(method, PATH, **sent)  # type: ignore[arg-type]
    policy = {d.split()[0]: d.split()[1:] for d in reply.headers["content-security-policy"].split("; ")}
    assert policy == {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["cross-origin-opener-policy"] == "same-origin"
    assert "<script" not in reply.text
    assert "style=" not in reply.text


async def test_a30_the_page_answers_no_foreign_origin(browser: httpx.AsyncClient) -> None:
    reply = await browser.get(PATH, params=query("verifyEmail"), headers={"origin": "https://evil.example"})
    assert not [name for name in reply.headers if name.startswith("access-control-")]


async def test_a32_no_page_is_stored(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    for reply in (
        await browser.get(PATH, params=query("verifyEmail")),
        await browser.post(PATH, data=query("verifyEmail")),
    ):
        assert reply.headers["cache-control"] == "no-store"


async def test_a29_values_are_escaped(browser: httpx.AsyncClient, codes: Any, info: Make, projects: Any) -> None:
    evil = "\"'><img src=x onerror=alert(1)>"
    projects.rename(evil)
    codes.known[evil] = info(
        "VERIFY_AND_CHANGE_EMAIL", email=evil, new_email=evil, continue_url=f"https://x.example/{evil}"
    )
    names = query("verifyAndChangeEmail", evil, apiKey=evil, lang=evil)
    for reply in (await browser.get(PATH, params=names), await browser.post(PATH, data=names)):
        assert reply.status_code == 200
        assert "<img" not in reply.text
        assert "&lt;img" in reply.text


async def test_the_form_carries_the_code_in_its_body_alone(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    reply = await browser.get(PATH, params=query("verifyEmail"))
    assert re.findall(r"[^\n]*c0de[^\n]*", reply.text) == ['    <input type="hidden" name="oobCode" value="c0de">']


@pytest.mark.parametrize("mode", [*PURPOSES, "unknown"])
async def test_nothing_of_a_request_is_logged(
    browser: httpx.AsyncClient, codes: Any, info: Make, mode: str, capsys: pytest.CaptureFixture[str], caplog: Any
) -> None:
    codes.known["c0de"] = info(PURPOSES.get(mode, ""))
    await browser.get(PATH, params=query(mode))
    await browser.post(PATH, data=query(mode, password="long enough"))
    written = capsys.readouterr()
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert "c0de" not in written.out + written.err
    assert ours == []


@pytest.mark.parametrize(
    ("lang", "accept", "title"),
    [
        ("fr", "en", "Confirmez votre adresse e-mail"),
        ("fr-CA", "", "Confirmez votre adresse e-mail"),
        ("", "fr-FR,fr;q=0.9,en;q=0.8", "Confirmez votre adresse e-mail"),
        ("de", "fr", "Confirmez votre adresse e-mail"),
        ("en", "fr", "Confirm your e-mail address"),
        ("", "", "Confirm your e-mail address"),
    ],
)
async def test_the_page_speaks_the_language_of_the_link_then_of_the_browser(
    browser: httpx.AsyncClient, codes: Any, info: Make, lang: str, accept: str, title: str
) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    reply = await browser.get(PATH, params=query("verifyEmail", lang=lang), headers={"accept-language": accept})
    assert title in reply.text
    assert f'<html lang="{reply.headers["content-language"]}">' in reply.text


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (EmailExists(), 400, "Another account already uses this address."),
        (UserDisabled(), 400, "This account is disabled."),
        (Overloaded(), 503, "The server is very busy."),
        (NotFound("Nothing of that kind."), 404, "Nothing of that kind."),
    ],
)
async def test_a_refusal_is_shown_with_its_sentence(
    browser: httpx.AsyncClient, codes: Any, info: Make, error: Refused, status: int, sentence: str
) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    codes.failure = error
    reply = await browser.post(PATH, data=query("verifyEmail"))
    assert reply.status_code == status
    assert sentence in text_of(reply)


async def test_a_reset_that_is_too_early_keeps_the_form(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("PASSWORD_RESET")
    codes.failure = Overloaded()
    reply = await browser.post(PATH, data=query("resetPassword", password="long enough"))
    assert reply.status_code == 503
    assert "<form" in reply.text


async def test_a_full_disk_is_a_page_in_both_languages(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    codes.failure = StorageFull()
    reply = await browser.post(PATH, data=query("verifyEmail"))
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "2"
    assert "Something went wrong on our side" in reply.text
    assert "de notre côté" in reply.text


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a=1" for _ in range(300)), b"mode=%ff"])
async def test_a_form_that_cannot_be_read_is_refused(browser: httpx.AsyncClient, body: bytes) -> None:
    reply = await browser.post(PATH, content=body)
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_form_that_is_too_large_is_refused(browser: httpx.AsyncClient) -> None:
    reply = await browser.post(PATH, content=b"password=" + b"x" * 17_000)
    assert reply.status_code == 413
    assert "What was sent is too long." in reply.text


async def test_the_stylesheet_is_served_under_the_address_that_pages_name(
    browser: httpx.AsyncClient, codes: Any, info: Make
) -> None:
    codes.known["c0de"] = info("VERIFY_EMAIL")
    page = await browser.get(PATH, params=query("verifyEmail"))
    found = re.search(r'<link rel="stylesheet" href="([^"]+)">', page.text)
    assert found
    style = await browser.get(found[1])
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.headers["cache-control"] == "public, max-age=86400"
    assert ":focus-visible" in style.text


async def test_a_code_with_odd_characters_arrives_whole(browser: httpx.AsyncClient, codes: Any, info: Make) -> None:
    code = "a+b/c=&é%"
    codes.known[code] = info("EMAIL_SIGNIN", continue_url="https://app.example.org/")
    reply = await browser.get(PATH, params=query("signIn", code))
    assert parse_qs(urlsplit(reply.headers["location"]).query)["oobCode"] == [code]
