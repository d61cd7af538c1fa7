"""Check and change are one statement each: what was read before decides nothing (A1, A23; CVE-2026-1035's lesson).

Units are serial today, so that nothing above these statements can see a race; they hold without that too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from auth.makers import NOW, code, session
from ecrin.auth.outofband import store as codes
from ecrin.auth.sessions import store as sessions
from ecrin.auth.sessions.model import Session
from ecrin.storage.sql.port import Tx
from harness import Instance


async def write(instance: Instance, unit: Callable[[Tx], Awaitable[Any]]) -> Any:
    async def run(tx: Tx) -> Any:
        return await unit(tx)

    return await instance.app.base.database.write(run)


@pytest.fixture
async def stored(serve: Instance) -> Session:
    """A session with the first token rotated away."""
    fresh = session(id=serve.project.id.encode()[-16:], project_id=serve.project.id, counter=1, rotations=(NOW,))
    await write(serve, lambda tx: sessions.insert(tx, fresh))
    return fresh


async def test_a1_a_session_moves_on_from_the_state_that_was_seen(serve: Instance, stored: Session) -> None:
    after = replace(stored, counter=2, rotations=(NOW + 1, NOW))
    moved = await write(serve, lambda tx: sessions.update(tx, stored, after))

    assert moved is True
    assert await write(serve, lambda tx: sessions.get(tx, stored.id)) == after


@pytest.mark.parametrize("seen", [{"counter": 0}, {"counter": 2}, {"late": True}], ids=["older", "newer", "late"])
async def test_a1_a_session_does_not_move_on_from_another_state(
    serve: Instance, stored: Session, seen: dict[str, Any]
) -> None:
    before, after = replace(stored, **seen), replace(stored, counter=2)
    moved = await write(serve, lambda tx: sessions.update(tx, before, after))

    assert moved is False
    assert await write(serve, lambda tx: sessions.get(tx, stored.id)) == stored


async def test_a3_a_session_that_ended_meanwhile_does_not_move_on(serve: Instance, stored: Session) -> None:
    await write(serve, lambda tx: sessions.end(tx, stored.id, "revoked", NOW))
    moved = await write(serve, lambda tx: sessions.update(tx, stored, replace(stored, counter=2)))

    kept = await write(serve, lambda tx: sessions.get(tx, stored.id))
    assert (moved, kept.counter, kept.end_reason) == (False, 1, "revoked")


async def test_the_first_reason_of_an_end_is_kept(serve: Instance, stored: Session) -> None:
    for reason, at in (("reuse", NOW), ("revoked", NOW + 1)):
        await write(serve, lambda tx, reason=reason, at=at: sessions.end(tx, stored.id, reason, at))

    kept = await write(serve, lambda tx: sessions.get(tx, stored.id))
    assert (kept.end_reason, kept.ended_at) == ("reuse", NOW)


async def test_a23_a_code_is_used_up_by_one_statement(serve: Instance) -> None:
    made = code(hash=serve.project.id.encode().ljust(32), project_id=serve.project.id)
    await write(serve, lambda tx: codes.insert(tx, made, serve.app.base.keyring.columns()))

    used = [await write(serve, lambda tx: codes.use(tx, made, NOW)) for _ in range(2)]

    assert used == [True, False]
