"""Starts that must be refused: each says what is in the way, names the file, and leaves everything as it was."""

import asyncio
import secrets
import signal
import socket
import sqlite3
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import asyncpg
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from server_process import ecrin, refused, started

Spoil = Callable[[Path], None]


def lose_key(data: Path) -> None:
    (data / "master.key").unlink()


def change_key(data: Path) -> None:
    (data / "master.key").write_text(secrets.token_urlsafe(32) + "\n")


def cut_key(data: Path) -> None:
    (data / "master.key").write_text("short\n")


def show_key(data: Path) -> None:
    (data / "master.key").chmod(0o640)


def make_newer(data: Path) -> None:
    connection = sqlite3.connect(data / "ecrin.db")
    connection.execute("INSERT INTO schema_version VALUES (9999, 'of tomorrow', 0)")
    connection.commit()
    connection.close()


def damage(data: Path) -> None:
    with (data / "ecrin.db").open("r+b") as file:
        file.seek(0)
        file.write(b"\xff" * 8192)


def cut(data: Path) -> None:
    with (data / "ecrin.db").open("r+b") as file:
        file.truncate(100)


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lose_key, "MASTER_KEY_MISSING", "master.key is missing"),
        (change_key, "MASTER_KEY_REJECTED", "not the one that this database was sealed with"),
        (cut_key, "MASTER_KEY_REJECTED", "master.key does not hold a master key"),
        (show_key, "MASTER_KEY_REJECTED", "master.key (mode 640)"),
        (make_newer, "DATABASE_NEWER", "schema version 9999"),
        (damage, "STORAGE_DAMAGED", "ecrin.db"),
        (cut, "STORAGE_DAMAGED", "ecrin.db"),
    ],
)
def test_a_folder_that_is_not_whole_is_named(data: Path, spoil: Spoil, code: str, said: str) -> None:
    spoil(data)
    before = {path.name: path.read_bytes() for path in data.iterdir() if path.name in {"master.key", "ecrin.db"}}
    message = refused(data)
    assert f"[{code}]" in message
    assert said in message
    if code != "DATABASE_NEWER":  # there the log of the database may have been folded into the file
        assert {name: (data / name).read_bytes() for name in before} == before
    assert not (data / "ecrin.sock").exists()


def test_a_key_file_elsewhere_is_the_one_that_is_named(data: Path) -> None:
    message = refused(data, ECRIN_MASTER_KEY_FILE=str(data.parent / "elsewhere.key"))
    assert str(data.parent / "elsewhere.key") in message


def test_a_folder_is_used_by_one_server_at_a_time(data: Path) -> None:
    with started(data) as server:
        assert "[DATA_FOLDER_BUSY]" in refused(data)
        assert "[DATA_FOLDER_BUSY]" in refused(data, "dev")
        assert server.http.get("/healthz").status_code == 200
        assert (data / "ecrin.sock").exists()


def test_a_database_is_used_by_one_server_at_a_time_whatever_its_folder(tmp_path: Path, database_url: str) -> None:
    with started(tmp_path / "one", ECRIN_DATABASE_URL=database_url) as server:
        message = refused(tmp_path / "two", ECRIN_DATABASE_URL=database_url)
        assert "[DATABASE_BUSY]" in message
        assert database_url.rpartition("/")[2] in message
        assert server.http.get("/readyz").status_code == 200
        server.end()
    key = str(tmp_path / "one/master.key")
    with started(tmp_path / "two", ECRIN_DATABASE_URL=database_url, ECRIN_MASTER_KEY_FILE=key) as server:
        assert server.http.get("/readyz").status_code == 200


def test_a_database_that_is_the_file_of_another_folder_is_in_use_too(tmp_path: Path) -> None:
    with started(tmp_path / "one"):
        (tmp_path / "link.db").symlink_to(tmp_path / "one/ecrin.db")
        for path in ("one/ecrin.db", "link.db"):
            assert "[DATABASE_BUSY]" in refused(tmp_path / "two", ECRIN_DATABASE_URL=f"sqlite:///{tmp_path}/{path}")


def test_a_server_killed_with_its_database_leaves_no_lock(tmp_path: Path, database_url: str) -> None:
    with started(tmp_path / "data", ECRIN_DATABASE_URL=database_url) as server:
        server.end(signal.SIGKILL)
    with started(tmp_path / "data", ECRIN_DATABASE_URL=database_url) as server:
        assert server.http.get("/readyz").status_code == 200


