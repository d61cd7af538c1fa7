"""Who keeps one vault in this process: loads or makes it, opens it, locks it, and ends it."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

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
from ecrin.vault.format.entries import Plain
from ecrin.vault.format.slots import Slot
from ecrin.vault.keeping.asking import Ask, Asker, Typed
from ecrin.vault.keeping.autolock import AutoLock
from ecrin.vault.keeping.changing import Changing
from ecrin.vault.keeping.guesses import Guesses
from ecrin.vault.keeping.held import Held, Opened
from ecrin.vault.keeping.making import Maker
from ecrin.vault.keeping.turn import Turn
from ecrin.vault.keeping.unlocking import ASIDE, BY_NAME, Unlocking, candidates
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.model import LockEvent, LockReason, VaultConfig, VaultType
from ecrin.vault.naming import file_name
from ecrin.vault.opened.draft import Rekeyed
from ecrin.vault.store import file
from ecrin.vault.store.faults import told
from ecrin.vault.threads import in_thread

T = TypeVar("T")
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

    # --- loading, making, ending

    async def load(self, key: str) -> None:
        """Hold the vault of a key, locked; raises `VaultNotInitialized` if there is none."""
        await self._hold(self.path(key))

    async def load_or_make(self, config: VaultConfig, given: Typed | None) -> None:
        """Hold the vault of the configuration's key, open if it is configured so; a new one is open."""
        path = self.path(config.key)
        if path.exists() and await self._loaded(path, given):
            return
        if config.type is VaultType.IN_MEMORY:
            await self.make_in_memory(config)
        else:
            await self.make(path, config, given)

    async def make(self, path: Path, config: VaultConfig, given: Typed | None, plains: Iterable[Plain] = ()) -> None:
        """Make a vault's file and hold it, open; where another process was faster, its vault, as it is."""
        keys = await self.maker.make(path, config, self.ask(config, given), plains)
        if keys is None:
            return await self._load(path, given)
        held = await self._hold(path)
        return await self.begin(held, await self.unlocking.made(held, keys))

    async def make_in_memory(self, config: VaultConfig, plains: Iterable[Plain] = ()) -> None:
        """Make a vault in memory and hold it, open."""
        connection, keys = self.maker.make_in_memory(config, plains)
        self.memory, held = None, await self._hold(None, connection)
        await self.begin(held, await self.unlocking.made(held, keys))

    async def configure(self, config: VaultConfig, given: Typed | None) -> None:
        """Change the configuration of the open vault; into memory and out of it its values move."""
        held, old = self.there(), self.there().settings.config
        if old.type is VaultType.IN_MEMORY and config.type is VaultType.IN_MEMORY:
            held.settings = replace(held.settings, config=config)
            await self.took_in(held)
        elif VaultType.IN_MEMORY in (old.type, config.type):
            await self._move(held, config, given)
        else:
            try:
                await self.changing.configure(held, config, self.ask(config, given))
            finally:  # also where it was broken off after its commit
                with suppress(Rekeyed):
                    held.caught_up()
                await self.took_in(held)
        self.events.configured.tell(config)

    async def took_in(self, held: Held) -> None:
        """Go by the settings that the open vault has now."""
        await self.unlocking.attach(held)
        self.auto.start(held.settings.config)
        await self._listen()

    async def end(self) -> None:
        """Remove the vault with all that belongs to it; it has to be initialized anew."""
        held, self.held, self.memory = self.held, None, None
        self.auto.stop()
        if held is not None:
            await self.maker.end(held)

    async def end_at(self, key: str) -> None:
        """Remove the vault of a key, whatever its file is like."""
        path = self.path(key)
        if self.is_idle and path.exists():
            with suppress(VaultDamaged, VaultNewer, VaultNotInitialized, InvalidConfig, DeviceError):
                await self._hold(path)
        if not self.is_idle:
            await self.end()
        else:
            await in_thread(lambda: _remove(path))

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
            if held is not None:
                await held.close()
            self.held = self.memory = None

    # --- opening and locking

    async def open(self, given: Typed | None, slot: str | None, *, accept_old_copy: bool) -> None:
        """Open the vault by the first of its slots that can; raises what the first of them raised."""
        if self.held is None and self.memory is not None:
            return await self.make_in_memory(self.memory)
        held = self.there()
        if held.opened is not None:
            return None

        async def attempt(one: Slot, ask: Ask, guesses: Guesses) -> Opened:
            return await self.unlocking.open(held, one, ask, guesses, accept_old_copy=accept_old_copy)

        return await self.begin(held, await self.by_slots(held, given, slot, attempt))

    async def begin(self, held: Held, opened: Opened) -> None:
        """Take the vault as open from now on; a rotation that was broken off is gone on with."""
        held.opened = opened
        self.auto.start(held.settings.config)
        await self._listen()
        try:
            await self.changing.resume(held)
        except Rekeyed:
            pass  # by another process, meanwhile: whoever uses the vault next hears of it
        except EcrinError as error:  # it reads as well as before, and the next opening tries again
            self.events.failed.tell(error)
        self.events.unlocked.tell(None)

    async def lock(self, held: Held, reason: LockReason) -> None:
        """Write the mark, wipe the keys, tell the app, and then the anchor, which may take its time."""
        if held.opened is None:
            return
        self.auto.stop()
        config, mark = held.settings.config, None
        try:
            if held.anchoring is not None:
                await held.anchoring.stop()
                mark = await held.anchoring.mark()
        except (EcrinError, Rekeyed) as error:
            self.events.failed.tell(error if isinstance(error, EcrinError) else VaultLocked())
        finally:
            await held.shut()
        if held.path is None:
            await held.close()
            self.held, self.memory = None, config
        self.events.locked.tell(LockEvent(reason in _TIMES, held.path is not None, reason))
        if mark is not None and held.anchoring is not None:
            try:
                await held.anchoring.advance(mark)
            except EcrinError as error:
                self.events.failed.tell(error)

    # ---

    async def _listen(self) -> None:
        """Hear the desktop from now on, if the vault can be locked by it."""
        config = self.there().settings.config
        if config.lockable and config.lock_on_screen_lock and self._unhear is None:
            self._unhear = await self.auto.hear(self._device.signals)

    async def _hold(self, path: Path | None, memory: sqlite3.Connection | None = None) -> Held:
        held = Held(path, memory)
        try:
            self._check_key(held)
            await self.unlocking.attach(held)
        except BaseException:
            await held.close()
            raise
        self.held = held
        return held

    def _check_key(self, held: Held) -> None:
        if held.path is not None and held.path != self.path(held.settings.config.key):
            raise VaultDamaged("This is the file of another vault.")

    async def _loaded(self, path: Path, given: Typed | None) -> bool:
        """Hold the vault of a file; say if it is one: who ended while clearing a vault leaves none."""
        try:
            await self._load(path, given)
        except VaultNotInitialized:
            held, self.held = self.held, None
            if held is not None:
                await held.close()
            return False
        return True

    async def _load(self, path: Path, given: Typed | None) -> None:
        held = await self._hold(path)
        config = held.settings.config
        if not config.lockable or config.unlock_on_load:
            await self.open(given, None, accept_old_copy=False)

    async def by_slots(
        self, held: Held, given: Typed | None, slot: str | None, attempt: Callable[[Slot, Ask, Guesses], Awaitable[T]]
    ) -> T:
        """Return what `attempt` returns for the first slot that is there; raises what the first of them raised."""
        if held.opened is None:
            await self.unlocking.refresh(held)
        config, first = held.settings.config, cast("EcrinError | None", None)
        for one in candidates(held.slots(), slot or (given and "passcode") or None):
            guesses = Guesses(held.writer, self._device.clock, one.id, one.kind, config.wipe_after)
            try:
                return await attempt(one, self.ask(config, given, guesses), guesses)
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

    async def _move(self, held: Held, config: VaultConfig, given: Typed | None) -> None:
        """Make a new vault of another kind with the same values, and end the old one."""
        plains = await held.everything()
        if config.type is VaultType.IN_MEMORY:
            await self.make_in_memory(config, plains)
        elif self.path(config.key).exists():
            raise InvalidConfig("There is a vault of this key on disk already.")
        else:
            await self.make(self.path(config.key), config, given, plains)
        await self.maker.end(held)

    async def lock_in_turn(self, reason: LockReason) -> None:
        """Take the turn, also from who waits for an answer of the app's, and lock the vault."""
        async with self.turn.at_once():
            if self.held is not None:
                await self.lock(self.held, reason)


def _remove(path: Path) -> None:
    with told(path):
        file.remove(path)
