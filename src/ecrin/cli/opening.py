"""From settings to an instance without sockets: database, mode, master key, the first project and operator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import structlog

from ecrin.assembly import DEV_PROJECTS, App, build
from ecrin.base.clock import SystemClock
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.errors import ConfigurationError
from ecrin.governance.apikeys.model import TokenKind
from ecrin.governance.callers import LOCAL, Scope
from ecrin.governance.projects.model import Project
from ecrin.ops.instance import create_master_key, read_master_key
from ecrin.settings import Settings
from ecrin.storage.sql.connect import is_there, open_database
from ecrin.storage.sql.port import Database, Tx

FIRST_PROJECT = "default"
CLOSES_WITHIN = 0.8  # seconds, of the five that a stop may take
EVERYTHING = Scope.parse("*:all")
log = structlog.get_logger("ecrin.serving")


@asynccontextmanager
async def opened(settings: Settings, public_url: str, *, first_start: bool) -> AsyncIterator[App]:
    """Open an instance's database and build the instance; the data folder must exist.

    With `first_start` an empty database becomes an instance, otherwise it is refused. A server holds the database
    before (`ecrin.storage.sql.connect.held`). Raises `ConfigurationError` or a `StorageError` with what is in the way.
    """
    url = database_url(settings)
    if not first_start and not is_there(url):
        raise _nothing_here(settings)
    database = await open_database(url)
    try:
        master = await _prepared(database, settings, first_start=first_start)
        app = await build(settings, database, master, SystemClock(), public_url)
    except BaseException:
        await _close(database.close)
        raise
    try:
        yield app
    finally:
        await _close(app.close)


async def _close(close: Callable[[], Awaitable[None]]) -> None:
    """Close, or give up on a database that does not answer: what was acknowledged is on its disk already."""
    try:
        async with asyncio.timeout(CLOSES_WITHIN):
            await close()
    except TimeoutError:
        log.warning("the database did not let go in time")


async def provision(app: App, settings: Settings) -> tuple[Project, Secret[str] | None]:
    """Return the project that the settings name or the first one, and the operator's token if it was made just now.

    An instance without a project gets one, an instance without any credential an operator's. Raises `InvalidProjectId`,
    and `ProjectNotFound` for a project that only the first start would have made.
    """
    projects = app.governance.projects
    if settings.mode == "dev":
        known = {p.id for p in projects.all()}
        if settings.project not in known:
            await projects.create(settings.project, SYSTEM, DEV_PROJECTS)
        return projects.get(settings.project), None
    if not projects.all():
        await projects.create(settings.project or FIRST_PROJECT, SYSTEM)
    project = projects.get(settings.project) if settings.project else projects.all()[0]
    return project, await _first_token(app)


async def _first_token(app: App) -> Secret[str] | None:
    tokens = app.governance.tokens
    if await tokens.all(LOCAL):
        return None
    _, text = await tokens.create(TokenKind.OPERATOR, "first operator", (EVERYTHING,), None, LOCAL, SYSTEM)
    return text


async def _prepared(database: Database, settings: Settings, *, first_start: bool) -> Secret[bytes]:
    """Migrate a database that may be opened, and return the master key; one that may not is left as it is."""
    mode = await _mode(database)
    if mode is None:
        if not first_start:
            raise _nothing_here(settings)
        return await _begin(database, settings)
    if mode != settings.mode:
        raise ConfigurationError(
            f"The database belongs to `ecrin {mode}`, not to `ecrin {settings.mode}`.", hint="Use another database."
        )
    master = read_master_key(settings.master_key)
    await database.migrate()
    return master


async def _mode(database: Database) -> str | None:
    """Return the mode that a database belongs to: `dev` lets anybody in, so it never opens real users."""
    if not await database.version():
        return None
    row = await database.read(lambda tx: tx.one("SELECT value FROM instance WHERE name = 'mode'"))
    return str(row["value"]) if row else None


async def _begin(database: Database, settings: Settings) -> Secret[bytes]:
    """Make an instance of an empty database; the master key is on disk before the first row is."""

    async def settle(tx: Tx) -> None:
        await tx.run("INSERT INTO instance (name, value) VALUES ('mode', :mode)", mode=settings.mode)

    await database.migrate()
    create_master_key(settings.master_key)
    await database.write(settle)
    return read_master_key(settings.master_key)


def _nothing_here(settings: Settings) -> ConfigurationError:
    return ConfigurationError(
        f"There is no instance in {settings.data} yet.", hint="Name its folder with --data, or start `ecrin serve`."
    )


def database_url(settings: Settings) -> str:
    """Return the address of the database: the one that was set, or the file in the data folder."""
    if settings.database_url is not None:
        return settings.database_url.reveal()
    return f"sqlite:///{quote(str(settings.database_file.absolute()))}"
