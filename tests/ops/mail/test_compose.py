from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.messages import LOCALES
from ecrin.errors import ConfigurationError, InvalidRequest
from ecrin.ops.mail.compose import compose, parse_sender, render
from ecrin.ops.mail.model import Letter, Template

MakeLetter = Callable[..., Letter]
AT = 1_800_000_000_000
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Language",
    "Content-Type",
    "MIME-Version",
}


def message(letter: Letter, sender: str = "no-reply@example.net") -> EmailMessage:
    written = compose(letter, sender=sender, message_id="row1", at=AT).as_bytes()
    return message_from_bytes(written, EmailMessage, policy=SMTP)


def part(letter: Letter, kind: str) -> str:
    body = message(letter).get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template", get_args(Template))
def test_every_letter_has_text_and_html_with_the_link(letter: MakeLetter, template: str, locale: str) -> None:
    made = letter(template=template, locale=locale, values={"new_email": "new@example.org"})
    assert made.values["link"] in part(made, "plain")
    assert made.values["link"].replace("&", "&amp;") in part(made, "html")


def test_headers_say_who_when_and_that_a_machine_wrote_it(letter: MakeLetter) -> None:
    made = message(letter())
    assert made["From"] == "Carnet <no-reply@example.net>"
    assert made["To"] == "ann@example.org"
    assert made["Subject"] == "Réinitialisez votre mot de passe pour Carnet"
    assert made["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert made["Message-ID"] == "<row1@example.net>"
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["Content-Language"] == "fr"


def test_the_senders_own_name_is_kept(letter: MakeLetter) -> None:
    assert message(letter(), "Écrin <post@example.net>")["From"] == "Écrin <post@example.net>"


@given(st.text())
def test_a26_no_project_name_adds_a_header_or_a_recipient(name: str) -> None:
    from_name = f"{name}\r\nBcc: victim@example.org\r\n\r\nbody"
    values = {"link": "https://x.example/", "email": "ann@example.org", "project_name": from_name}
    made = message(Letter("p", "ann@example.org", "verify_email", "en", values))
    assert set(made.keys()) == HEADERS
    assert [a.addr_spec for a in made["To"].addresses] == ["ann@example.org"]
    assert [a.addr_spec for a in made["From"].addresses] == ["no-reply@example.net"]
    assert made["Bcc"] is None


def test_a29_values_are_escaped_in_html(letter: MakeLetter) -> None:
    made = letter(values={"project_name": "<script>alert(1)</script>", "link": "https://x.example/?a='\"><img>"})
    html = part(made, "html")
    assert "<script>" not in html
    assert "<img>" not in html
    assert "&lt;script&gt;" in html


def test_a_domain_goes_out_in_its_ascii_form(letter: MakeLetter) -> None:
    assert (
        compose(letter(recipient="ann@Exämple.org"), sender="a@b", message_id="1", at=AT)["To"]
        == "ann@xn--exmple-cua.org"
    )


def test_a_domain_without_an_ascii_form_is_refused(letter: MakeLetter) -> None:
    with pytest.raises(InvalidRequest):
        compose(letter(recipient="ann@☃️-.org"), sender="a@b", message_id="1", at=AT)


@pytest.mark.parametrize("sender", ["", "nobody", "a@b, c@d", "x@é.org", "A <a@b>\r\nBcc: c@d", "A <a@b", "a@b>", "<>"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_sender(sender)


def test_a_rendered_letter_shows_no_code_in_its_repr(letter: MakeLetter) -> None:
    assert "s3cret-c0de" not in repr(render(letter()))
