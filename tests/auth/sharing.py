"""One running instance for many tests, each in a project of its own, which is the boundary nothing may cross.

Opening an instance costs two RSA keys and a schema; a project costs one row. Tests that restart, rotate keys or send
mail open an instance themselves (`open_instance` of the suite's conftest).
"""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import httpx
import pytest

from ecrin.assembly import DEV_PROJECTS, build
from ecrin.auth.limits.rules import Limit
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.crypto.keyset import Key
from ecrin.crypto.passwords import CHEAPEST
from ecrin.governance.apikeys.model import TokenKind
from ecrin.governance.callers import LOCAL, Scope
from ecrin.settings import Settings
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import new_key
from ecrin.storage.keyring.store import KeyStore
from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Database, Tx
from ecrin.testing.clock import START, FakeClock
from ecrin.testing.mailbox import SmtpSink
from harness import Instance, Opener

PROXY = "192.0.2.1"
ADDRESS = "198.51.100.7"
ORIGIN = "http://127.0.0.1:9099"


def _engines() -> list[str]:
    named = os.environ.get("ECRIN_DATABASE_URL", "")
    if named:
        return ["postgres" if named.startswith("postgres") else "sqlite"]
    return ["sqlite", "postgres"]


@pytest.fixture(scope="session", params=_engines())
def shared_engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
async def shared_serve(
    shared_engine: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Instance]:
    async with (
        _database(shared_engine, tmp_path_factory, request) as url,
        opened("serve", url) as instance,
    ):
        yield instance


@pytest.fixture(scope="session")
async def shared_dev(
    shared_engine: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Instance]:
    async with (
        _database(shared_engine, tmp_path_factory, request) as url,
        opened("dev", url) as instance,
    ):
        yield instance


@pytest.fixture(scope="session")
def shared_sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="session")
async def shared_posting(
    shared_engine: str,
    shared_sink: SmtpSink,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Instance]:
    smtp: dict[str, Any] = {"smtp_url": Secret(shared_sink.url), "mail_from": "Notes <auth@example.org>"}
    async with _database(shared_engine, tmp_path_factory, request) as url, opened("serve", url, **smtp) as instance:
        yield instance


@pytest.fixture
async def serve(shared_serve: Instance) -> Instance:
    """A strict project, on each engine."""
    return await own_project(shared_serve)


@pytest.fixture
async def dev(shared_dev: Instance) -> Instance:
    """A development project, on each engine."""
    return await own_project(shared_dev)


@pytest.fixture
async def posting(shared_posting: Instance, shared_sink: SmtpSink) -> Instance:
    """A strict project that hands its letters, once `deliver` is called, to a real mail server."""
    instance = await own_project(shared_posting)
    await deliver(instance)
    shared_sink.clear()
    return instance


@pytest.fixture
def sink(posting: Instance, shared_sink: SmtpSink) -> SmtpSink:
    """The mail server of `posting`, empty."""
    return shared_sink


@pytest.fixture
def open_instance(database_url: str) -> Opener:
    """As the suite's own, with keys that are made already: what a restart finds is what was kept."""
    master = Secret(secrets.token_bytes(32))

    def opener(
        mode: str = "serve", clock: FakeClock | None = None, address: str = ADDRESS, **settings: Any
    ) -> AbstractAsyncContextManager[Instance]:
        return opened(mode, database_url, master, clock, address, **settings)

    return opener


@asynccontextmanager
async def opened(
    mode: str,
    url: str,
    master: Secret[bytes] | None = None,
    clock: FakeClock | None = None,
    peer: str = PROXY,
    **settings: Any,
) -> AsyncIterator[Instance]:
    """An instance over a database; calls that come from `PROXY` may name the address they come from."""
    clock, master = clock or FakeClock(), master or Secret(secrets.token_bytes(32))
    database = await open_database(url, clock=clock)
    await database.migrate()
    await seed_keys(database, master)
    with TemporaryDirectory() as data:
        chosen = Settings(mode=mode, trusted_proxies=(PROXY,), **{"data": Path(data), **settings})  # type: ignore[arg-type]
        async with _running(chosen, database, master, clock, peer) as instance:
            yield instance


@asynccontextmanager
async def _running(
    chosen: Settings, database: Database, master: Secret[bytes], clock: FakeClock, peer: str
) -> AsyncIterator[Instance]:
    app = await build(chosen, database, master, clock, ORIGIN, CHEAPEST)
    projects = app.governance.projects
    project = projects.all()[0] if projects.all() else await projects.create("shared", SYSTEM)
    scopes = (Scope.parse("*:all"),)
    _, operator = await app.governance.tokens.create(TokenKind.OPERATOR, "test", scopes, None, LOCAL, SYSTEM)
    transport = httpx.ASGITransport(app.web, client=(peer, 50000), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"x-forwarded-for": ADDRESS}) as http:
        yield Instance(app, clock, project, http, operator.reveal())
    await app.close()


@cache
def first_keys() -> tuple[Key, ...]:
    """What a first start makes, made once, as RSA keys are slow to find."""
    return tuple(new_key(purpose, 1, START) for purpose in Purpose)


async def seed_keys(database: Database, master: Secret[bytes]) -> None:
    """Leave the keys of a first start in a database that has none."""
    store = KeyStore(Envelope({"master": master.reveal()}, "master"))

    async def unit(tx: Tx) -> None:
        if await tx.one("SELECT id FROM keys") is None:
            for key in first_keys():
                await store.save(tx, key)

    await database.write(unit)


async def own_project(shared: Instance, **settings: Any) -> Instance:
    """The same instance seen from a new project, at the time at which the clock starts."""
    shared.clock.at = START
    projects = shared.app.governance.projects
    first = DEV_PROJECTS if shared.app.base.dev else None
    project = await projects.create(f"p-{secrets.token_hex(8)}", SYSTEM, first)
    if settings:
        project = await projects.update(project.id, settings, SYSTEM)
    return replace(shared, project=project)


async def rows(instance: Instance, table: str, where: str = "1 = 1", **values: Any) -> list[dict[str, Any]]:
    """The rows of a table that a condition selects, as the database keeps them."""

    async def unit(tx: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await tx.all(f"SELECT * FROM {table} WHERE {where}", **values)]

    return await instance.app.base.database.scan(unit)


async def audited(instance: Instance, event: str) -> list[dict[str, Any]]:
    """The audit rows of one kind in the instance's project."""
    return await rows(instance, "audit", "project_id = :p AND event = :e", p=instance.project.id, e=event)


async def count(instance: Instance, limit: Limit, subject: str, times: int) -> None:
    """Count many tries in one unit, where a test is about what comes after them."""

    async def unit(tx: Any) -> None:
        for _ in range(times):
            await instance.app.auth.limits.count_in(tx, limit, instance.project.id, subject, instance.clock.now())

    await instance.app.base.database.write(unit)


async def deliver(instance: Instance) -> None:
    """Hand every letter that is due to the mail server."""
    assert instance.app.mail is not None
    while await instance.app.mail.deliver_next():
        pass


@asynccontextmanager
async def _database(engine: str, folders: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    name = f"ecrin_shared_{secrets.token_hex(6)}"
    if engine == "sqlite":
        yield f"sqlite:///{folders.mktemp('shared')}/{name}.db"
        return
    scratch: str = request.getfixturevalue("scratch_postgres")
    await _execute(scratch, f"CREATE DATABASE {name}")
    yield f"{scratch.rpartition('/')[0]}/{name}"
    await _execute(scratch, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
