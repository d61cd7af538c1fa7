"""Credentials and other texts of an app, given out on their terms: freely, or after somebody was recognized.

The gate is a yes or no, and the key lies in the key store, where any process of the user can read it. That keeps a
person who sits down at an open machine away, and no program. Whoever needs more takes a vault with a slot that holds
its key in hardware. So protected terms have to be asked for by name: `gate_only=True`.
"""

from collections.abc import Awaitable, Callable

from ecrin.vault.biometrics import rules
from ecrin.vault.biometrics.model import AccessControl, VerifyOptions
from ecrin.vault.biometrics.terms import Item, Terms
from ecrin.vault.device.errors import ItemMissing, ItemProtected
from ecrin.vault.device.judging import changed, refusal
from ecrin.vault.device.model import Moment, SensorState
from ecrin.vault.device.ports import DeviceClock
from ecrin.vault.errors import GateOnly, InvalidConfig, SlotInvalidated
from ecrin.vault.sealed.format import Sealed
from ecrin.vault.sealed.service import SealedFiles

Verify = Callable[[VerifyOptions], Awaitable[object]]
Look = Callable[[], Awaitable[SensorState]]


class GuardedItems:
    """The items of one app. `look` returns the sensor's state, `verify` asks somebody by biometrics."""

    def __init__(self, files: SealedFiles, clock: DeviceClock, look: Look, verify: Verify) -> None:
        self._files = files
        self._clock = clock
        self._look = look
        self._verify = verify
        self._verified: dict[Item, Moment] = {}

    async def set(self, item: Item, secret: bytes, access: AccessControl, validity_ms: int, *, gate_only: bool) -> None:
        """Keep an item; see `Biometrics.set_credentials`."""
        if validity_ms < 0:
            raise InvalidConfig("A validity is 0 milliseconds or more.")
        enrolled = ""
        if access is not AccessControl.NONE:
            if not gate_only:
                raise GateOnly
            state = await self._look()
            if (error := refusal(state)) is not None:
                raise error
            enrolled = state.enrolled.hex() if access is AccessControl.CURRENT_SET else ""
        self._verified.pop(item, None)
        await self._files.write(item.named(), secret, Terms(access, enrolled, validity_ms).line())

    async def get(self, item: Item) -> bytes:
        """Return an item that is not protected; raises `ItemMissing`, `ItemProtected`, `VaultDamaged`."""
        sealed, terms = await self._found(item)
        if terms.access is not AccessControl.NONE:
            raise ItemProtected
        return await self._files.open(sealed)

    async def get_secure(self, item: Item, options: VerifyOptions) -> bytes:
        """Return a protected item after a check, or within the validity of the last one; see `Biometrics`."""
        sealed, terms = await self._found(item)
        if terms.access is AccessControl.NONE:
            raise ItemMissing("What is kept under this name is not protected.", hint="Set it anew, or read it freely.")
        await self._unchanged(item, terms, options)
        if not rules.still_verified(self._verified.get(item), self._clock.now(), terms.validity_ms):
            await self._verify(options)
            await self._unchanged(item, terms, options)
            self._verified[item] = self._clock.now()
        return await self._files.open(sealed)

    async def delete(self, item: Item) -> None:
        """Remove an item; one that is not there is no error."""
        self._verified.pop(item, None)
        await self._files.remove(item.named())

    async def is_saved(self, item: Item) -> bool:
        """Return whether there is such an item, protected or not."""
        return await self._files.find(item.named()) is not None

    async def clear(self) -> None:
        """Remove all items, readable or not, and their key."""
        self._verified.clear()
        await self._files.clear()

    async def _found(self, item: Item) -> tuple[Sealed, Terms]:
        sealed = await self._files.find(item.named())
        if sealed is None:
            raise ItemMissing("Nothing is kept under this name.", hint="Let the user sign in, and set it.")
        return sealed, Terms.of(sealed.terms)

    async def _unchanged(self, item: Item, terms: Terms, options: VerifyOptions) -> None:
        """Raise, and remove what is bound to a set of fingers that is not the enrolled one any more."""
        state = await self._look()
        if terms.access is AccessControl.CURRENT_SET and changed(terms.enrolled, state):
            await self.delete(item)
            raise SlotInvalidated(hint="It was removed: let the user sign in, and set it anew.")
        if (error := rules.unfit(state, options)) is not None:
            raise error
