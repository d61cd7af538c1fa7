"""How a vault is opened: which slots are tried, what is counted before, and what is checked before anything is read.

In this order: the anchor is read; the slot gives its secret; manifest, slots and entries are compared with each other;
the file's mark with the anchor's. Only then the vault is open.
"""

import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from ecrin.errors import EcrinError
from ecrin.vault.device import errors as device
from ecrin.vault.errors import (
    AnchorMissing,
    PasscodeMismatch,
    PasscodeMissing,
    SlotInvalidated,
    SlotMissing,
    SlotRefused,
    TooManyAttempts,
    TryLater,
    VaultBusy,
    VaultDamaged,
    VaultError,
    VaultRolledBack,
)
from ecrin.vault.format import slots
from ecrin.vault.format.keys import SECRET_BYTES
from ecrin.vault.format.settings import Settings, decode
from ecrin.vault.format.slots import Slot
from ecrin.vault.keeping.anchoring import Anchoring, fresh
from ecrin.vault.keeping.asking import Ask
from ecrin.vault.keeping.guesses import WIPING, Guesses
from ecrin.vault.keeping.held import Held, Opened
from ecrin.vault.keeping.making import params_of
from ecrin.vault.keeping.turn import Turn
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.memory import SecretRoom
from ecrin.vault.model import Anchored
from ecrin.vault.opened.draft import Rekeyed
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.opened.view import View
from ecrin.vault.ports import Place
from ecrin.vault.store import rows
from ecrin.vault.store.rows import Head

# What leaves a slot aside for the next one: nobody was judged, and this way is not there now.
ASIDE = (
    device.FallbackChosen,
    device.NotInteractive,
    device.BiometricsUnavailable,
    device.BiometricsNotEnrolled,
    device.BiometricsLockedOut,
    device.BiometricsPaused,
    device.DevicePasscodeNotSet,
    device.KeyStoreUnavailable,
    device.KeyStoreLocked,
    device.ItemMissing,
    device.ChipUnavailable,
    device.ChipLockedOut,
    device.SecurityKeyUnavailable,
    device.SecurityKeyBlocked,
    device.Unsupported,
    SlotInvalidated,
    SlotMissing,
    PasscodeMissing,
    TryLater,
)
UNREACHABLE = -1  # below every mark
BY_NAME = ("recovery",)  # kinds that are tried by name only
ORDER = ("key-store", "chip", "secure-enclave", "windows-hello", "gate-biometrics", "security-key", "gate-passcode")


def candidates(found: Sequence[Slot], slot: str | None) -> list[Slot]:
    """Return the slots to try, in order: what asks nobody first, what has to be typed last.

    With `slot`, an id or a kind, those alone. Raises `SlotMissing` if there is none.
    """
    if slot is not None:
        chosen = [s for s in found if slot in (s.id.hex(), s.kind)]
    else:
        chosen = sorted((s for s in found if s.kind not in BY_NAME), key=_place)
    if not chosen and found and slot is None:
        raise SlotMissing(
            "Only a recovery code opens this vault.", hint='Try it by name: `unlock(code, slot="recovery")`.'
        )
    if not chosen and slot in WIPING:
        raise SlotMissing("No passcode opens this vault.")
    if not chosen:
        raise SlotMissing
    return chosen


def _place(slot: Slot) -> int:
    return ORDER.index(slot.kind) if slot.kind in ORDER else len(ORDER)


