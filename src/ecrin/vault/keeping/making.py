"""How a vault comes to be, and how it ends: its slots, its anchor and its file, whole or not at all."""

import secrets
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from ecrin.base.encoding import canonical_json, strict_json
from ecrin.errors import EcrinError, InvalidRequest
from ecrin.vault.errors import VaultDamaged, VaultError
from ecrin.vault.format import slots
from ecrin.vault.format.entries import Plain
from ecrin.vault.format.keys import VAULT_ID_BYTES
from ecrin.vault.format.manifest import Manifest
from ecrin.vault.format.settings import Settings
from ecrin.vault.format.slots import SLOT_ID_BYTES, Slot
from ecrin.vault.keeping.held import Held
from ecrin.vault.keeping.turn import Turn
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.model import Anchored, Bound, VaultConfig
from ecrin.vault.opened.draft import Draft
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.ports import Asking, Enrolled, Params, Place
from ecrin.vault.store import file, rows
from ecrin.vault.store.faults import told
from ecrin.vault.threads import in_thread, to_its_end

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """A slot that was enrolled and is in no file yet; `shown` is for its owner's eyes, once."""

    slot: Slot
    shown: str

    def __repr__(self) -> str:
        return "Made(…)"


class Maker:
    """Makes and ends the vaults of one app on one device."""

    def __init__(self, app_id: str, ways: Ways, turn: Turn) -> None:
        self._app_id = app_id
        self._ways = ways
        self._turn = turn

    async def enrol(self, kind: str, keys: OpenKeys, bound: Bound, asking: Asking) -> Made:
        """Make a new slot; raises what its kind raises."""
        place = Place(self._app_id, keys.vault_id, secrets.token_bytes(SLOT_ID_BYTES))
        opener = self._ways.opener(kind, bound)

        async def undo(enrolled: Enrolled) -> None:
            enrolled.secret.close()
            await opener.withdraw(place, enrolled.params)

        enrolled = await self._answered(lambda: opener.enrol(place, asking), undo)
        secret = enrolled.secret.view
        try:
            public = slots.public_key(keys.vault_id, place.slot_id, secret)
            bare = Slot(place.slot_id, kind, canonical_json(dict(enrolled.params)), public)
            return Made(slots.guarded(keys.vault_id, bare, secret, keys.guard), enrolled.shown)
        finally:
            enrolled.secret.close()

    async def anchor(self, anchored: Anchored, vault_id: bytes) -> tuple[Params, int]:
        """Make an anchor; return its params and the mark it stands at. A lock does not wait for it."""
        anchor = self._ways.anchor(anchored)

        async def undo(made: tuple[Params, int]) -> None:
            await anchor.remove(self._app_id, vault_id, made[0])

        return await self._answered(lambda: anchor.create(self._app_id, vault_id), undo)

    async def _answered(self, ask: Callable[[], Awaitable[T]], undo: Callable[[T], Coroutine[Any, Any, None]]) -> T:
        """Return what comes of an answer; who cancels this when it has come leaves nothing of it."""
        made: list[T] = []

        async def keep() -> None:
            made.append(await ask())

        try:
            await self._turn.answered(keep())
        except BaseException:
            for one in made:
                with suppress(EcrinError):
                    await to_its_end(undo(one))
            raise
        return made[0]

    async def withdraw(self, vault_id: bytes, gone: Iterable[Slot]) -> None:
        """Remove what slots keep outside of the file. What cannot be removed now opens nothing without the file."""
        for slot in gone:
            with suppress(EcrinError):
                opener = self._ways.opener(slot.kind)
                await opener.withdraw(Place(self._app_id, vault_id, slot.id), params_of(slot))

    async def make(
        self, path: Path, config: VaultConfig, asking: Asking, source: Held | None = None
    ) -> OpenKeys | None:
        """Make a vault's file; return its keys, or None if another process was faster: then its file is left.

        The values are those of `source`, a vault in memory; from then on until this has failed nobody writes to that.
        """
        vault_id, managed = secrets.token_bytes(VAULT_ID_BYTES), list[Slot]()
        leads, made = cast("Params | None", None), False
        kinds, keys = self._ways.of_type(config), OpenKeys.new(vault_id)
        try:
            for kind in kinds:
                managed.append((await self.enrol(kind, keys, config.bound, asking)).slot)
            leads, mark = await self.anchor(config.anchored, vault_id)
            settings = Settings(self._app_id, config, tuple(slot.id for slot in managed), leads)
            plains = await _moved(source) if source is not None else []
            made = await in_thread(lambda: _create(path, first_rows(keys, managed, settings, mark, plains)))
        finally:
            if not made:
                if source is not None:
                    source.paused = False
                keys.close()
                await to_its_end(self._undone(path, config, vault_id, managed, leads))
        return keys if made else None

    async def _undone(
        self, path: Path, config: VaultConfig, vault_id: bytes, managed: Iterable[Slot], leads: Params | None
    ) -> None:
        await in_thread(lambda: _take_back(path, vault_id))
        await self.withdraw(vault_id, managed)
        await self.forget_anchor(config, vault_id, leads)

    def make_in_memory(self, config: VaultConfig, plains: Iterable[Plain] = ()) -> tuple[sqlite3.Connection, OpenKeys]:
        """Make a vault that has no file, no slot and no anchor."""
        keys = OpenKeys.new(secrets.token_bytes(VAULT_ID_BYTES))
        return file.in_memory(first_rows(keys, [], Settings(self._app_id, config, (), {}), 0, plains)), keys

    async def end(self, held: Held, known: Sequence[Slot] = ()) -> None:
        """Remove a vault with all that belongs to it. Its rows go first: that tells others who have the file open.

        `known` are the slots of one whose rows are gone already. Raises `VaultUnwritable` and the like if neither rows
        nor file can be removed; then nothing was.
        """
        gone, refused = list(known), cast("VaultError | None", None)
        try:
            gone += await held.writer.run(_cleared)
        except VaultError as error:
            refused = error
        finally:
            await held.close()
        if held.path is not None:
            await self._remove(held, held.path, refused)
            await self.withdraw(held.vault_id, gone)
            await self.forget_anchor(held.settings.config, held.vault_id, held.settings.anchor)

    async def _remove(self, held: Held, path: Path, refused: VaultError | None) -> None:
        """Remove the file; without its rows, or without the file, the vault has ended."""
        try:
            await in_thread(lambda: _remove(path, held.vault_id))
        except VaultError:
            if refused is not None:
                raise refused from None

    async def forget_anchor(self, config: VaultConfig, vault_id: bytes, leads: Params | None) -> None:
        """Remove the anchor of a vault that is no more, if it was made; a mark without a vault harms nobody."""
        if leads is not None:
            with suppress(EcrinError):
                await self._ways.anchor(config.anchored).remove(self._app_id, vault_id, leads)


