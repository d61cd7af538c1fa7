import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from traceback import format_exception

import pytest

from ecrin.base.secret import Secret
from ecrin.errors import ConfigurationError, EcrinError
from ecrin.ops.mail import smtp
from ecrin.ops.mail.compose import compose
from ecrin.ops.mail.errors import MailRejected, MailUndelivered
from ecrin.ops.mail.model import Letter
from ecrin.ops.mail.smtp import Relay, SmtpTransport
from ecrin.testing.mailbox import SmtpSink

PASSWORD = "p:@/ssw0rd é"


@pytest.fixture
def message(letter: Callable[..., Letter]) -> EmailMessage:
    return compose(letter(), sender="no-reply@example.net", message_id="row1", at=1_800_000_000_000)


def transport(url: str, **options: object) -> SmtpTransport:
    return SmtpTransport(Secret(url), "no-reply@example.net", **options)  # type: ignore[arg-type]


@asynccontextmanager
async def relay_that(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]],
) -> AsyncIterator[str]:
    over = asyncio.Event()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer)
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.wait_for(over.wait(), 10)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("smtp://mail.example.org", "mail.example.org", 25),
        ("smtp://mail.example.org:2525/", "mail.example.org", 2525),
        ("smtp+starttls://u:p@mail.example.org", "mail.example.org", 587),
        ("smtps://u:p@mail.example.org", "mail.example.org", 465),
        ("smtp://u:p@127.0.0.1:25", "127.0.0.1", 25),
        ("smtp://u:p@[::1]:25", "::1", 25),
    ],
)
def test_a_url_names_a_relay(url: str, host: str, port: int) -> None:
    relay = Relay.parse(Secret(url))
    assert (relay.host, relay.port) == (host, port)


def test_user_and_password_are_percent_decoded() -> None:
    relay = Relay.parse(Secret("smtps://ann%40example.org:p%3A%40%2F@mail.example.org"))
    assert (relay.username, relay.password) == ("ann@example.org", "p:@/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:99999",
        "smtp://mail.example.org/path",
        "smtps://mail.example.org?verify=no",
        "smtps://onlyuser@mail.example.org",
        "smtp://u:hunter2@mail.example.org:587",
    ],
)
def test_a_url_that_is_wrong_or_would_show_the_password_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Relay.parse(Secret(url))
    assert "hunter2" not in "".join(format_exception(refused.value))


def test_the_repr_of_a_relay_hides_the_password() -> None:
    assert "hunter2" not in repr(Relay.parse(Secret("smtps://u:hunter2@mail.example.org")))


async def test_a_message_arrives_as_it_was_composed(sink: SmtpSink, message: EmailMessage) -> None:
    await transport(sink.url).send(message)
    (arrived,) = sink.messages(to="ann@example.org")
    assert arrived["Subject"] == "Réinitialisez votre mot de passe pour Carnet"
    assert sink.links() == [
        "https://auth.example.org/auth/action?mode=resetPassword&oobCode=s3cret-c0de&apiKey=k&lang=fr"
    ]


async def test_an_address_with_accents_arrives_where_the_relay_can_carry_it(
    sink: SmtpSink, letter: Callable[..., Letter]
) -> None:
    made = compose(letter(recipient="jürgen@exämple.org"), sender="a@b.org", message_id="1", at=0)
    await transport(sink.url).send(made)
    assert len(sink.messages(to="jürgen@xn--exmple-cua.org")) == 1


async def test_the_password_is_sent_over_starttls(authority, message: EmailMessage) -> None:  # type: ignore[no-untyped-def]
    with SmtpSink(login=("ann", PASSWORD), starttls=authority.server("127.0.0.1")) as sink:
        await transport(sink.url, tls=authority.client()).send(message)
        assert len(sink.messages()) == 1


async def test_the_password_is_sent_over_tls(authority, message: EmailMessage) -> None:  # type: ignore[no-untyped-def]
    with SmtpSink(login=("ann", PASSWORD), tls=authority.server("127.0.0.1")) as sink:
        await transport(sink.url, tls=authority.client()).send(message)
        assert len(sink.messages()) == 1


async def test_the_systems_store_is_used_where_no_other_is_given(  # type: ignore[no-untyped-def]
    authority, message: EmailMessage, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with SmtpSink(tls=authority.server("127.0.0.1")) as sink:
        await transport(sink.url).send(message)
        assert len(sink.messages()) == 1


@pytest.mark.parametrize("kind", ["starttls", "tls"])
async def test_a_certificate_of_an_unknown_authority_is_refused(authority, message: EmailMessage, kind: str) -> None:  # type: ignore[no-untyped-def]
    with SmtpSink(**{kind: authority.server("127.0.0.1")}) as sink:
        with pytest.raises(MailUndelivered, match="certificate"):
            await transport(sink.url).send(message)
        assert sink.messages() == []


@pytest.mark.parametrize("kind", ["starttls", "tls"])
async def test_a_certificate_of_another_host_is_refused(authority, message: EmailMessage, kind: str) -> None:  # type: ignore[no-untyped-def]
    with SmtpSink(**{kind: authority.server("mail.example.com")}) as sink:
        with pytest.raises(MailUndelivered, match="certificate"):
            await transport(sink.url, tls=authority.client()).send(message)
        assert sink.messages() == []


async def test_a_relay_that_does_not_offer_starttls_gets_nothing(sink: SmtpSink, message: EmailMessage) -> None:
    with pytest.raises(MailUndelivered):
        await transport(sink.url.replace("smtp://", "smtp+starttls://")).send(message)
    assert sink.messages() == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("450 4.2.0 greylisted, ann@example.org comes back later", MailUndelivered),
        ("421 4.3.2 shutting down", MailUndelivered),
        ("550 5.1.1 no such user", MailRejected),
        ("553 5.7.1 relaying denied", MailRejected),
    ],
)
async def test_the_answer_to_the_recipient_decides_between_later_and_never(
    sink: SmtpSink, message: EmailMessage, answer: str, error: type[EcrinError]
) -> None:
    sink.answers["ann@example.org"] = answer
    with pytest.raises(error) as refused:
        await transport(sink.url).send(message)
    assert answer[:9] in str(refused.value)
    assert "ann@example.org" not in str(refused.value)


async def test_a_wrong_password_is_tried_again_later_and_not_shown(message: EmailMessage) -> None:
    with SmtpSink(login=("ann", "another")) as sink:
        url = sink.url.replace("another", "hunter2")
        with pytest.raises(MailUndelivered) as refused:
            await transport(url).send(message)
        shown = "".join(format_exception(refused.value))
        assert "535" in shown
        assert "hunter2" not in shown


async def test_a_refused_connection_is_tried_again_later(message: EmailMessage) -> None:
    with SmtpSink() as sink:
        gone = sink.url
    with pytest.raises(MailUndelivered):
        await transport(gone).send(message)


async def test_a_relay_that_hangs_up_is_tried_again_later(message: EmailMessage) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")

    async with relay_that(hang_up) as url:
        with pytest.raises(MailUndelivered):
            await transport(url).send(message)


async def test_a_relay_that_speaks_something_else_is_tried_again_later(message: EmailMessage) -> None:
    async def http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with relay_that(http) as url:
        with pytest.raises(MailUndelivered):
            await transport(url).send(message)


async def test_a_silent_relay_is_given_up_after_a_while(message: EmailMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.05)

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with relay_that(silent) as url:
        with pytest.raises(MailUndelivered):
            await transport(url).send(message)
