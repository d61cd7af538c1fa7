"""Who keeps one vault in this process: loads or makes it, opens it, locks it, and ends it."""

import sqlite3
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from ecrin.errors import EcrinError
from ecrin.vault.device.errors import DeviceError
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import (
    InvalidConfig,
    SlotRefused,
    TooManyAttempts,
    VaultDamaged,
    VaultLocked,
    VaultNewer,
    VaultNotInitialized,
)
from ecrin.vault.events import Events
from ecrin.vault.format.slots import Slot
from ecrin.vault.keeping.asking import Ask, Asker, Typed
from ecrin.vault.keeping.autolock import AutoLock
from ecrin.vault.keeping.changing import Changing
from ecrin.vault.keeping.guesses import Guesses
from ecrin.vault.keeping.held import Held, Opened
from ecrin.vault.keeping.judging import judged
from ecrin.vault.keeping.making import Maker
from ecrin.vault.keeping.turn import Turn
from ecrin.vault.keeping.unlocking import ASIDE, BY_NAME, Unlocking, candidates
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.model import Anchored, LockEvent, LockReason, VaultConfig, VaultType
from ecrin.vault.naming import file_name
from ecrin.vault.opened.draft import Rekeyed
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.store import file
from ecrin.vault.store.faults import told
from ecrin.vault.threads import in_thread, to_its_end

T = TypeVar("T")
Attempt = Callable[[Slot, Ask, Guesses], Coroutine[Any, Any, T]]
TAKEN = "There is a vault of this key on disk already."
_TIMES = {LockReason.IDLE, LockReason.BACKGROUND}


