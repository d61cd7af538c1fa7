"""A mail server for tests: real SMTP (RFC 5321) on a free loopback port, by aiosmtpd; it keeps what it is given.

    with SmtpSink() as sink:
        ...                                   start a server with ECRIN_SMTP_URL=sink.url, ask for a reset
        link = sink.links(to="ann@example.org", expect=1)[-1]

It runs in a thread of its own, so that blocking tests and asynchronous ones can use it alike.
"""

import asyncio
import re
import ssl
import threading
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any
from urllib.parse import quote

from ecrin.errors import MissingExtra

WAIT_SECONDS = 10.0
_LINK = re.compile(r"https?://\S+")


class SmtpSink:
    """Keeps every message it accepts, in the order they came.

    `login` is the user and the password it wants; `answers` are the replies to a recipient (such as
    `{"gone@example.org": "550 5.1.1 no such user"}`), looked up at each attempt; `starttls` and `tls` are server
    contexts for STARTTLS (demanded then) and for TLS from the first byte. Raises `MissingExtra` where aiosmtpd is not
    installed.
    """

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        answers: Mapping[str, str] | None = None,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.port = 0
        self._login = login
        self._starttls, self._tls = starttls, tls
        self._kept: list[EmailMessage] = []
        self._connections: list[Any] = []
        self._news = threading.Condition()
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._server: asyncio.Server

    def __enter__(self) -> "SmtpSink":
        smtp = _aiosmtpd()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(smtp), self._loop).result(WAIT_SECONDS)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(WAIT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Return what ECRIN_SMTP_URL should be."""
        scheme = "smtps" if self._tls else "smtp+starttls" if self._starttls else "smtp"
        user = "".join((":".join(quote(part, safe="") for part in self._login), "@")) if self._login else ""
        return f"{scheme}://{user}127.0.0.1:{self.port}"

    def messages(self, to: str | None = None, *, expect: int = 0) -> list[EmailMessage]:
        """Return the messages so far, all or those to one address, the newest last.

        With `expect`, wait until there are that many; raises `TimeoutError` after 10 s.
        """
        with self._news:
            if not self._news.wait_for(lambda: len(self._to(to)) >= expect, WAIT_SECONDS):
                raise TimeoutError(f"{len(self._to(to))} of {expect} messages came.")
            return self._to(to)

    def links(self, to: str | None = None, *, expect: int = 0) -> list[str]:
        """Return the first link of each of those messages, from its text part."""
        bodies = (message.get_body(("plain",)) for message in self.messages(to, expect=expect))
        found = (_LINK.search(body.get_content()) for body in bodies if body is not None)
        return [link[0] for link in found if link]

    def clear(self) -> None:
        """Forget the messages so far."""
        with self._news:
            self._kept.clear()

    async def handle_RCPT(self, _server: Any, session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802
        """Answer a recipient (called by aiosmtpd)."""
        if self._login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a message (called by aiosmtpd)."""
        message = message_from_bytes(envelope.original_content, EmailMessage, policy=SMTP_POLICY)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        with self._news:
            self._kept.append(message)
            self._news.notify_all()
        return "250 OK"

    def _to(self, address: str | None) -> list[EmailMessage]:
        return [m for m in self._kept if address is None or address in str(m["X-Envelope-To"]).split(", ")]

    async def _listen(self, smtp: ModuleType) -> asyncio.Server:
        def connected() -> asyncio.BaseProtocol:
            connection: asyncio.BaseProtocol = smtp.SMTP(
                self,
                hostname="sink.invalid",
                enable_SMTPUTF8=True,
                tls_context=self._starttls,
                require_starttls=self._starttls is not None,
                auth_require_tls=self._starttls is not None,
                authenticator=check,
                loop=self._loop,
            )
            self._connections.append(connection)
            return connection

        def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
            sent = isinstance(given, smtp.LoginPassword) and (given.login.decode(), given.password.decode())
            return smtp.AuthResult(success=sent == self._login, handled=False)

        return await self._loop.create_server(connected, "127.0.0.1", 0, ssl=self._tls)

    async def _end(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for connection in self._connections:
            if connection.transport is not None and not connection.transport.is_closing():
                connection.transport.abort()
        await asyncio.sleep(0)  # so that the sockets are closed before the loop is


def _aiosmtpd() -> ModuleType:
    try:
        return import_module("aiosmtpd.smtp")
    except ImportError:
        raise MissingExtra("SmtpSink needs aiosmtpd.", hint="Install it with: pip install aiosmtpd") from None
