"""A running instance, from its folder to its sockets and back: what was begun is ended in the opposite order."""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecrin.assembly import App
from ecrin.base.secret import Secret
from ecrin.cli.opening import database_url, opened, provision
from ecrin.errors import ConfigurationError
from ecrin.governance.projects.model import Project
from ecrin.ops.instance import occupied, socket_address
from ecrin.settings import Settings
from ecrin.storage.sql.connect import held
from ecrin.web.listener import Listener, bind_local, bind_tcp

WORK_ENDS_WITHIN = 0.5  # seconds, after the last reply

Step = Callable[[App, Project], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Running:
    """An instance that answers: its address, its first project, and the operator's token if it is new."""

    url: str
    project: Project
    operator_token: Secret[str] | None
    work: asyncio.Future[None]
    loss: asyncio.Future[None]

    async def until_stopped(self) -> None:
        """Return when this task is cancelled, as the signals do; raise what ended the work or took the database."""
        try:
            ended, _ = await asyncio.wait([self.work, self.loss], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            return
        for future in ended:
            future.result()


@asynccontextmanager
async def running(settings: Settings, before: Step, after: Step) -> AsyncIterator[Running]:
    """Serve until the block is left; open requests get four seconds to finish.

    `before` is awaited when the instance is ready and answers nobody yet, `after` when it answers nobody any more.
    Raises `ConfigurationError` or a `StorageError` with what is in the way.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(occupied(settings.data))
        certificate = _certificate(settings)
        tcp = stack.enter_context(closing(bind_tcp(settings.host, settings.port)))
        local = stack.enter_context(_local(settings.socket))
        url = _url(settings, tcp.getsockname()[1])
        loss = await stack.enter_async_context(held(database_url(settings)))
        app = await stack.enter_async_context(opened(settings, settings.public_url or url, first_start=True))
        await app.updates.objects.start()
        project, token = await provision(app, settings)
        await before(app, project)
        async with _answering(app, Listener(app.web, tcp, local, certificate)) as work:
            yield Running(url, project, token, work, loss)
        await after(app, project)


def cancelled_by_signals(task: asyncio.Task[None] | None) -> None:
    """Have the first SIGINT or SIGTERM cancel a task; those that follow change nothing, for its end is bounded."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: None)
        if task is not None:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


@asynccontextmanager
async def _answering(app: App, listener: Listener) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    work = asyncio.create_task(app.run(stop))
    try:
        await listener.start()
        try:
            yield work
        finally:
            stop.set()
            await listener.stop()
    finally:
        stop.set()
        await _ended(work)


async def _ended(work: asyncio.Task[None]) -> None:
    """Wait for the work in the background, and cancel it if it takes too long: it is taken up at the next start."""
    _, late = await asyncio.wait([work], timeout=WORK_ENDS_WITHIN)
    for task in late:
        task.cancel()
    await asyncio.wait([work])


@contextmanager
def _local(path: Path) -> Iterator[socket.socket]:
    """Give the bound local socket; call it with the data folder held, for a socket that is there is taken as stale."""
    with socket_address(path) as address:
        listener = bind_local(address)
    try:
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


def _certificate(settings: Settings) -> tuple[Path, Path] | None:
    """Return the files of certificate and key; raises `ConfigurationError` that names the one that is wrong."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    for path in (settings.tls_cert, settings.tls_key):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"The TLS file {path} cannot be read: {error.strerror}.") from None
    try:
        # The empty password keeps OpenSSL from asking for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (ssl.SSLError, ValueError):
        raise ConfigurationError(
            f"{settings.tls_cert} and {settings.tls_key} are not a certificate and its key.",
            hint="Both are PEM files, the certificate with its chain, the key without a password.",
        ) from None
    return settings.tls_cert, settings.tls_key


def _url(settings: Settings, port: int) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{port}"