class Keeper:
    """Keeps the vault that was initialized last. Whoever calls has the `turn`; `lock_in_turn` takes it."""

    def __init__(self, app_id: str, folder: Path, device: Platform, ways: Ways) -> None:
        self.events = Events()
        self.asker: Asker | None = None
        self.turn = Turn()
        self.maker = Maker(app_id, ways, self.turn)
        self.changing = Changing(app_id, ways, self.maker, self.events.failed.tell)
        self.auto = AutoLock(device.clock, self.lock_in_turn)
        self.held: Held | None = None
        self.memory: VaultConfig | None = None  # of a vault in memory that was locked, and so is gone
        self._app_id = app_id
        self._device = device
        self._folder = folder
        self.unlocking = Unlocking(app_id, ways, self.turn, self.events.failed.tell)
        self._unhear: Callable[[], None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no vault was initialized, or the last one has ended."""
        return self.held is None and self.memory is None

    def holds(self, key: str) -> bool:
        """Say whether the vault of this key is held; raises `InvalidConfig` if it is another one."""
        if self.is_idle:
            return False
        config = self.memory or self.there().settings.config
        if config.key != key:
            raise InvalidConfig(
                f"This object holds the vault {config.key}.", hint="`close` it first, or make another `Vault`."
            )
        return True

    def there(self) -> Held:
        """Return the vault; raises `VaultNotInitialized`, `VaultLocked` for one that was in memory."""
        if self.held is None:
            raise VaultNotInitialized if self.memory is None else VaultLocked
        return self.held

    def path(self, key: str) -> Path:
        """Return where the vault of a key is kept."""
        return self._folder / f"{file_name(key)}.ecrin-vault"

    def ask(self, config: VaultConfig, given: Typed | None, guesses: Guesses | None = None) -> Ask:
        """Return whom to ask in one try or enrolment."""
        return Ask(config.texts, given, self.asker, self.events.notices.tell, guesses)

    @property
    def hears(self) -> bool:
        """Whether the desktop's lock and sleep lock the vault."""
        return self._unhear is not None and self.there().settings.config.lock_on_screen_lock

    @property
    def anchored(self) -> Anchored:
        """What notices an old copy of the vault now: nothing while its anchor is out of reach."""
        held = self.held
        if held is None or held.anchoring is None or not held.anchoring.reached:
            return Anchored.NOTHING
        return held.settings.config.anchored

    # --- loading, making, ending

    async def load(self, key: str) -> None:
        """Hold the vault of a key, locked; raises `VaultNotInitialized` if there is none."""
        await self._hold(self.path(key))

    async def drop_cleared(self) -> None:
        """Let go of a locked vault that another process has cleared."""
        if self.held is not None and self.held.opened is None:
            try:
                self.held.slots()
            except VaultNotInitialized:
                await self.let_go(self.held)

    async def open_by_itself(self) -> None:
        """Open a vault that is held and whose type asks nobody, if it could not be opened before."""
        if self.held is not None and not self.held.settings.config.lockable:
            await self.open(None, None, accept_old_copy=False)

    async def load_or_make(self, config: VaultConfig, given: Typed | None) -> None:
        """Hold the vault of the configuration's key, open if it is configured so; a new one is open."""
        path = self.path(config.key)
        if path.exists() and await self._loaded(path, given):
            return
        if config.type is VaultType.IN_MEMORY:
            await self.take_in_memory(*self.maker.make_in_memory(config))
        else:
            await self.make(path, config, given)

    async def make(self, path: Path, config: VaultConfig, given: Typed | None, source: Held | None = None) -> None:
        """Make a vault's file and hold it, open, with the values of `source`, a vault in memory.

        Where another process was faster, its vault is held, as it is; with a `source` that raises `InvalidConfig`.
        """
        keys = await self.maker.make(path, config, self.ask(config, given), source)
        if keys is None and source is not None:
            raise InvalidConfig(TAKEN)
        if keys is None:
            return await self._load(path, given)
        try:
            held = await self._hold(path)
        except BaseException:
            keys.close()
            raise
        return await self.begin(held, await self.unlocking.made(held, keys))

    async def take_in_memory(self, connection: sqlite3.Connection, keys: OpenKeys) -> None:
        """Hold a vault in memory that was just made, open."""
        self.memory, held = None, await self._hold(None, connection)
        await self.begin(held, await self.unlocking.made(held, keys))

    async def took_in(self, held: Held) -> None:
        """Go by the settings that the open vault has now."""
        await self.unlocking.attach(held)
        self.auto.start(held.settings.config)
        await self.listen(held.settings.config)

    async def end(self) -> None:
        """Remove the vault with all that belongs to it; it has to be initialized anew."""
        held, self.held, self.memory = self.held, None, None
        self.auto.stop()
        if held is not None:
            await to_its_end(self._ended(held))

    async def _ended(self, held: Held) -> None:
        open_, saved = held.opened is not None, True
        try:
            await self.maker.end(held)
            saved = False
        finally:
            if open_:
                self.events.locked.tell(LockEvent(timeout=False, saved=saved, reason=LockReason.CALL))

    async def end_at(self, key: str) -> None:
        """Remove the vault of a key, whatever its file is like."""
        path, remove = self.path(key), _remove_none
        if self.is_idle and path.exists():
            try:
                await self._hold(path)
            except VaultNotInitialized:
                pass
            except (VaultDamaged, VaultNewer, InvalidConfig, DeviceError):
                remove = _remove
        if not self.is_idle:
            return await self.end()
        return await in_thread(partial(remove, path))

    async def close(self) -> None:
        """Lock the vault, and let go of its file."""
        if self._unhear is not None:
            self._unhear()
            self._unhear = None
        held = self.held
        try:
            if held is not None:
                await self.lock(held, LockReason.CLOSED)
        finally:  # a listener may have failed
            self.held = self.memory = None
            if held is not None:
                await to_its_end(held.close())

    # --- opening and locking

    async def open(self, given: Typed | None, slot: str | None, *, accept_old_copy: bool) -> None:
        """Open the vault by the first of its slots that can; raises what the first of them raised."""
        if self.held is None and self.memory is not None:
            return await self.take_in_memory(*self.maker.make_in_memory(self.memory))
        held = self.there()
        if held.opened is not None:
            return None

        async def attempt(one: Slot, ask: Ask, guesses: Guesses) -> Opened:
            return await self.unlocking.open(held, one, ask, guesses, accept_old_copy=accept_old_copy)

        try:
            opened = await self.by_slots(held, given, slot, attempt, lambda late: late.keys.close())
        except VaultNotInitialized:
            await self.let_go(held)
            raise
        return await self.begin(held, opened)

    async def begin(self, held: Held, opened: Opened) -> None:
        """Take the vault as open, once it is watched over; a rotation that was broken off is gone on with."""
        moved = self.auto.watches  # its values were open before
        try:
            self.auto.start(held.settings.config)
            await self.listen(held.settings.config)
        except BaseException:
            self.auto.stop()
            opened.keys.close()
            raise
        held.opened = opened
        try:
            await self.changing.resume(held)
        except Rekeyed:
            pass  # by another process, meanwhile: whoever uses the vault next hears of it
        except EcrinError as error:  # it reads as well as before, and the next opening tries again
            self.events.failed.tell(error)
        finally:
            if not moved:
                self.events.unlocked.tell(None)

    async def lock(self, held: Held, reason: LockReason) -> None:
        """Write the mark, wipe the keys, tell the app, and then the anchor, which may take its time."""
        if held.opened is None:
            return
        try:
            await to_its_end(self._shut(held, reason))
        finally:  # also where a listener failed, or this was cancelled
            await self._follow(held)

    async def _shut(self, held: Held, reason: LockReason) -> None:
        self.auto.stop()
        config, held.paused = held.settings.config, True
        try:
            if held.anchoring is not None:
                await held.anchoring.stop()
                await held.anchoring.mark()
        except (EcrinError, Rekeyed) as error:
            self.events.failed.tell(error if isinstance(error, EcrinError) else VaultLocked())
        finally:
            await held.shut()
            held.paused = False
            if held.anchoring is not None:
                await held.anchoring.stop()  # a write that ended meanwhile has begun it anew
            if held.path is None:
                await held.close()
                self.held, self.memory = None, config
            self.events.locked.tell(LockEvent(reason in _TIMES, held.path is not None, reason))

    async def _follow(self, held: Held) -> None:
        if held.anchoring is not None:
            try:
                await held.anchoring.follow()
            except EcrinError as error:
                self.events.failed.tell(error)

    # ---

    async def listen(self, config: VaultConfig) -> None:
        """Hear the desktop from now on, if a vault of this configuration can be locked by it."""
        if config.lockable and config.lock_on_screen_lock and self._unhear is None:
            self._unhear = await self.auto.hear(self._device.signals)

    async def _hold(self, path: Path | None, memory: sqlite3.Connection | None = None) -> Held:
        held = Held(path, memory)
        try:
            self._check_name(held)
            await self.unlocking.attach(held)
        except BaseException:
            await held.close()
            raise
        self.held = held
        return held

    def _check_name(self, held: Held) -> None:
        """Refuse a vault of another app, or of another name: what opens that one may open it here too."""
        whose = (held.settings.app, held.path and self.path(held.settings.config.key))
        if whose != (self._app_id, held.path):
            raise VaultDamaged("This is the file of another vault.")

    async def _loaded(self, path: Path, given: Typed | None) -> bool:
        """Hold the vault of a file; say if it is one: who ended while clearing a vault leaves none."""
        try:
            await self._load(path, given)
        except VaultNotInitialized:
            await self.let_go(self.held)
            return False
        return True

    async def let_go(self, held: Held | None) -> None:
        """Hold nothing any more: another process has cleared the vault."""
        self.held = None
        if held is not None:
            await to_its_end(held.close())

    async def _load(self, path: Path, given: Typed | None) -> None:
        held = await self._hold(path)
        config = held.settings.config
        if not config.lockable or config.unlock_on_load:
            await self.open(given, None, accept_old_copy=False)

    async def by_slots(
        self, held: Held, given: Typed | None, slot: str | None, attempt: Attempt[T], undo: Callable[[T], object]
    ) -> T:
        """Return what `attempt` returns for the first slot that is there; raises what the first of them raised.

        `undo` gets what came of one that was cancelled.
        """
        if held.opened is None:
            await self.unlocking.refresh(held)
        config, first = held.settings.config, cast("EcrinError | None", None)
        for one in candidates(held.slots(), slot or ("passcode" if given is not None else None)):
            guesses = Guesses(held.writer, self._device.clock, one.id, one.kind, config.wipe_after)
            try:
                return await judged(attempt(one, self.ask(config, given, guesses), guesses), guesses, undo)
            except TooManyAttempts:
                guesses.release()
                await self.end()
                raise
            except ASIDE as error:
                first = first or error
            except SlotRefused as error:
                if one.kind not in BY_NAME:
                    raise
                first = first or error  # a code may be that of another slot
            finally:
                guesses.release()
        raise first or VaultLocked

    async def lock_in_turn(self, reason: LockReason) -> None:
        """Take the turn, also from who waits for an answer of the app's, and lock the vault."""
        async with self.turn.at_once():
            if self.held is not None:
                await self.lock(self.held, reason)


def _remove_none(path: Path) -> None:
    """Remove a file that is no vault, or none any more; one that another process has made meanwhile is left."""
    with told(path):
        file.remove(path, b"")


def _remove(path: Path) -> None:
    with told(path):
        file.remove(path)