@pytest.mark.parametrize(("made_by", "opened_by"), [("serve", "dev"), ("dev", "serve")])
def test_a_database_of_the_other_mode_is_refused_and_left_as_it_is(
    tmp_path: Path, database_url: str, made_by: str, opened_by: str
) -> None:
    with started(tmp_path / "one", made_by, ECRIN_DATABASE_URL=database_url) as server:
        server.end()
    forget_migrations(database_url)
    message = refused(tmp_path / "two", opened_by, ECRIN_DATABASE_URL=database_url)
    assert f"belongs to `ecrin {made_by}`" in message
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["lock"]


def forget_migrations(url: str) -> None:
    """Leave the database as an older release would: whoever migrates it would say so, or fail."""
    statement = "UPDATE schema_version SET name = 'of another time'"
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute(statement)
        connection.commit()
        connection.close()
    else:
        asyncio.run(execute(url, statement))


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def test_a_busy_port_is_named(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        message = refused(data, "serve", "--port", port)
    assert f"127.0.0.1:{port}" in message


def test_a_folder_of_other_things_is_not_taken_from_others(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    (shared / "holiday.txt").write_text("sea\n")
    assert "holds other things" in refused(shared)
    assert shared.stat().st_mode & 0o777 == 0o755
    assert [p.name for p in shared.iterdir()] == ["holiday.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    done = ecrin("serve", "--port", 0, cwd=tmp_path, ECRIN_DATA="occupied/data")
    assert (done.returncode, "occupied/data cannot be used: Not a directory" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ECRIN_DATBASE_URL": "postgresql://u:hunter2@db/x"}, "Did you mean ECRIN_DATABASE_URL?"),
        ({"ECRIN_REDIS_URL": "redis://:hunter2@cache"}, "does not use Redis"),
        ({"ECRIN_OBJECTS_URL": "s3://k:hunter2@bucket"}, "does not use object storage"),
        ({"ECRIN_DATABASE_URL": "mysql://u:hunter2@db/x"}, "begins neither with sqlite"),
        ({"ECRIN_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}, "127.0.0.1:1/x"),
        ({"ECRIN_SMTP_URL": "smtp://u:hunter2@mail"}, "ECRIN_MAIL_FROM"),
        ({"ECRIN_SMTP_URL": "hunter2://u@mail", "ECRIN_MAIL_FROM": "a@example.org"}, "ECRIN_SMTP_URL"),
        ({"ECRIN_LOG": "loud"}, "ECRIN_LOG"),
        ({"ECRIN_TLS_CERT": "c.pem", "ECRIN_TLS_KEY": "k.pem"}, "c.pem cannot be read"),
        ({"ECRIN_HOST": "0.0.0.0"}, "ECRIN_PUBLIC_URL"),
        ({"ECRIN_HOST": "é" * 64, "ECRIN_PUBLIC_URL": "https://auth.example.org"}, "ECRIN_HOST"),
    ],
)
def test_settings_that_cannot_work_are_named_and_their_secrets_are_not(
    data: Path, settings: dict[str, str], said: str
) -> None:
    message = refused(data, **settings)
    assert said in message
    assert "hunter2" not in message


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1, its key, its key under a password, and another key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(pem(key, NoEncryption()))
    (folder / "locked.pem").write_bytes(pem(key, BestAvailableEncryption(b"hunter2")))
    (folder / "other.pem").write_bytes(pem(ec.generate_private_key(ec.SECP256R1()), NoEncryption()))
    return folder


def pem(key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    ("cert", "key"), [("cert.pem", "other.pem"), ("cert.pem", "locked.pem"), ("key.pem", "key.pem")]
)
def test_a_certificate_that_does_not_fit_is_named(data: Path, certificate: Path, cert: str, key: str) -> None:
    files = {"ECRIN_TLS_CERT": str(certificate / cert), "ECRIN_TLS_KEY": str(certificate / key)}
    assert "are not a certificate and its key" in refused(data, **files)


def test_a_server_with_a_certificate_speaks_tls_and_says_so(data: Path, certificate: Path) -> None:
    cert, key = certificate / "cert.pem", certificate / "key.pem"
    with started(data, ECRIN_TLS_CERT=str(cert), ECRIN_TLS_KEY=str(key)) as server:
        assert server.url.startswith("https://")
        reply = httpx.get(f"{server.url}/healthz", verify=ssl.create_default_context(cafile=cert))
    assert reply.json() == {"status": "ok"}
    assert reply.headers["strict-transport-security"].startswith("max-age=")
