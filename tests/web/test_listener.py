"""Real sockets: the local one, TLS, heads without end, and a stop that lets open requests finish."""

import asyncio
import datetime
import ipaddress
import os
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ecrin.errors import ConfigurationError
from ecrin.web.listener import Listener, bind_local, bind_tcp
from ecrin.web.protocol import MAX_HEAD, MAX_WAITING, SMALL, JoinedWrites
from harness import V1, Instance

HANGS = 60  # seconds after which a wait is given up; it says nothing about how long anything takes
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


@dataclass
class Open:
    """A listener that answers: its port, its local socket, and the listener itself."""

    port: int
    path: Path
    listener: Listener

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


class _Pieces(asyncio.Transport):
    """A transport that keeps what is written, and None for the close."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[object] = []

    def write(self, data: object) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append(None)


class _Gone(asyncio.Transport):
    """A transport whose connection is gone, as uvloop has it."""

    def write(self, data: object) -> None:
        raise RuntimeError("the handler is closed")


Opened = Callable[..., AbstractAsyncContextManager[Open]]


@pytest.fixture
def listening(strict: Instance, tmp_path: Path) -> Opened:
    @asynccontextmanager
    async def opener(tls: tuple[Path, Path] | None = None, *, stop: bool = True) -> AsyncIterator[Open]:
        tcp, path = bind_tcp("127.0.0.1", 0), tmp_path / "ecrin.sock"
        port = tcp.getsockname()[1]
        listener = Listener(strict.app.web, tcp, bind_local(path), tls)
        await listener.start()
        try:
            yield Open(port, path, listener)
        finally:
            if stop:
                await listener.stop()

    return opener


async def _ask(opened: Open, request: bytes) -> bytes:
    """Send a request and return all that comes back; the request must end the connection, or be refused."""
    reader, writer = await opened.connect()
    writer.write(request)
    reply = await reader.read()
    writer.close()
    return reply


def _get(path: str, head: bytes = b"") -> bytes:
    return b"GET " + path.encode() + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + head + b"\r\n"


async def test_the_local_socket_is_its_owners_alone_and_needs_no_credential(listening: Opened) -> None:
    async with listening() as opened:
        transport = httpx.AsyncHTTPTransport(uds=str(opened.path))
        async with httpx.AsyncClient(transport=transport, base_url="http://ecrin") as local:
            by_socket = await local.get("/api/v1/projects")
        by_tcp = await _ask(opened, _get("/api/v1/projects"))
        mode = stat.S_IMODE(opened.path.stat().st_mode)

    assert (mode, by_socket.status_code) == (0o600, 200)
    assert by_tcp.startswith(b"HTTP/1.1 401 ")


def test_a_local_socket_is_made_0600_whatever_the_umask_and_takes_the_place_of_a_dead_one(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        for _ in range(2):
            with bind_local(tmp_path / "s") as listener:
                assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
                assert listener.family is socket.AF_UNIX
        assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="local socket"):
        bind_local(tmp_path / ("x" * 120))


def test_an_address_in_use_is_named() -> None:
    with bind_tcp("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Cannot listen on 127.0.0.1:{port}"):
            bind_tcp("127.0.0.1", port)


async def test_the_head_and_the_body_of_a_reply_leave_in_one_piece() -> None:
    transport, loop = _Pieces(), asyncio.get_running_loop()
    joined = JoinedWrites(transport, loop)
    joined.write(b"head ")
    joined.write(b"body")
    await asyncio.sleep(0)
    assert transport.pieces == [b"head body"]


async def test_a_large_piece_is_not_copied_and_comes_after_what_was_before_it() -> None:
    transport, large = _Pieces(), bytes(SMALL + 1)
    joined = JoinedWrites(transport, asyncio.get_running_loop())
    joined.write(b"head")
    joined.write(large)
    assert transport.pieces == [b"head", large]
    assert transport.pieces[1] is large


async def test_what_waits_is_written_before_a_close() -> None:
    transport = _Pieces()
    joined = JoinedWrites(transport, asyncio.get_running_loop())
    joined.write(b"goodbye")
    joined.close()
    await asyncio.sleep(0)
    assert transport.pieces == [b"goodbye", None]


async def test_what_waits_for_a_client_that_is_gone_is_dropped_and_troubles_nobody() -> None:
    loop, troubles = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: troubles.append(context))
    JoinedWrites(_Gone(), loop).write(b"reply")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert troubles == []


async def test_a_client_that_says_no_more_after_its_request_gets_its_reply(listening: Opened) -> None:
    async with listening() as opened:
        reader, writer = await opened.connect()
        writer.write(HEALTH)
        writer.write_eof()
        reply = await reader.read()
        writer.close()

    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.endswith(b'{"status":"ok"}')


async def test_a_request_that_is_open_when_the_stop_begins_is_answered(listening: Opened, strict: Instance) -> None:
    async with listening(stop=False) as opened:
        reader, writer = await opened.connect()
        path = f"{V1}/accounts:signUp?key={strict.project.api_keys[0]}"
        writer.write(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{".encode())
        await _taken(opened)

        stopping = asyncio.create_task(opened.listener.stop())
        await _refuses(opened)
        writer.write(b"}")
        reply = await reader.read()
        await stopping
        writer.close()

    assert reply.startswith(b"HTTP/1.1 200 ")
    assert b"idToken" in reply


async def test_a_request_that_never_ends_is_cancelled_and_the_stop_is_over(
    listening: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecrin.web.listener.GRACE_SECONDS", 1)
    async with listening(stop=False) as opened:
        reader, writer = await opened.connect()
        writer.write(b"POST /oauth2.googleapis.com/token HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx")
        await _taken(opened)

        async with asyncio.timeout(HANGS):
            await opened.listener.stop()
        left = [task for server, _ in opened.listener._servers for task in server.server_state.tasks]
        reply = await reader.read()
        writer.close()

    assert left == []
    assert b"HTTP/1.1 200" not in reply


async def test_a_connection_that_rests_does_not_hold_up_the_stop(
    listening: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecrin.web.listener.GRACE_SECONDS", 10 * HANGS)
    async with listening(stop=False) as opened:
        reader, writer = await opened.connect()
        writer.write(HEALTH)
        await reader.readuntil(b'{"status":"ok"}')
        half, half_writer = await opened.connect()
        half_writer.write(b"GET /healthz HTTP/1.1\r\nho")
        await _connected(opened, 2)

        async with asyncio.timeout(HANGS):
            await opened.listener.stop()

        assert (await reader.read(), await half.read()) == (b"", b"")
        writer.close()
        half_writer.close()


async def _taken(opened: Open) -> None:
    """Wait until the server has a request in hand."""
    async with asyncio.timeout(HANGS):
        while not any(server.server_state.tasks for server, _ in opened.listener._servers):
            await asyncio.sleep(0.01)


async def _connected(opened: Open, count: int) -> None:
    async with asyncio.timeout(HANGS):
        while sum(len(server.server_state.connections) for server, _ in opened.listener._servers) < count:
            await asyncio.sleep(0.01)


async def _refuses(opened: Open) -> None:
    """Wait until no new connection is taken."""
    async with asyncio.timeout(HANGS):
        while True:
            try:
                _, writer = await opened.connect()
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(built.public_bytes(pem))
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


async def test_tls_is_spoken_with_the_certificate_that_is_named(
    listening: Opened, certificate: tuple[Path, Path]
) -> None:
    trust = ssl.create_default_context(cafile=certificate[0])
    async with listening(certificate) as opened:
        async with httpx.AsyncClient(verify=trust, base_url=f"https://127.0.0.1:{opened.port}") as client:
            reply = await client.get("/healthz")
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as stranger:
                await stranger.get(f"https://127.0.0.1:{opened.port}/healthz")

    assert reply.json() == {"status": "ok"}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "spoken"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
async def test_tls_is_spoken_from_1_2_on_and_with_authenticated_ciphers(
    listening: Opened, certificate: tuple[Path, Path], version: ssl.TLSVersion, spoken: bool
) -> None:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(certificate[0])
    trust.set_ciphers("ALL:@SECLEVEL=0")
    trust.minimum_version = trust.maximum_version = version
    async with listening(certificate) as opened:
        if not spoken:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection("127.0.0.1", opened.port, ssl=trust)
            return
        _, writer = await asyncio.open_connection("127.0.0.1", opened.port, ssl=trust)
        cipher = writer.get_extra_info("cipher")[0]
        writer.close()

    assert "GCM" in cipher or "CHACHA20" in cipher


async def test_plain_http_is_not_answered_where_tls_is_spoken(
    listening: Opened, certificate: tuple[Path, Path]
) -> None:
    async with listening(certificate) as opened:
        assert b"HTTP/1.1 200" not in await _ask(opened, HEALTH)


@pytest.mark.parametrize("broken", ["missing", "not a certificate", "another key"])
async def test_a_certificate_that_cannot_be_used_is_named_at_the_start(
    certificate: tuple[Path, Path], strict: Instance, tmp_path: Path, broken: str
) -> None:
    cert, key = certificate
    if broken == "missing":
        cert = tmp_path / "nothing.pem"
    elif broken == "not a certificate":
        cert = tmp_path / "text.pem"
        cert.write_text("hello")
    else:
        key = tmp_path / "other.pem"
        other = ec.generate_private_key(ec.SECP256R1())
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key.write_bytes(other.private_bytes(encoding, form, serialization.NoEncryption()))

    refused = pytest.raises(ConfigurationError, match="ECRIN_TLS_CERT and ECRIN_TLS_KEY")
    with bind_tcp("127.0.0.1", 0) as tcp, bind_local(tmp_path / "s") as local, refused:
        Listener(strict.app.web, tcp, local, (cert, key))


async def test_a_head_within_the_limit_is_read(listening: Opened) -> None:
    async with listening() as opened:
        reply = await _ask(opened, _get("/healthz", b"x-a: " + b"a" * (MAX_HEAD - 100) + b"\r\n"))

    assert reply.startswith(b"HTTP/1.1 200 ")


HEADS = {
    "one header": b"x-a: " + b"a" * MAX_HEAD + b"\r\n",
    "many headers": b"".join(b"x-%d: a\r\n" % i for i in range(5000)),
    "a token": b"authorization: Bearer " + b"a" * MAX_HEAD + b"\r\n",
}


async def test_a07_a_head_that_is_too_long_is_refused_when_it_comes_at_once(listening: Opened) -> None:
    async with listening() as opened:
        for case, head in HEADS.items():
            assert (await _ask(opened, _get("/healthz", head))).startswith(b"HTTP/1.1 400 "), case


async def test_a07_a_path_that_is_too_long_is_refused(listening: Opened) -> None:
    async with listening() as opened:
        reply = await _ask(opened, _get("/healthz?" + "a" * MAX_HEAD))

    assert reply.startswith(b"HTTP/1.1 400 ")


async def test_a07_a_head_that_comes_in_pieces_is_refused_before_it_ends(listening: Opened) -> None:
    async with listening() as opened:
        reader, writer = await opened.connect()
        writer.write(HEALTH)  # the count begins anew with each request of a connection
        await reader.readuntil(b'{"status":"ok"}')
        writer.write(b"GET /healthz HTTP/1.1\r\nx-a: ")
        sent = 0
        while not reader.at_eof() and sent < 10_000_000:
            sent += 4096
            writer.write(b"a" * 4096)
            try:
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
        writer.close()

    assert sent < 10_000_000


async def test_a07_a_head_that_ends_within_its_second_piece_is_refused(listening: Opened) -> None:
    half = b"a" * (MAX_HEAD * 2 // 3)
    async with listening() as opened:
        reader, writer = await opened.connect()
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: " + half)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"\r\nx-b: " + half + b"\r\n\r\n")
        reply = await reader.readuntil(b"\r\n")
        writer.close()

    assert reply.startswith(b"HTTP/1.1 400 ")


CHUNKED = b"POST /oauth2.googleapis.com/token HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
ENDLESS = {
    "trailers": (CHUNKED + b"3\r\na=b\r\n0\r\n", b"x: y\r\n" * 800),
    "a trailer": (CHUNKED + b"3\r\na=b\r\n0\r\nx: ", b"y" * 4096),
    "a chunk's extension": (CHUNKED + b"3;x=", b"y" * 4096),
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_a07_what_stands_around_a_body_and_does_not_end_is_refused(listening: Opened, case: str) -> None:
    start, piece = ENDLESS[case]
    async with listening() as opened:
        reader, writer = await opened.connect()
        writer.write(start)
        sent = 0
        while not reader.at_eof() and sent < 3_000_000:
            sent += len(piece)
            writer.write(piece)
            try:
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
        writer.close()

    assert sent < 3_000_000


async def test_requests_that_come_at_once_are_answered_in_turn(listening: Opened) -> None:
    async with listening() as opened:
        reply = await _ask(opened, HEALTH * MAX_WAITING + _get("/readyz"))

    assert reply.count(b"HTTP/1.1 200 ") == MAX_WAITING + 1


async def test_a07_requests_without_end_that_wait_for_their_turn_are_refused(listening: Opened) -> None:
    async with listening() as opened:
        _, writer = await opened.connect()
        await _connected(opened, 1)
        connections = opened.listener._servers[1][0].server_state.connections
        (protocol,) = connections
        writer.write(HEALTH * 6000 + _get("/healthz"))
        most = 0
        async with asyncio.timeout(HANGS):
            while protocol in connections:
                most = max(most, len(protocol.pipeline))
                await asyncio.sleep(0)
        writer.close()

    assert 0 < most <= MAX_WAITING + 1


async def test_a_body_that_comes_in_many_small_chunks_is_read(listening: Opened) -> None:
    async with listening() as opened:
        reader, writer = await opened.connect()
        writer.write(CHUNKED)
        for _ in range(20):
            writer.write(b"1;x=y\r\na\r\n" * 1000)
            await writer.drain()
        writer.write(b"0\r\nx-end: y\r\n\r\n" + _get("/healthz"))
        reply = await reader.read()
        writer.close()

    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b"The grant_type is missing." in reply
    assert b"HTTP/1.1 200 " in reply


async def test_a_head_that_begins_behind_a_large_body_is_no_long_head(listening: Opened) -> None:
    body = b"x" * 60_000
    async with listening() as opened:
        reader, writer = await opened.connect()
        head = b"POST /oauth2.googleapis.com/token HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n"
        writer.write(head + body + b"GET /healthz HTTP/1.1\r\nho")
        await reader.readuntil(b"The grant_type is missing.")
        writer.write(b"st: x\r\nconnection: close\r\n\r\n")
        reply = await reader.read()
        writer.close()

    assert b"HTTP/1.1 200 " in reply


async def test_a_body_that_is_too_large_is_refused_and_the_next_request_is_served(listening: Opened) -> None:
    body = b"x" * 70_000
    async with listening() as opened:
        reader, writer = await opened.connect()
        writer.write(b"POST /oauth2.googleapis.com/token HTTP/1.1\r\nhost: x\r\ncontent-length: 70000\r\n\r\n" + body)
        writer.write(_get("/healthz"))
        reply = await reader.read()
        writer.close()

    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b"HTTP/1.1 200 " in reply


AMBIGUOUS = {
    "a path that is no ASCII": b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    "a length and chunks": b"GET / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    "a space before the colon": b"GET / HTTP/1.1\r\nhost: x\r\nx : y\r\n\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\nhost: x\r\nx: a\rb\r\n\r\n",
    "nonsense": b"nonsense\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
}


async def test_a_request_that_two_parsers_could_read_in_two_ways_is_refused(listening: Opened) -> None:
    async with listening() as opened:
        for case, request in AMBIGUOUS.items():
            assert (await _ask(opened, request)).startswith(b"HTTP/1.1 400 "), case


PATHS = {
    "/healthz": b"200",
    "/%68ealthz": b"200",
    "http://evil.example/healthz": b"200",
    "/healthz/": b"404",
    "//healthz": b"404",
    "/./healthz": b"404",
    "/x/%2e%2e/healthz": b"404",
    "/HEALTHZ": b"404",
    "/healthz;a=b": b"404",
    "/healthz%00": b"404",
}


async def test_a33_a_path_on_the_wire_matches_byte_for_byte(listening: Opened) -> None:
    async with listening() as opened:
        for path, status in PATHS.items():
            reply = await _ask(opened, _get(path))
            assert reply.split(b" ", 2)[1] == status, path


async def test_a_reply_names_no_software(listening: Opened) -> None:
    async with listening() as opened:
        reply = await _ask(opened, _get("/healthz"))

    assert b"\r\nserver:" not in reply.lower()
    assert b"uvicorn" not in reply.lower()
