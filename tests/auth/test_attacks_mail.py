"""Mail is not a weapon: quotas by target and by source, and nothing that a client sends becomes a header (A26)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.sharing import count, deliver, rows
from ecrin.auth.limits.rules import MAIL_FROM_ADDRESS, MAIL_TO_TARGET
from ecrin.base.clock import HOUR
from ecrin.testing.mailbox import SmtpSink
from harness import Instance, message

ANN = "ann@example.org"
EMPTY = "QUOTA_EXCEEDED"


async def ask(instance: Instance, email: str, kind: str = "PASSWORD_RESET", address: str = "203.0.113.1") -> str:
    body = {"requestType": kind, "email": email}
    reply = await instance.call("sendOobCode", body, **{"x-forwarded-for": address})
    return "OK" if reply.status_code == 200 else message(reply)


async def kept(instance: Instance, table: str) -> list[dict[str, Any]]:
    return await rows(instance, table, "project_id = :p", p=instance.project.id)


# ---- quotas


async def test_a26_an_address_gets_10_letters_an_hour_whoever_asks_and_whatever_for(posting: Instance) -> None:
    await posting.sign_up(ANN)
    kinds = ["PASSWORD_RESET", "EMAIL_SIGNIN"]

    answers = [await ask(posting, ANN, kinds[n % 2], f"203.0.113.{n}") for n in range(12)]
    posting.clock.tick(HOUR)
    answers.append(await ask(posting, ANN))

    assert answers == ["OK"] * 10 + [EMPTY] * 2 + ["OK"]


async def test_a26_every_spelling_of_a_target_is_one(posting: Instance) -> None:
    await count(posting, MAIL_TO_TARGET, ANN, 10)

    assert {await ask(posting, email) for email in (ANN.upper(), f" {ANN} ", "\uff41nn@example.org")} == {EMPTY}


async def test_a26_an_unknown_target_has_the_same_quota(posting: Instance) -> None:
    await count(posting, MAIL_TO_TARGET, "nobody@example.org", 9)

    assert [await ask(posting, "nobody@example.org") for _ in range(2)] == ["OK", EMPTY]


async def test_a26_the_new_address_of_a_change_is_a_target(posting: Instance) -> None:
    user = await posting.sign_up()
    await count(posting, MAIL_TO_TARGET, ANN, 10)
    body = {"requestType": "VERIFY_AND_CHANGE_EMAIL", "idToken": user["idToken"], "newEmail": ANN}

    assert message(await posting.call("sendOobCode", body)) == EMPTY


async def test_a26_a_source_asks_for_100_letters_an_hour(posting: Instance) -> None:
    await count(posting, MAIL_FROM_ADDRESS, "203.0.113.1", 99)

    answers = [await ask(posting, f"{n}@example.org") for n in range(2)]
    answers.append(await ask(posting, "2@example.org", address="203.0.113.2"))
    answers.append(await ask(posting, "3@example.org", address="::ffff:203.0.113.1"))
    posting.clock.tick(HOUR)
    answers.append(await ask(posting, "4@example.org"))

    assert answers == ["OK", EMPTY, "OK", EMPTY, "OK"]


async def test_a26_what_is_over_the_quota_leaves_no_code_and_no_letter(posting: Instance) -> None:
    await count(posting, MAIL_TO_TARGET, ANN, 10)
    await ask(posting, ANN)

    assert await kept(posting, "oob_codes") == await kept(posting, "mail") == []


async def test_a26_an_empty_quota_of_one_user_does_not_keep_others_from_their_mail(posting: Instance) -> None:
    await count(posting, MAIL_TO_TARGET, ANN, 10)
    await ask(posting, ANN)

    assert await ask(posting, "bob@example.org") == "OK"


async def test_a26_a_sign_up_mails_nobody(posting: Instance, sink: SmtpSink) -> None:
    await posting.sign_up(ANN)
    await deliver(posting)

    assert sink.messages() == []


@pytest.mark.parametrize(("age", "state"), [(HOUR - 1, "sent"), (HOUR, "failed")])
async def test_a_letter_is_not_sent_once_its_code_has_expired(posting: Instance, age: int, state: str) -> None:
    await posting.sign_up(ANN)
    await ask(posting, ANN)
    posting.clock.tick(age)
    await deliver(posting)

    (letter,) = await kept(posting, "mail")
    assert (letter["state"], letter["payload"]) == (state, None)


# ---- injection


INJECTIONS = [
    "ann@example.org\r\nBcc: eve@example.org",
    "ann@example.org\nBcc: eve@example.org",
    "ann@example.org\rBcc: eve@example.org",
    "ann\r\n@example.org",
    "ann@example.org, eve@example.org",
    "ann@example.org;eve@example.org",
    "ann@example.org>\r\nRCPT TO:<eve@example.org",
    "<ann@example.org>",
    '"ann\\"@example.org"@example.net',
    "ann@example.org\u2028Bcc: eve@example.org",
    "=?utf-8?q?ann?= <ann@example.org>",
    "ann@exa\r\nmple.org",
]


@pytest.mark.parametrize("kind", ["PASSWORD_RESET", "EMAIL_SIGNIN"])
async def test_a26_an_address_that_is_more_than_one_is_refused(posting: Instance, kind: str) -> None:
    answers = {await ask(posting, email, kind) for email in INJECTIONS}

    assert answers == {"INVALID_EMAIL"}
    assert await kept(posting, "mail") == []


async def test_a26_no_account_gets_such_an_address(posting: Instance) -> None:
    signed_up = [await posting.call("signUp", {"email": e, "password": "correct horse"}) for e in INJECTIONS]
    created = [await posting.admin("", {"email": e}) for e in INJECTIONS]

    assert {message(r) for r in signed_up + created} == {"INVALID_EMAIL"}


async def test_a26_a_letter_has_the_headers_that_we_wrote(posting: Instance, sink: SmtpSink) -> None:
    body = {"email": ANN, "password": "correct horse", "displayName": "Ann\r\nBcc: eve@example.org\r\n\r\n<b>"}
    await posting.call("signUp", body)
    hostile = {"x-firebase-locale": "fr;q=1,<script>", "accept-language": "de\tBcc: eve@example.org"}
    await posting.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": ANN}, **hostile)
    await deliver(posting)

    (letter,) = sink.messages(expect=1)
    assert (letter["To"], letter["From"], letter["Bcc"], letter["Cc"]) == (ANN, "Notes <auth@example.org>", None, None)
    assert letter["X-Envelope-To"] == ANN
    assert "eve@" not in letter.as_string()
    assert "<script>" not in letter.as_string()


@pytest.mark.parametrize(
    "url", ["http://localhost/\r\nBcc: eve@example.org", "http://localhost/ x", "javascript:alert(1)", "//localhost"]
)
async def test_a26_a_place_to_go_that_is_no_plain_address_is_refused(posting: Instance, url: str) -> None:
    reply = await posting.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": ANN, "continueUrl": url})

    assert message(reply) == "INVALID_CONTINUE_URI"


async def test_a21_the_link_of_a_letter_is_built_from_the_settings_alone(posting: Instance, sink: SmtpSink) -> None:
    await posting.sign_up(ANN)
    forged = {
        "x-forwarded-host": "evil.org",
        "x-forwarded-proto": "gopher",
        "forwarded": "host=evil.org",
        "host": "evil.org",
    }
    await posting.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": ANN}, **forged)
    await deliver(posting)

    (link,) = sink.links(to=ANN, expect=1)
    assert link.startswith("http://127.0.0.1:9099/auth/action?")
    assert "evil" not in link


async def test_the_code_of_a_letter_works(posting: Instance, sink: SmtpSink) -> None:
    await posting.sign_up(ANN)
    await ask(posting, ANN)
    await deliver(posting)
    code = parse_qs(urlsplit(sink.links(to=ANN, expect=1)[0]).query)["oobCode"][0]
    await posting.call("resetPassword", {"oobCode": code, "newPassword": "another horse"})

    reply = await posting.call("signInWithPassword", {"email": ANN, "password": "another horse"})
    assert reply.status_code == 200


async def test_a24_only_the_known_address_gets_a_letter(posting: Instance, sink: SmtpSink) -> None:
    await posting.sign_up(ANN)
    for email in (ANN, "nobody@example.org"):
        await ask(posting, email)
    await deliver(posting)

    assert [m["X-Envelope-To"] for m in sink.messages(expect=1)] == [ANN]
