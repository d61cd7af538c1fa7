"""What governance holds in memory is never older than what was read last."""

import asyncio
from typing import Any

import pytest

from ecrin.base.origin import SYSTEM
from ecrin.errors import StorageUnavailable
from ecrin.governance.projects.service import ProjectService
from ecrin.governance.serviceaccounts.service import ServiceAccountService
from harness import Instance


class LateFirst:
    """A database whose first scan is answered late."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.read, self.go = asyncio.Event(), asyncio.Event()

    async def scan(self, unit: Any) -> Any:
        late, found = not self.read.is_set(), await self._database.scan(unit)
        if late:
            self.read.set()
            await self.go.wait()
        return found


class Unreadable:
    """A database that writes and cannot be read."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.write = database.write

    async def scan(self, unit: Any) -> Any:
        raise StorageUnavailable


async def two_readings(held: LateFirst, service: Any, between: Any) -> None:
    """Have one reading begin before something is committed and end after a reading that began later, if it can."""
    first = asyncio.create_task(service.load())
    await held.read.wait()
    await between
    second = asyncio.create_task(service.load())
    await asyncio.wait([second], timeout=0.3)
    held.go.set()
    await asyncio.gather(first, second)


async def test_a_service_account_key_that_was_revoked_does_not_come_back(serve: Instance) -> None:
    base, project = serve.app.base, serve.project.id
    accounts = serve.app.governance.service_accounts
    key, _ = await accounts.create_key(project, SYSTEM)
    held = LateFirst(base.database)
    service = ServiceAccountService(held, base.keyring, base.events, base.clock)  # type: ignore[arg-type]
    await two_readings(held, service, accounts.revoke_key(project, key.id, SYSTEM))
    assert service.keys(project) == []


async def test_a_setting_that_was_changed_does_not_come_back(serve: Instance) -> None:
    base, projects = serve.app.base, serve.app.governance.projects
    held = LateFirst(base.database)
    service = ProjectService(held, base.events, base.clock)  # type: ignore[arg-type]
    change = projects.update(serve.project.id, {"min_password_length": 31}, SYSTEM)
    await two_readings(held, service, change)
    assert service.get(serve.project.id).settings.min_password_length == 31


async def test_a_key_is_revoked_at_once_even_if_the_keys_cannot_be_read_then(serve: Instance) -> None:
    base, project = serve.app.base, serve.project.id
    key, _ = await serve.app.governance.service_accounts.create_key(project, SYSTEM)
    service = ServiceAccountService(base.database, base.keyring, base.events, base.clock)
    await service.load()
    service._database = Unreadable(base.database)  # type: ignore[assignment]
    with pytest.raises(StorageUnavailable):
        await service.revoke_key(project, key.id, SYSTEM)
    assert service.keys(project) == []
