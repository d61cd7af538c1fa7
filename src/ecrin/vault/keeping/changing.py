"""How an open vault's ways in, key and configuration are changed: each in one commit, under a new key where one ends.

Whoever had a way in had the vault key. So when a slot ends the key is rotated with it: the slots that stay get the new
one (nobody is asked), every value is sealed anew, and the removed slot opens an old copy at most.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from ecrin.errors import EcrinError
from ecrin.vault.errors import (
    InvalidConfig,
    LastSlot,
    SlotMissing,
    VaultBusy,
    VaultError,
    VaultLocked,
    VaultNotInitialized,
)
from ecrin.vault.format.settings import Settings
from ecrin.vault.format.slots import Slot
from ecrin.vault.keeping.guesses import WIPING, forget
from ecrin.vault.keeping.held import Held
from ecrin.vault.keeping.making import Made, Maker
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.model import VaultConfig, VaultType
from ecrin.vault.opened.draft import Draft, Rekeyed
from ecrin.vault.ports import Asking
from ecrin.vault.threads import to_its_end

BATCH = 500  # entries that a rotation seals in one commit
_TYPE = ("type", "device_security", "gate_only", "bound")


class Changing:
    """Changes the vaults of one app on one device."""

    def __init__(self, app_id: str, ways: Ways, maker: Maker, failed: Callable[[EcrinError], None]) -> None:
        self._app_id = app_id
        self._ways = ways
        self._maker = maker
        self._failed = failed

    async def rotate(self, held: Held) -> None:
        """Seal everything under a new vault key; an end in between is gone on from."""
        await self._begin(held, lambda _: None)
        await self.resume(held)

    async def _rotate_with(self, held: Held, edit: Callable[[Draft], object]) -> None:
        """Commit an edit with a new vault key. From then on it is done: what fails behind it is told, not raised."""
        await self._begin(held, edit)
        try:
            await self.resume(held)
        except (EcrinError, Rekeyed) as error:
            self._failed(error if isinstance(error, EcrinError) else VaultLocked())

    async def _begin(self, held: Held, edit: Callable[[Draft], object]) -> None:
        await self.resume(held)
        opened = held.open()
        keys = opened.keys.next()

        def begin(draft: Draft) -> None:
            edit(draft)
            draft.rekey(keys)

        try:
            await held.change(begin)
        except BaseException:
            keys.close()
            raise
        old, opened.keys = opened.keys, keys
        opened.view.rekeyed(keys)
        try:
            await held.writer.settled()  # what was given before still uses the old ones
        finally:
            old.close()

    async def resume(self, held: Held) -> None:
        """End a rotation that is under way, if one is; another process may be at it too."""
        held.read(lambda view: view.refresh())  # never by what was known: `settled` forgets a key
        while held.open().view.manifest.previous:
            await held.change(lambda draft: draft.reseal(BATCH))
            held.read(lambda view: view.refresh())
        held.open().keys.settled()

    async def add(self, held: Held, kind: str, asking: Asking) -> Made:
        """Add a slot; raises `InvalidConfig` for a second passcode, and what its kind raises."""
        if kind in WIPING and any(slot.kind == kind for slot in held.slots()):
            raise InvalidConfig("There is a passcode already.", hint="`set_custom_passcode` replaces that of the type.")
        made = await self._maker.enrol(kind, held.open().keys, held.settings.config.bound, asking)
        await self._tidied(held, [made], [], held.change(lambda draft: draft.put_slot(made.slot)))
        return made

    async def remove(self, held: Held, slot_id: bytes) -> None:
        """Remove a slot; raises `SlotMissing`, `LastSlot`."""
        found = held.slots()
        gone = [slot for slot in found if slot.id == slot_id]
        if not gone:
            raise SlotMissing
        if len(found) == 1:
            raise LastSlot
        managed = tuple(id_ for id_ in held.settings.managed if id_ != slot_id)
        old, settings = held.settings, replace(held.settings, managed=managed)
        commit = self._rotate_with(held, lambda draft: _replace(draft, old, gone, [], settings))
        await self._tidied(held, [], gone, commit)

    async def passcode(self, held: Held, asking: Asking) -> None:
        """Replace the passcode; raises `InvalidConfig` for a vault of another type."""
        if held.settings.config.type is not VaultType.CUSTOM_PASSCODE:
            raise InvalidConfig("This vault has another type than CUSTOM_PASSCODE.")
        await self._retype(held, held.settings, held.settings, asking)

    async def configure(self, held: Held, config: VaultConfig, asking: Asking) -> None:
        """Change the configuration of a vault that stays in its file; its values and its other slots are kept."""
        old, settings = held.settings, replace(held.settings, config=config)
        if config.anchored is old.config.anchored:
            return await self._configure(held, old, settings, None, asking)
        try:
            leads, mark = await self._maker.anchor(config.anchored, held.vault_id)
        except BaseException:
            await to_its_end(self._again(held, replace(settings, anchor={})))
            raise
        settings = replace(settings, anchor=leads)
        try:
            await self._configure(held, old, settings, mark, asking)
        finally:
            await to_its_end(self._forget_other(held, old, settings))
        return None

    async def _forget_other(self, held: Held, *both: Settings) -> None:
        """Remove the anchor that the file does not name, whatever became of the commit."""
        for one in both:
            if not _names(held, one):
                await self._maker.forget_anchor(one.config, held.vault_id, one.anchor)
                await self._again(held, one)

    async def _again(self, held: Held, gone: Settings) -> None:
        """Make an anchor anew that was removed, and that another process has made the file's meanwhile."""
        if _names(held, gone):
            with suppress(EcrinError):
                await self._ways.anchor(gone.config.anchored).create(self._app_id, held.vault_id)

    async def _configure(self, held: Held, old: Settings, settings: Settings, mark: int | None, asking: Asking) -> None:
        if settings.config.wipe_after != old.config.wipe_after:  # those before were made under another rule
            await held.writer.run(forget)
        if any(getattr(settings.config, name) != getattr(old.config, name) for name in _TYPE):
            await self._retype(held, old, settings, asking, mark)
        elif mark is not None:  # under a new key, so that other processes take in the new anchor
            await self._rotate_with(held, lambda draft: _settle(draft, old, settings, mark))
        else:
            await held.change(lambda draft: _settle(draft, old, settings, mark))

    async def _retype(
        self, held: Held, old: Settings, settings: Settings, asking: Asking, mark: int | None = None
    ) -> None:
        """Replace the slots that belong to the type."""
        made: list[Made] = []
        kinds = [kind for kind in self._ways.of_type(settings.config) if kind in WIPING]  # of those there is one
        gone = [slot for slot in held.slots() if slot.id in old.managed or slot.kind in kinds]
        await self._tidied(held, made, gone, self._put(held, old, settings, mark, asking, made, gone))

    async def _put(
        self,
        held: Held,
        old: Settings,
        settings: Settings,
        mark: int | None,
        asking: Asking,
        made: list[Made],
        gone: Sequence[Slot],
    ) -> None:
        for kind in self._ways.of_type(settings.config):  # one by one: what was made is known if the next one fails
            made += [await self._maker.enrol(kind, held.open().keys, settings.config.bound, asking)]
        settings = replace(settings, managed=tuple(one.slot.id for one in made))
        await self._rotate_with(held, lambda draft: _replace(draft, old, gone, made, settings, mark))

    async def _tidied(self, held: Held, made: Sequence[Made], gone: Sequence[Slot], commit: Awaitable[object]) -> None:
        """Await a commit, and remove what slots keep outside that are not in the file then, whatever became of it."""
        try:
            await commit
        finally:
            with suppress(VaultError):
                there = _ids(held)
                left = [slot for slot in (*gone, *(one.slot for one in made)) if slot.id not in there]
                await to_its_end(self._maker.withdraw(held.vault_id, left))


def _names(held: Held, settings: Settings) -> bool:
    """Say whether the file names the anchor of these settings; so does one that cannot be read now."""
    try:
        now = held.reloaded()
    except VaultNotInitialized:  # another process has cleared it
        return False
    except VaultError:
        return True
    return (now.config.anchored, now.anchor) == (settings.config.anchored, settings.anchor)


def _ids(held: Held) -> set[bytes]:
    try:
        return {slot.id for slot in held.slots()}
    except VaultNotInitialized:  # another process has cleared it
        return set()


def _replace(
    draft: Draft,
    old: Settings,
    gone: Sequence[Slot],
    made: Sequence[Made],
    settings: Settings,
    mark: int | None = None,
) -> None:
    for slot in gone:
        draft.drop_slot(slot.id)
    for one in made:
        draft.put_slot(one.slot)
    _settle(draft, old, settings, mark)


def _settle(draft: Draft, old: Settings, settings: Settings, mark: int | None) -> None:
    """Write settings in the place of the old ones; raises `VaultBusy` if another process has changed those."""
    if draft.manifest.settings != old.encode():
        raise VaultBusy("The configuration was changed meanwhile.")
    draft.set(settings=settings.encode(), **({} if mark is None else {"mark": mark}))
