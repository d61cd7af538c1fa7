import smtplib
import sys

import pytest

from ecrin.errors import MissingExtra
from ecrin.testing.mailbox import SmtpSink

TEXT = "Subject: hello\r\n\r\nSee https://example.org/a?b=c&d=e for more.\r\n"


def send(sink: SmtpSink, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, local_hostname="test.invalid") as client:
        client.sendmail("me@example.org", recipients, TEXT)


def test_messages_are_found_by_their_recipient() -> None:
    with SmtpSink() as sink:
        send(sink, "ann@example.org")
        send(sink, "bob@example.org", "cid@example.org")
        assert [len(sink.messages(to=f"{who}@example.org")) for who in ("ann", "bob", "cid", "dan")] == [1, 1, 1, 0]
        assert len(sink.messages()) == 2


def test_links_are_read_from_the_text() -> None:
    with SmtpSink() as sink:
        send(sink, "ann@example.org")
        assert sink.links(to="ann@example.org", expect=1) == ["https://example.org/a?b=c&d=e"]


def test_messages_can_be_forgotten() -> None:
    with SmtpSink() as sink:
        send(sink, "ann@example.org")
        sink.clear()
        assert sink.messages() == []


def test_a_message_that_does_not_come_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecrin.testing.mailbox.WAIT_SECONDS", 0.01)
    sink = SmtpSink()
    with pytest.raises(TimeoutError, match="0 of 1"):
        sink.messages(expect=1)


def test_an_answer_to_a_recipient_can_be_set() -> None:
    with SmtpSink(answers={"gone@example.org": "550 5.1.1 no such user"}) as sink:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(sink, "gone@example.org")
        assert sink.messages() == []


def test_without_its_login_nothing_is_kept() -> None:
    with SmtpSink(login=("ann", "secret")) as sink:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(sink, "ann@example.org")
        assert sink.messages() == []


def test_a_missing_aiosmtpd_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    with pytest.raises(MissingExtra, match="aiosmtpd") as missing, SmtpSink():
        pass
    assert "pip install aiosmtpd" in missing.value.advice