def first_rows(
    keys: OpenKeys, made: Iterable[Slot], settings: Settings, mark: int, plains: Iterable[Plain]
) -> Callable[[sqlite3.Connection], None]:
    """Return what fills a new file."""
    encoded = settings.encode()

    def fill(connection: sqlite3.Connection) -> None:
        first = Manifest(1, 0, mark, 0, 0, slots.hash_of([]), 0, encoded)
        rows.put_head(connection, rows.Head(keys.vault_id, 1, 1, keys.seal(first), encoded))
        draft = Draft(connection, keys, 1)
        for slot in made:
            draft.put_slot(slot)
        draft.put(plains)
        draft.finish()

    return fill


def params_of(slot: Slot) -> dict[str, Any]:
    """Return the params of a slot; raises `VaultDamaged` for what no slot has."""
    try:
        params = strict_json(slot.params)
    except InvalidRequest:
        params = None
    if not isinstance(params, dict):
        raise VaultDamaged("A slot's params cannot be read.")
    return params


async def _moved(source: Held) -> list[Plain]:
    source.paused = True
    return await source.everything()


def _create(path: Path, fill: Callable[[sqlite3.Connection], None]) -> bool:
    with told(path):
        return file.create(path, fill)


def _take_back(path: Path, vault_id: bytes) -> None:
    """Remove the file if it is this vault's: whoever made it was cancelled, and has lost its keys."""
    with suppress(VaultError), told(path):
        file.remove(path, vault_id, unread=False)


def _remove(path: Path, vault_id: bytes) -> None:
    with told(path):
        file.remove(path, vault_id)


def _cleared(connection: sqlite3.Connection) -> list[Slot]:
    """Remove every row, and return the slots that there were."""
    with rows.transaction(connection, write=True):
        gone = rows.slots(connection)
        rows.clear(connection)
    return gone
