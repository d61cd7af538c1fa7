"""A real database with the outbox's table, a real relay, certificates made on the spot, and a clock to turn by hand."""

import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ecrin.base.clock import Instant
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.ops.mail.model import Letter
from ecrin.ops.mail.outbox import Outbox
from ecrin.ops.mail.smtp import SmtpTransport
from ecrin.ops.mail.worker import MailWorker
from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Database, Migration
from ecrin.testing.mailbox import SmtpSink

TABLE = (
    "CREATE TABLE mail (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, state TEXT NOT NULL, payload BYTEA,"
    " attempts BIGINT NOT NULL, due_at BIGINT NOT NULL, created_at BIGINT NOT NULL,"
    " good_until BIGINT NOT NULL);"
    " CREATE INDEX mail_state ON mail (state, due_at);"
)
START: Instant = 1_800_000_000_000
LINK = "https://auth.example.org/auth/action?mode=resetPassword&oobCode=s3cret-c0de&apiKey=k&lang=fr"


@dataclass
class TurnedClock:
    at: Instant = START

    def now(self) -> Instant:
        return self.at


def make_letter(**changes: Any) -> Letter:
    values = {"link": LINK, "email": "ann@example.org", "project_name": "Carnet"} | changes.pop("values", {})
    parts: dict[str, Any] = {
        "project_id": "notes",
        "recipient": "ann@example.org",
        "template": "reset_password",
        "locale": "fr",
        "values": values,
    }
    return Letter(**(parts | changes))


@pytest.fixture
def letter() -> Callable[..., Letter]:
    return make_letter


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def envelope() -> Envelope:
    return Envelope({"k1": bytes(range(32))}, "k1")


@pytest.fixture
async def database_url(tmp_path: Path) -> AsyncIterator[str]:
    """A new SQLite file, or a new database of the PostgreSQL server that ECRIN_DATABASE_URL names."""
    server = os.environ.get("ECRIN_DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{tmp_path / 'mail.db'}"
        return
    import asyncpg

    name = f"ecrin_mail_{os.urandom(6).hex()}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    yield server.rpartition("/")[0] + "/" + name
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_mail_database(database_url)
    yield opened
    await opened.close()


async def open_mail_database(url: str) -> Database:
    opened = await open_database(url, migrations=[Migration(1, "mail", TABLE)])
    await opened.migrate()
    return opened


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as running:
        yield running


@dataclass
class Post:
    """The outbox and what looks into it."""

    database: Database
    envelope: Envelope
    clock: TurnedClock
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.envelope)

    async def post(self, **changes: Any) -> None:
        await self.database.write(lambda tx: self.outbox.post(tx, make_letter(**changes), self.clock.now()))

    async def rows(self) -> list[dict[str, Any]]:
        names = ("id", "project_id", "state", "payload", "attempts", "due_at", "created_at", "good_until")
        rows = await self.database.scan(lambda tx: tx.all("SELECT * FROM mail ORDER BY created_at, id"))
        return [{name: row[name] for name in names} for row in rows]

    async def row(self) -> dict[str, Any]:
        (only,) = await self.rows()
        return only

    def worker(self, transport: Any) -> MailWorker:
        return MailWorker(self.database, self.envelope, transport, self.clock)


@pytest.fixture
def post(database: Database, envelope: Envelope, clock: TurnedClock) -> Post:
    return Post(database, envelope, clock)


@pytest.fixture
def transport(sink: SmtpSink) -> SmtpTransport:
    return SmtpTransport(Secret(sink.url), "no-reply@example.net")


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own, and what it certified."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def server(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(host, key, self.certificate.subject, self.key, authority=False)
        file = self.folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def client(self) -> ssl.SSLContext:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        return ssl.create_default_context(cadata=pem.decode())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
    return Authority(tmp_path_factory.mktemp("tls"), key, _certificate("authority", key, name, key, authority=True))


def _certificate(
    host: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    subject = issuer if authority else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    name: x509.GeneralName = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    now = datetime.now(UTC)
    signer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(os.urandom(8)))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(signer_id, critical=False)
        .sign(signer, hashes.SHA256())
    )
