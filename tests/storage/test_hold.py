"""One server on one database: who holds it, when it is free again, and what happens when the lock is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from ecrin.errors import ConfigurationError, DatabaseBusy, StorageError, StorageUnavailable
from ecrin.storage.sql import postgres_hold
from ecrin.storage.sql.connect import held, is_there, open_database

HERE = "(SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest.fixture
def url(engine: tuple[str, str]) -> str:
    return engine[1]


async def test_a_database_is_held_once_and_free_again_afterwards(url: str) -> None:
    for _ in range(2):
        async with held(url) as loss:
            for _ in range(2):
                with pytest.raises(DatabaseBusy, match="Another ecrin process is using"):
                    async with held(url):
                        pass
            assert not loss.done()


async def test_a_session_that_is_just_ending_does_not_refuse_the_next_start(postgres_url: str) -> None:
    async with held(postgres_url):
        pass
    former = postgres_hold._Hold(postgres_url)
    await former.take()
    ending = asyncio.create_task(_after(0.3, former.release()))
    async with held(postgres_url):
        assert ending.done()


async def _after(seconds: float, work: Any) -> None:
    await asyncio.sleep(seconds)
    await work


async def test_a_hold_that_ends_by_an_error_ends_too(url: str) -> None:
    with pytest.raises(KeyError):
        async with held(url):
            raise KeyError
    async with held(url):
        pass


async def test_holding_does_not_hinder_the_database(url: str, tables: Any, add: Any, get: Any) -> None:
    async with held(url):
        database = await open_database(url, migrations=tables)
        await database.migrate()
        await database.write(add("held", 1))
        assert await database.read(get("held")) == 1
        await database.close()


@pytest.mark.parametrize("url", ["", "mysql://u:canary@h/d", "sqlite://", "postgresql://u:canary@h:port/d"])
async def test_what_is_no_address_cannot_be_held(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        async with held(url):
            pass
    assert "canary" not in str(refusal.value)


async def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:1/name") as refusal:
        async with held("postgresql://user:canary@127.0.0.1:1/name"):
            pass
    assert "canary" not in str(refusal.value)


async def test_a_file_whose_folder_is_missing_is_named(tmp_path: Any) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        async with held(f"sqlite:///{tmp_path}/nowhere/ecrin.db"):
            pass


async def test_asking_for_a_database_makes_none(tmp_path: Any) -> None:
    assert not is_there(f"sqlite:///{tmp_path}/ecrin.db")
    assert list(tmp_path.iterdir()) == []


async def test_two_schemas_of_one_database_are_two_databases(postgres_url: str) -> None:
    await execute(postgres_url, "CREATE SCHEMA other")
    try:
        async with held(postgres_url), held(f"{postgres_url}?search_path=other"):
            with pytest.raises(DatabaseBusy):
                async with held(f"{postgres_url}?search_path=other"):
                    pass
    finally:
        await execute(postgres_url, "DROP SCHEMA other")


async def test_a_lock_that_is_lost_is_taken_back(postgres_url: str) -> None:
    async with held(postgres_url) as loss:
        for _ in range(2):
            (holder,) = await holders(postgres_url)
            await execute(postgres_url, f"SELECT pg_terminate_backend({holder})")
            while await holders(postgres_url) in ([], [holder]):
                await asyncio.sleep(0.01)
        assert not loss.done()
    assert await holders(postgres_url) == []


async def test_a_session_that_falls_silent_is_given_up_and_its_lock_taken_back_once_the_server_lets_go(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecrin.storage.sql.postgres_hold.HEARTBEAT", 0.05)
    monkeypatch.setattr("ecrin.storage.sql.postgres_hold.PAUSE", 0.05)
    monkeypatch.setattr("ecrin.storage.sql.postgres_hold.PATIENCE", 10_000)
    monkeypatch.setattr("ecrin.storage.sql.postgres_driver._CONNECT_TIMEOUT", 2)
    async with Wire(postgres_url) as wire, held(wire.url) as loss:
        (holder,) = await holders(postgres_url)
        wire.silence()
        while wire.made < 3:  # the second try and the third find our own former session
            await asyncio.sleep(0.01)
        assert await holders(postgres_url) == [holder]
        wire.cut()
        while await holders(postgres_url) in ([], [holder]):
            await asyncio.sleep(0.01)
        assert not loss.done()


async def test_a_lock_that_somebody_else_took_meanwhile_is_lost_for_good(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecrin.storage.sql.postgres_hold.PATIENCE", 1)
    async with held(postgres_url) as loss:
        (holder,) = await holders(postgres_url)
        async with in_line(postgres_url):
            await execute(postgres_url, f"SELECT pg_terminate_backend({holder})")
            with pytest.raises(DatabaseBusy):
                await loss


class Wire:
    """A way to the database server that can fall silent: what was connected hears nothing any more."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url)
        self._silent = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self.made = 0

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = urlunsplit(self._place._replace(netloc=f"{self._place.username}@127.0.0.1:{port}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def silence(self) -> None:
        self._silent.set()
        self._silent = asyncio.Event()

    def cut(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        place = self._place.hostname or "127.0.0.1", self._place.port or 5432
        there, back = await asyncio.open_connection(*place)
        self._writers.append(back)
        await asyncio.gather(_carry(reader, back, self._silent), _carry(there, writer, self._silent))


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, silent: asyncio.Event) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            if silent.is_set():
                return
            target.write(data)
            await target.drain()
        target.close()


@asynccontextmanager
async def in_line(url: str) -> AsyncIterator[None]:
    """Wait for the lock as a server would that gets it the moment it is free."""
    other = await asyncpg.connect(url)
    asking = asyncio.ensure_future(other.execute(postgres_hold._TAKE.replace("pg_try_", "pg_")))
    while not await rows(url, f"SELECT pid FROM pg_locks WHERE NOT granted AND database = {HERE}"):
        await asyncio.sleep(0.01)
    yield
    await asking
    await other.close()


async def holders(url: str) -> list[int]:
    """The server's numbers of those who hold the database."""
    return await rows(url, f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = {HERE}")


async def rows(url: str, sql: str) -> list[int]:
    connection = await asyncpg.connect(url)
    found = [row[0] for row in await connection.fetch(sql)]
    await connection.close()
    return found


async def execute(url: str, sql: str) -> None:
    await rows(url, sql)
