"""What the whole suite shares: engines, an instance in this process, and skips that CI does not accept."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import hypothesis
import pytest

from ecrin.assembly import build
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.crypto.passwords import CHEAPEST
from ecrin.governance.apikeys.model import TokenKind
from ecrin.governance.callers import LOCAL, Scope
from ecrin.settings import Settings
from ecrin.storage.sql.connect import open_database
from ecrin.testing.clock import FakeClock
from harness import Instance, Opener

POSTGRES = os.environ.get("ECRIN_TEST_POSTGRES_URL", "postgresql://root@127.0.0.1:5432/postgres")

# How fast an example is drawn or runs says how busy the machine is: no test fails by it.
hypothesis.settings.register_profile("ecrin", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("ecrin")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", action="store_true", help="run the long fault sweeps too")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the sweeps out, and them alone: the vault has a folder of that name, with a sample of them."""
    sweeps = Path(__file__).parent / "faults"
    return True if collection_path == sweeps and not config.getoption("--faults") else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI every part is installed, so a skip is a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("ECRIN_CI") == "1":
        report.outcome = "failed"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def _engines() -> list[str]:
    named = os.environ.get("ECRIN_DATABASE_URL", "")
    if named:
        return ["postgres" if named.startswith("postgres") else "sqlite"]
    return ["sqlite", "postgres"]


@pytest.fixture(params=_engines())
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def scratch_postgres() -> Iterator[str]:
    """A database of this worker's own on the PostgreSQL server, dropped at the end."""
    server = os.environ.get("ECRIN_DATABASE_URL", POSTGRES)
    name = f"ecrin_test_{secrets.token_hex(6)}"
    try:
        _execute(server, f"CREATE DATABASE {name}")
    except (OSError, asyncpg.PostgresError) as error:
        pytest.skip(f"PostgreSQL is not reachable: {error}")
    yield f"{server.rpartition('/')[0]}/{name}"
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres(scratch_postgres: str) -> str:
    """That database, with nothing in it."""
    _execute(
        scratch_postgres, "DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS ecrin_stats CASCADE; CREATE SCHEMA public"
    )
    return scratch_postgres


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty database on each engine."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/ecrin.db"
    return str(request.getfixturevalue("empty_postgres"))


def _execute(url: str, sql: str) -> None:
    """Run SQL from a thread with an event loop of its own, as fixtures may be set up inside one."""

    async def run() -> None:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()


@pytest.fixture
def open_instance(database_url: str, tmp_path: Path) -> Opener:
    """Open instances, one after the other, over one database: what a restart finds is what was kept."""
    master = Secret(secrets.token_bytes(32))

    @asynccontextmanager
    async def opener(
        mode: str = "serve", clock: FakeClock | None = None, address: str = "198.51.100.7", **settings: Any
    ) -> AsyncIterator[Instance]:
        clock = clock or FakeClock()
        database = await open_database(database_url, clock=clock)
        await database.migrate()
        chosen = Settings(mode=mode, **{"data": tmp_path, **settings})  # type: ignore[arg-type]
        app = await build(chosen, database, master, clock, "http://127.0.0.1:9099", CHEAPEST)
        projects = app.governance.projects
        project = projects.all()[0] if projects.all() else await projects.create(_first(mode), SYSTEM)
        if mode == "dev":
            changes: dict[str, object] = {"email_enumeration_protection": False, "min_password_length": 6}
            project = await projects.update(project.id, changes, SYSTEM)
        _, operator = await app.governance.tokens.create(
            TokenKind.OPERATOR, "test", (Scope.parse("*:all"),), None, LOCAL, SYSTEM
        )
        transport = httpx.ASGITransport(app.web, client=(address, 50000), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9099") as http:
            yield Instance(app, clock, project, http, operator.reveal())
        await app.close()

    return opener


def _first(mode: str) -> str:
    return "demo-ecrin" if mode == "dev" else "default"


@pytest.fixture
async def serve(open_instance: Opener) -> AsyncIterator[Instance]:
    """A strict instance, on each engine."""
    async with open_instance() as instance:
        yield instance


@pytest.fixture
async def dev(open_instance: Opener) -> AsyncIterator[Instance]:
    """A development instance, on each engine."""
    async with open_instance("dev") as instance:
        yield instance