class Unlocking:
    """Opens the vaults of one app."""

    def __init__(self, app_id: str, ways: Ways, turn: Turn, failed: Callable[[EcrinError], None]) -> None:
        self._app_id = app_id
        self._ways = ways
        self._turn = turn
        self._failed = failed

    async def attach(self, held: Held) -> None:
        """Give a vault the anchoring of its settings; raises an error of the device if its anchor cannot be here."""
        old, anchored = held.anchoring, held.settings.config.anchored
        if held.path is None or anchored is Anchored.NOTHING:
            held.anchoring = None
        else:
            anchor, leads = self._ways.anchor(anchored), held.settings.anchor
            held.anchoring = Anchoring(anchor, self._app_id, held.vault_id, leads, held.write_mark, self._failed)
            if old is not None:
                held.anchoring.reached = old.reached
            if held.opened is not None:
                held.anchoring.changed()  # also for what the old one was at, and for writes before it was there
        if old is not None:  # last: whoever cancels this finds the anchoring of the settings
            await old.stop()

    async def made(self, held: Held, keys: OpenKeys) -> Opened:
        """Open a vault that was just made, by its keys."""
        try:
            return await _opening(held, lambda: _opened(held, keys))
        except BaseException:
            keys.close()
            raise

    async def secret(self, held: Held, slot: Slot, ask: Ask, guesses: Guesses) -> SecretRoom:
        """Return the secret of a slot; raises what its kind raises, `TooManyAttempts` after the last try."""
        place = Place(self._app_id, held.vault_id, slot.id)
        async with self._judged(slot, guesses):
            return await self._turn.answered(self._ways.opener(slot.kind).secret(place, params_of(slot), ask))

    async def refresh(self, held: Held) -> None:
        """Take in the settings as the file has them now: another process may have changed them since it was loaded."""
        settings = held.reloaded()
        if settings != held.settings:
            held.settings = settings
            await self.attach(held)

    async def open(self, held: Held, slot: Slot, ask: Ask, guesses: Guesses, *, accept_old_copy: bool) -> Opened:
        """Open a vault by one slot; raises what the slot's kind raises, and what is found wrong with the file."""
        settings = held.settings
        anchored = await _anchored(held, accept_old_copy=accept_old_copy)
        secret = await self.secret(held, slot, ask, guesses)
        try:
            async with self._judged(slot, guesses):
                opened = await _opening(held, lambda: _load(held, slot.id, secret))
        except VaultDamaged:
            with suppress(VaultError):  # the file is to blame, not who tries
                await guesses.reset()
            raise
        finally:
            secret.close()
        try:
            await guesses.reset()
            await self._check_unchanged(held, settings)
            if anchored != UNREACHABLE:
                await self._compare(held, opened, anchored, accept_old_copy=accept_old_copy)
        except BaseException:
            opened.keys.close()
            raise
        return opened

    async def _check_unchanged(self, held: Held, settings: Settings) -> None:
        """Refuse settings that came between: then it was not the right anchor that was read."""
        if held.settings != settings:
            await self.attach(held)
            raise VaultBusy("The configuration was changed meanwhile.")

    @asynccontextmanager
    async def _judged(self, slot: Slot, guesses: Guesses) -> AsyncIterator[None]:
        """Raise what a refusal is; a try that something else ended is taken back where nobody was judged by it."""
        try:
            yield
        except SlotRefused as error:
            raise await self._refusal(slot, guesses, error) from None
        except BaseException as error:
            with suppress(VaultError):
                await guesses.take_back(error)
            raise

    async def _refusal(self, slot: Slot, guesses: Guesses, error: SlotRefused) -> VaultError:
        """Return what a failed try is: of a passcode, the last one of all, or what its slot says."""
        if await guesses.exhausted():
            return TooManyAttempts()
        return PasscodeMismatch() if slot.kind in WIPING else SlotRefused(error.detail)

    async def _compare(self, held: Held, opened: Opened, anchored: int | None, *, accept_old_copy: bool) -> None:
        """Compare the file with its anchor, which was read before it."""
        mark = opened.view.manifest.mark
        try:
            fresh(anchored, mark)
        except (AnchorMissing, VaultRolledBack):
            if not accept_old_copy:
                raise
            await self._adopt(held, opened, anchored)
            return
        if anchored != mark and held.anchoring is not None:
            await held.anchoring.advance(mark)  # a process ended between the two steps of an anchoring

    async def _adopt(self, held: Held, opened: Opened, anchored: int | None) -> None:
        """Take the file as the newest: with the anchor that there is, or with a new one."""
        settings, mark = held.settings, anchored
        if mark is None:
            leads, mark = await self._ways.anchor(settings.config.anchored).create(self._app_id, held.vault_id)
            settings = replace(settings, anchor=leads)
        await self._rewrite(held, opened, settings, mark)

    async def _rewrite(self, held: Held, opened: Opened, settings: Settings, mark: int) -> None:
        floor = opened.view.manifest.counter
        encoded = settings.encode()
        changed = await held.writer.change(opened.keys, floor, lambda draft: draft.set(mark=mark, settings=encoded))
        opened.view.apply(changed)
        held.settings = settings
        await self.attach(held)

    async def authenticate(self, held: Held, slot: Slot, ask: Ask, guesses: Guesses) -> None:
        """Accept whoever opens a slot of a vault that is open; raises as `open`."""
        key = held.open().keys.secret
        again = SecretRoom(len(key))
        try:
            epoch = await self._unwrapped(held, slot, ask, guesses, again)
            await guesses.reset()
            if epoch != held.open().keys.current.epoch:
                raise Rekeyed  # it was right, of another time
            if not hmac.compare_digest(again.view, key):
                raise VaultDamaged
        finally:
            again.close()

    async def _unwrapped(self, held: Held, slot: Slot, ask: Ask, guesses: Guesses, out: SecretRoom) -> int:
        secret = await self.secret(held, slot, ask, guesses)
        try:
            async with self._judged(slot, guesses):
                return slots.unwrap(held.vault_id, slot, secret.view, out.view)
        finally:
            secret.close()


async def _anchored(held: Held, *, accept_old_copy: bool) -> int | None:
    """Return what the anchor stands at, `UNREACHABLE` if nothing is compared; raises errors of the device."""
    if held.anchoring is None:
        return UNREACHABLE
    try:
        return await held.anchoring.read()
    except device.DeviceError:
        if accept_old_copy:  # who says so gets in by a recovery code, also where the key store is gone
            return UNREACHABLE
        raise


async def _opening(held: Held, work: Callable[[], Opened]) -> Opened:
    """Return what `work` opens, in the writer's thread; who cancels this leaves nothing open."""
    made: list[Opened] = []
    try:
        await held.writer.run(lambda _: made.append(work()))
    except BaseException:
        for opened in made:
            opened.keys.close()
        raise
    return made[0]


def _load(held: Held, slot_id: bytes, secret: SecretRoom) -> Opened:
    """Open the file by a slot's secret, as one transaction sees it."""
    with rows.transaction(held.reader, write=False):
        head = rows.head(held.reader)
        return _checked(held, OpenKeys(_vault_key(held, head, slot_id, secret), held.vault_id, head.epoch))


def _vault_key(held: Held, head: Head, slot_id: bytes, secret: SecretRoom) -> SecretRoom:
    found = [slot for slot in rows.slots(held.reader) if slot.id == slot_id]
    if not found:
        raise SlotMissing
    key = SecretRoom(SECRET_BYTES)
    try:
        epoch = slots.unwrap(held.vault_id, found[0], secret.view, key.view)
    except BaseException:
        key.close()
        raise
    if epoch != head.epoch:
        key.close()
        raise VaultDamaged("A slot is of another epoch than the vault.")
    return key


def _opened(held: Held, keys: OpenKeys) -> Opened:
    with rows.transaction(held.reader, write=False):
        return _checked(held, keys)


def _checked(held: Held, keys: OpenKeys) -> Opened:
    view = View(held.reader, keys)
    try:
        held.settings = decode(view.load().settings)
    except BaseException:
        keys.close()
        raise
    return Opened(keys, view)
