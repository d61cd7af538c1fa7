from typing import Any

import httpx
import pytest

from ecrin.ops.mail.mailbox import KeptLetter

LINK = "http://127.0.0.1:9099/auth/action?mode=verifyEmail&oobCode=c0de"


def kept(**changes: Any) -> KeptLetter:
    parts: dict[str, Any] = {
        "id": "row1",
        "project_id": "notes",
        "template": "verify_email",
        "recipient": "ann@example.org",
        "subject": "Confirm your address",
        "link": LINK,
        "code": "c0de",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "at": 1_800_000_000_000,
    }
    return KeptLetter(**(parts | changes))


async def test_a_letter_is_shown_with_recipient_subject_link_and_code(browser: httpx.AsyncClient, letters: Any) -> None:
    letters.kept = [kept()]
    page = (await browser.get("/dev")).text
    for shown in (
        "ann@example.org",
        "Confirm your address",
        f'href="{LINK.replace("&", "&amp;")}"',
        "<code>c0de</code>",
    ):
        assert shown in page


async def test_letters_stand_in_the_order_they_are_given(browser: httpx.AsyncClient, letters: Any) -> None:
    letters.kept = [kept(subject="newest"), kept(subject="older")]
    page = (await browser.get("/dev")).text
    assert page.index("newest") < page.index("older")


async def test_an_empty_mailbox_looks_again_by_itself_and_a_full_one_holds_still(
    browser: httpx.AsyncClient, letters: Any
) -> None:
    assert 'http-equiv="refresh"' in (await browser.get("/dev")).text
    letters.kept = [kept()]
    assert 'http-equiv="refresh"' not in (await browser.get("/dev")).text


@pytest.mark.parametrize("field", ["recipient", "subject", "code", "text", "html", "project_id"])
async def test_a29_what_a_letter_says_is_escaped(browser: httpx.AsyncClient, letters: Any, field: str) -> None:
    letters.kept = [kept(**{field: "<script>alert(1)</script>"})]
    page = (await browser.get("/dev")).text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_a29_a_link_that_is_a_script_is_not_shown(browser: httpx.AsyncClient, letters: Any) -> None:
    letters.kept = [kept(link="javascript:alert(1)")]
    assert "javascript:" not in (await browser.get("/dev")).text


async def test_the_mailbox_speaks_french(browser: httpx.AsyncClient) -> None:
    assert "Boîte aux lettres" in (await browser.get("/dev", headers={"accept-language": "fr"})).text


async def test_the_letters_are_there_as_json(browser: httpx.AsyncClient, letters: Any) -> None:
    letters.kept = [kept()]
    reply = await browser.get("/dev/mail.json")
    (only,) = reply.json()["letters"]
    assert (only["recipient"], only["code"], only["link"]) == ("ann@example.org", "c0de", LINK)
    assert only["at"] == "2027-01-15T08:00:00.000Z"
    assert reply.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in reply.headers
