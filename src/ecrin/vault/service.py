"""The vault: its verbs, after Identity Vault's (docs/vault.md has the table), for any number of vaults by key.

A `Vault` belongs to one event loop. Reads run inline; key derivation, prompts and fsync leave the loop's thread. Every
verb raises errors of `ecrin.vault.errors` and `ecrin.vault.device.errors`, which `on_error` hears of too.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ecrin.crypto.profiles import DEVICE, Profile
from ecrin.errors import EcrinError
from ecrin.vault.device.here import here
from ecrin.vault.device.model import Notice
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import InvalidConfig, InvalidExport, NotLockable, SlotMissing
from ecrin.vault.format import export
from ecrin.vault.format.entries import Plain, check_name
from ecrin.vault.format.settings import checked
from ecrin.vault.format.slots import Slot
from ecrin.vault.keeping.asking import Asker, Typed, normal
from ecrin.vault.keeping.configuring import Configuring
from ecrin.vault.keeping.held import Held
from ecrin.vault.keeping.keeper import Keeper
from ecrin.vault.keeping.making import params_of
from ecrin.vault.keeping.using import Using
from ecrin.vault.keeping.verbs import verb
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.memory import SecretRoom
from ecrin.vault.model import (
    LockEvent,
    LockReason,
    NewSlot,
    Protection,
    SlotInfo,
    Value,
    VaultConfig,
)
from ecrin.vault.naming import check_app_id, check_key, file_name
from ecrin.vault.ports import Anchor, Hold
from ecrin.vault.store import rows
from ecrin.vault.threads import in_thread
from ecrin.vault.values import plain, value_of


class Vault:
    """The vaults of one app on this device; an object holds one of them, by `VaultConfig.key`.

    `platform` is the device (this one by default), `folder` where files are kept (the user's data folder by default),
    `anchor` a mark of the app's own for `Anchored.APP`, `profile` what a passcode costs. Raises `InvalidConfig` for an
    app id that is no reverse domain name, `Unsupported` on a system that Écrin has no platform for.
    """

    def __init__(
        self,
        app_id: str,
        *,
        platform: Platform | None = None,
        folder: Path | None = None,
        anchor: Anchor | None = None,
        profile: Profile = DEVICE,
    ) -> None:
        check_app_id(app_id)
        device = platform or here()
        self._ways = Ways(device, anchor, profile)
        self._profile = profile
        self._process = os.getpid()
        self._keeper = Keeper(app_id, folder or device.data_folder / file_name(app_id) / "vaults", device, self._ways)
        self._using = Using(self._keeper)
        self._configuring = Configuring(self._keeper)

    # --- its life

    @verb
    async def initialize(self, config: VaultConfig | None = None, passcode: Typed | None = None) -> None:
        """Load the vault of `config.key`, or make it: one that is there keeps the configuration that it has.

        A new one asks for what its type needs (`passcode`, or `on_passcode_requested`) and is open then. One that is
        there is locked, unless its type cannot be or `unlock_on_load` says so. A second call does nothing. Raises
        `InvalidConfig` (also where this object holds a vault of another key), errors of the device, and as `unlock`.
        """
        config = checked(config or VaultConfig())
        check_key(config.key)
        async with self._keeper.turn:
            await self._keeper.drop_cleared()
            if self._keeper.holds(config.key):
                await self._keeper.open_by_itself()
            else:
                await self._keeper.load_or_make(config, passcode)

    def path(self, key: str = "default") -> Path:
        """Return where the vault of a key is kept, if it is there or not; raises `InvalidConfig` for what is no key."""
        check_key(key)
        return self._keeper.path(key)

    def exists(self, key: str = "default") -> bool:
        """Return whether there is a file of this key; raises `InvalidConfig` for what is no key."""
        return self.path(key).exists()

    @verb
    async def load(self, key: str = "default") -> None:
        """Take hold of the vault of a key, locked as it is; nobody is asked. A second call does nothing.

        Raises `VaultNotInitialized` if there is none, `VaultDamaged`, `VaultNewer`.
        """
        check_key(key)
        async with self._keeper.turn:
            await self._keeper.drop_cleared()
            if not self._keeper.holds(key):
                await self._keeper.load(key)

    @property
    def config(self) -> VaultConfig:
        """The configuration as it is; raises `VaultNotInitialized`."""
        return self._keeper.memory or self._keeper.there().settings.config

    @verb
    async def is_empty(self) -> bool:
        """Return whether nothing is kept, also of a vault that is locked; raises `VaultNotInitialized`."""
        return self._using.count() == 0

    @verb
    async def is_locked(self) -> bool:
        """Return whether it is locked; to ask is no use of it. Raises `VaultNotInitialized`."""
        return await self._using.is_locked()

    @verb
    async def close(self) -> None:
        """Lock it, if it is open, and let go of the file; the object can be initialized again.

        Whoever waits for a person gets `SystemCanceled`.
        """
        async with self._keeper.turn.at_once():
            await self._keeper.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- values

    async def set_value(self, name: str, value: Value) -> None:
        """Keep a value (bytes, a text, or what JSON can say) under a name; on disk when this returns.

        Raises `VaultLocked`, `InvalidEntry`, `VaultFull`, `VaultUnwritable`, `VaultBusy`; then nothing was changed.
        """
        await self.set_values({name: value})

    @verb
    async def set_values(self, values: Mapping[str, Value]) -> None:
        """Keep several values in one commit: all of them or none. Raises as `set_value`."""
        plains = [plain(name, value) for name, value in values.items()]
        await self._using.writing(lambda draft: draft.put(plains))

    @verb
    async def get_value(self, name: str) -> Value:
        """Return what a name holds, None if there is nothing; raises `VaultLocked`, `VaultDamaged`."""
        check_name(name)
        found = await self._using.reading(lambda view: view.get(name))
        return None if found is None else value_of(found)

    @verb
    async def remove_value(self, name: str) -> None:
        """Remove a value; none there is no error. Raises as `set_value`."""
        check_name(name)
        await self._using.writing(lambda draft: draft.drop(name))

    @verb
    async def get_keys(self) -> list[str]:
        """Return the names of all values, sorted; raises as `get_value`."""
        return sorted(found.name for found in await self._using.everything())

    # --- lock and unlock

    @verb
    async def lock(self) -> None:
        """Wipe the keys from memory; a vault in memory loses its values. Raises `NotLockable` for SECURE_STORAGE."""
        if not self.config.lockable:
            raise NotLockable
        async with self._keeper.turn.at_once():
            if self._keeper.held is not None:
                await self._keeper.lock(self._keeper.held, LockReason.CALL)

    @verb
    async def unlock(
        self, passcode: Typed | None = None, *, slot: str | None = None, accept_old_copy: bool = False
    ) -> None:
        """Open the vault; one that is open stays so.

        Its slots are tried in turn: what asks nobody, biometrics, a security key, what is typed; one that is not there
        now (no finger enrolled, no key plugged in) is left aside. `slot` names one, by id or kind; `passcode` is for
        that, or else for the passcode. `accept_old_copy` takes the file for the newest, whatever the anchor says.

        Raises `SlotRefused` (`PasscodeMismatch`), `TryLater`, `TooManyAttempts` (then the vault is wiped),
        `SlotInvalidated`, `UserCanceled` and others of the device, `VaultRolledBack`, `AnchorMissing`, `VaultDamaged`.
        """
        async with self._keeper.turn:
            await self._keeper.open(passcode, slot, accept_old_copy=accept_old_copy)

    def background(self) -> None:
        """Say that the app went to the background: `lock_after_background_ms` begins."""
        self._keeper.auto.backgrounded()

    @verb
    async def foreground(self) -> None:
        """Say that the app is in front again; if it was away for too long the vault is locked before this returns."""
        reason = self._keeper.auto.foregrounded()
        if reason is not None:
            await self._keeper.lock_in_turn(reason)

    @verb
    async def touch(self) -> None:
        """Say that the user is active: `lock_after_idle_ms` begins anew. Every verb on values says so too."""
        reason = self._keeper.auto.due()
        if reason is not None:
            await self._keeper.lock_in_turn(reason)

    # --- what is behind a question

    @verb
    async def clear(self, passcode: Typed | None = None) -> None:
        """Ask for authentication, then remove everything: values, slots, what they keep elsewhere, the file.

        `initialize` makes a new one. Raises as `unlock`; for who cannot authenticate any more there is `wipe`.
        """
        async with self._keeper.turn:
            await self._using.authenticate(self._keeper.there(), passcode)
            await self._keeper.end()

    @verb
    async def wipe(self, key: str = "default") -> None:
        """Remove everything and ask nobody: for "I forgot my passcode", and for a file that is damaged.

        `key` names the vault where none is initialized. Whoever waits for a person gets `SystemCanceled`.
        """
        check_key(key)
        async with self._keeper.turn.at_once():
            await self._keeper.end_at(key if self._keeper.is_idle else self.config.key)

    @verb
    async def export_vault(self, passphrase: Typed, passcode: Typed | None = None) -> bytes:
        """Ask for authentication; return all values, sealed by a passphrase of its own (docs/specs/vault-format.md).

        A vault that is locked is opened by that, and stays open. Raises `PasscodeMissing` for an empty passphrase.
        """
        typed = normal(passphrase, what="passphrase")
        try:
            plains = await self._authenticated(passcode)
            return await in_thread(lambda: export.seal(plains, typed, self._profile))
        finally:
            typed[:] = bytes(len(typed))

    @verb
    async def export_vault_unsafe(self, passcode: Typed | None = None) -> dict[str, Value]:
        """Ask for authentication; return all values as they are: whoever gets hold of them has them."""
        return {found.name: value_of(found) for found in await self._authenticated(passcode)}

    @verb
    async def import_vault(self, exported: bytes, passphrase: Typed) -> None:
        """Keep all values of an export, in one commit; others stay. Raises `InvalidExport`, and as `set_value`."""
        if not isinstance(exported, bytes | bytearray):
            raise InvalidExport("An export is bytes.", hint="Hand it over as `export_vault` returned it.")
        typed = normal(passphrase, what="passphrase")
        try:
            found = await in_thread(lambda: export.unseal(exported, typed))
        finally:
            typed[:] = bytes(len(typed))
        plains = {one.name: one for one in found}.values()
        await self._using.writing(lambda draft: draft.put(plains))

    # --- ways in, key and configuration

    @verb
    async def slots(self) -> list[SlotInfo]:
        """Return the ways into the vault, also of one that is locked."""
        held = self._keeper.there()
        return [self._info(held, slot) for slot in held.slots()]

    @verb
    async def add_slot(self, kind: str, passcode: Typed | None = None) -> NewSlot:
        """Add a way into the open vault: "passcode", "recovery", "security-key", "chip", "key-store" or a gate.

        A gate ("gate-biometrics", "gate-passcode") is no lock: naming it accepts that. Raises `SlotMissing` for a kind
        that this device has not, and what enrolling it raises.
        """
        async with self._keeper.turn:
            held = await self._file()
            made = await self._keeper.changing.add(held, kind, self._keeper.ask(self.config, passcode))
            return NewSlot(self._info(held, made.slot), made.shown)

    @verb
    async def remove_slot(self, slot: str) -> None:
        """Remove a way in, by its id, and rotate the key; raises `SlotMissing`, `LastSlot`."""
        async with self._keeper.turn:
            held = await self._file()
            await self._keeper.changing.remove(held, _id(slot))

    @verb
    async def set_custom_passcode(self, passcode: Typed | None = None) -> None:
        """Replace the passcode of a CUSTOM_PASSCODE vault that is open, and rotate the key."""
        async with self._keeper.turn:
            held = await self._file()
            await self._keeper.changing.passcode(held, self._keeper.ask(self.config, passcode))

    @verb
    async def rotate(self) -> None:
        """Seal every value under a new key. One that is broken off goes on when the vault is opened next."""
        async with self._keeper.turn:
            await self._keeper.changing.rotate(await self._file())

    @verb
    async def update_config(self, config: VaultConfig, passcode: Typed | None = None) -> None:
        """Change the configuration of the open vault; another type keeps the values, and asks for what it needs."""
        async with self._keeper.turn:
            await self._using.usable_in_turn()
            if config.key != self.config.key:
                raise InvalidConfig("The key names the vault, and cannot be changed.")
            await self._configuring.configure(checked(config), passcode)

    @verb
    async def protection(self) -> Protection:
        """Return what really holds on this machine; raises `VaultNotInitialized`."""
        config, held = self.config, self._keeper.held
        room = held.opened.keys.room if held is not None and held.opened is not None else SecretRoom(1)
        granted = room.protection
        return Protection(
            type=config.type,
            holds=tuple(self._info(held, slot).hold for slot in held.slots()) if held is not None else (),
            anchored=self._keeper.anchored,
            memory_locked=granted.locked,
            undumped=granted.undumped,
            hears_screen_lock=held is not None and self._keeper.hears,
        )

    # --- events; each returns what ends the listening

    def on_lock(self, listener: Callable[[LockEvent], None]) -> Callable[[], None]:
        """Hear when the vault was locked, and why."""
        return self._keeper.events.locked.add(listener)

    def on_unlock(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Hear when the vault was opened."""
        return self._keeper.events.unlocked.add(lambda _: listener())

    def on_config_changed(self, listener: Callable[[VaultConfig], None]) -> Callable[[], None]:
        """Hear of a new configuration."""
        return self._keeper.events.configured.add(listener)

    def on_error(self, listener: Callable[[EcrinError], None]) -> Callable[[], None]:
        """Hear of every error that a verb raises, and of those that nobody waits for."""
        return self._keeper.events.failed.add(listener)

    def on_notice(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Hear what the user should do while something waits for them: touch the sensor, touch the key."""
        return self._keeper.events.notices.add(listener)

    def on_passcode_requested(self, asker: Asker | None) -> None:
        """Name who asks the user for a passcode, PIN or code; the last one named is called.

        It gets a `PasscodeRequest` and returns what was typed, or None if the user cancelled; it may be a coroutine
        function.
        """
        self._keeper.asker = asker

    # ---

    async def _authenticated(self, passcode: Typed | None) -> Iterable[Plain]:
        async with self._keeper.turn:
            await self._using.authenticate(self._keeper.there(), passcode)
        return await self._using.everything()

    async def _file(self) -> Held:
        held = await self._using.usable_in_turn()
        if held.path is None:
            raise InvalidConfig("A vault in memory has no slots and no key to rotate.")
        return held

    def _info(self, held: Held, slot: Slot) -> SlotInfo:
        failures = held.tries().get(slot.id, rows.NEVER_TRIED).failures
        try:
            hold = self._ways.opener(slot.kind).hold(params_of(slot))
        except SlotMissing:
            hold = Hold.UNKNOWN
        return SlotInfo(slot.id.hex(), slot.kind, hold, slot.id in held.settings.managed, failures)


def _id(slot: str) -> bytes:
    try:
        return bytes.fromhex(slot)
    except ValueError:
        raise SlotMissing from None
