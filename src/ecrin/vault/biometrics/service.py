"""The calls of the biometric plugins, in Python: what there is, a check of who is there, and what is kept behind it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from ecrin.base.encoding import canonical_json, strict_json
from ecrin.vault.biometrics import rules
from ecrin.vault.biometrics.credentials import GuardedItems
from ecrin.vault.biometrics.gate import Gate
from ecrin.vault.biometrics.model import AccessControl, Availability, Credentials, VerifiedBy, VerifyOptions
from ecrin.vault.biometrics.terms import Item
from ecrin.vault.device.errors import DeviceError
from ecrin.vault.device.here import here
from ecrin.vault.device.model import SensorState
from ecrin.vault.device.ports import Platform
from ecrin.vault.memory import forget
from ecrin.vault.naming import check_app_id
from ecrin.vault.sealed.service import SealedFiles

_DEFAULT = VerifyOptions()


class Biometrics:
    """The biometrics and the passcode of a device (this one, unless `platform` is another), for one app.

    Nothing is touched before the first call. Raises `InvalidConfig` for an id that is no reverse domain name. What is
    kept has a key in the key store: each call for it raises `VaultKeyMissing` if that is gone while there are files,
    `KeyStoreUnavailable`, `KeyStoreLocked`, `VaultUnwritable`. The plugins' error codes and ours: `vault.device.codes`.
    """

    def __init__(self, app_id: str, *, platform: Platform | None = None) -> None:
        check_app_id(app_id)
        device = platform or here()
        self._gate = Gate(device)
        files = SealedFiles(app_id, "biometrics", device)
        self._items = GuardedItems(files, device.clock, self._gate.state, self._by_biometrics)

    async def is_available(self, *, allow_device_credential: bool = False) -> Availability:
        """Return what can be used; with `allow_device_credential` a passcode is enough. Nothing is raised for a no."""
        found: SensorState | DeviceError
        try:
            found = await self._gate.state()
        except DeviceError as error:
            found = error
        secure = await self.has_device_credential()
        return rules.availability(found, secure=secure, allow_device_credential=allow_device_credential)

    async def is_enrolled(self) -> bool:
        """Return whether a finger or face is enrolled; raises `BiometricsUnavailable` without a sensor."""
        return bool((await self._gate.state()).enrolled)

    async def has_device_credential(self) -> bool:
        """Return whether the user's account on this device has a passcode that can be asked for."""
        return await self._gate.has_passcode()

    async def verify(self, options: VerifyOptions = _DEFAULT) -> VerifiedBy:
        """Ask who is there; return what they were recognized by.

        This is a gate and never a lock: whoever can change this program can make it say yes, and no key comes of it.
        Use it before something harmless, and keep secrets in a vault, whose slots give the key only to whom they know.

        Raises `NotRecognized` after the last attempt, `UserCanceled`, `AppCanceled` (by `cancel`), `SystemCanceled`,
        `BiometricsUnavailable`, `BiometricsNotEnrolled`, `BiometricsLockedOut`, `BiometricsPaused`, `NotInteractive`,
        `FallbackChosen`; where the passcode is allowed it is asked for instead of all but the cancellations, and
        `DevicePasscodeNotSet` if there is none. A sensor below what the options want is not asked.
        """
        return await self._gate.verify(options)

    def cancel(self) -> None:
        """Take every prompt of this object away: those who wait get `AppCanceled`."""
        self._gate.cancel()

    async def add_change_listener(self, heard: Callable[[Availability], None]) -> Callable[[], None]:
        """Call `heard` with what is available whenever that may have changed; return what ends it.

        How much is noticed is the platform's matter: on Linux enrolments and readers, not that a finger was deleted.
        """
        loop = asyncio.get_running_loop()
        reports: set[asyncio.Task[None]] = set()

        async def report() -> None:
            heard(await self.is_available())

        def begin() -> None:
            reports.add(task := loop.create_task(report()))
            task.add_done_callback(reports.discard)

        def changed() -> None:
            loop.call_soon_threadsafe(begin)  # a platform may call from a thread of its own

        return await self._gate.sensor().watch(changed)

    async def set_credentials(
        self,
        server: str,
        username: str,
        password: str,
        *,
        access_control: AccessControl = AccessControl.NONE,
        validity_ms: int = 0,
        gate_only: bool = False,
    ) -> None:
        """Keep a name and a password for a server, in the place of those that are there.

        NONE protects against a copy of the files only: whoever runs as this user reads them unasked. CURRENT_SET and
        ANY want biometrics at each read, or once for `validity_ms` milliseconds; these are only a gate here, so they
        want `gate_only=True`, else `GateOnly`. Also raises `BiometricsNotEnrolled`, `BiometricsUnavailable`,
        `VaultFull`.
        """
        secret = canonical_json({"username": username, "password": password})
        await self._set(Item("credentials", server), secret, access_control, validity_ms, gate_only=gate_only)

    async def get_credentials(self, server: str) -> Credentials:
        """Return what is kept unprotected; raises `ItemMissing`, `ItemProtected`, `VaultDamaged` or `VaultNewer`."""
        return _credentials(await self._items.get(Item("credentials", server)))

    async def get_secure_credentials(self, server: str, options: VerifyOptions = _DEFAULT) -> Credentials:
        """Return what is kept under protection, after a check by biometrics (the device's passcode does not do).

        Raises as `verify`; `ItemMissing`; `SlotInvalidated` when other fingers or faces are enrolled than CURRENT_SET
        was set with: then it has been removed.
        """
        return _credentials(await self._items.get_secure(Item("credentials", server), options))

    async def delete_credentials(self, server: str) -> None:
        """Remove what is kept for a server; if nothing is, that is no error."""
        await self._items.delete(Item("credentials", server))

    async def is_saved(self, server: str) -> bool:
        """Return whether credentials are kept for a server, protected or not; raises `VaultDamaged`, `VaultNewer`."""
        return await self._items.is_saved(Item("credentials", server))

    async def set_data(
        self,
        key: str,
        value: str,
        *,
        access_control: AccessControl = AccessControl.NONE,
        validity_ms: int = 0,
        gate_only: bool = False,
    ) -> None:
        """Keep a text under a key, as `set_credentials` does."""
        await self._set(Item("data", key), value.encode(), access_control, validity_ms, gate_only=gate_only)

    async def get_data(self, key: str) -> str:
        """Return a text, as `get_credentials` does."""
        return _text(await self._items.get(Item("data", key)))

    async def get_secure_data(self, key: str, options: VerifyOptions = _DEFAULT) -> str:
        """Return a protected text, as `get_secure_credentials` does."""
        return _text(await self._items.get_secure(Item("data", key), options))

    async def delete_data(self, key: str) -> None:
        """Remove a text; if there is none, that is no error."""
        await self._items.delete(Item("data", key))

    async def is_data_saved(self, key: str) -> bool:
        """Return whether a text is kept under a key, protected or not."""
        return await self._items.is_saved(Item("data", key))

    async def clear(self) -> None:
        """Remove all credentials and texts of the app, readable or not, and their key."""
        await self._items.clear()

    async def _set(
        self, item: Item, secret: bytes, access: AccessControl, validity_ms: int, *, gate_only: bool
    ) -> None:
        try:
            await self._items.set(item, secret, access, validity_ms, gate_only=gate_only)
        finally:
            forget(secret)

    async def _by_biometrics(self, options: VerifyOptions) -> None:
        await self._gate.verify(replace(options, allow_device_credential=False))


def _credentials(secret: bytes) -> Credentials:
    try:
        return Credentials(**strict_json(secret))
    finally:
        forget(secret)


def _text(secret: bytes) -> str:
    try:
        return secret.decode()
    finally:
        forget(secret)
