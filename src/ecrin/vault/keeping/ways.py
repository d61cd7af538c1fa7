"""Which ways into a vault a device has, and which of them a configuration asks for; never a weaker one unasked.

This is where the vault's parts meet: the only file of the vault that knows every kind of slot and anchor.
"""

from collections.abc import Sequence
from typing import cast

from ecrin.crypto.profiles import DEVICE, Profile
from ecrin.vault.anchors.chip import ChipAnchor
from ecrin.vault.anchors.keystore import KeyStoreAnchor
from ecrin.vault.anchors.nothing import NoAnchor
from ecrin.vault.device.errors import BiometricsUnavailable, ChipUnavailable, KeyStoreUnavailable, Unsupported
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import GateOnly, InvalidConfig, SlotMissing
from ecrin.vault.model import Anchored, Bound, DeviceSecurity, VaultConfig, VaultType
from ecrin.vault.ports import Anchor, DeviceKey, Opener
from ecrin.vault.slots.chip import ChipKey
from ecrin.vault.slots.devicekey import DeviceKeySlot
from ecrin.vault.slots.gate import GateSlot
from ecrin.vault.slots.keystore import KeyStoreKey
from ecrin.vault.slots.passcode import PasscodeSlot
from ecrin.vault.slots.recovery import RecoverySlot
from ecrin.vault.slots.securitykey import SecurityKeySlot

HARDWARE_BIOMETRICS = ("secure-enclave", "windows-hello")


class Ways:
    """The ways of one device. `anchor` is one of the app's own (`Anchored.APP`); `profile` is what a passcode costs."""

    def __init__(self, platform: Platform, anchor: Anchor | None = None, profile: Profile = DEVICE) -> None:
        self._platform = platform
        self._anchor = anchor
        self._profile = profile

    def opener(self, kind: str, bound: Bound = Bound.NOTHING) -> Opener:
        """Return the kind of slot of this name; raises `SlotMissing` for one that this device cannot have."""
        found = {opener.kind: opener for opener in self._openers(bound)}
        if kind not in found:
            raise SlotMissing(
                f"This device has no way in of the kind {kind}.", hint=f"It has: {', '.join(sorted(found))}."
            )
        return found[kind]

    def anchor(self, anchored: Anchored) -> Anchor:
        """Return the anchor of this name; raises an error of the device, or `InvalidConfig`, if there is none."""
        if anchored is Anchored.NOTHING:
            return NoAnchor()
        if anchored is Anchored.APP:
            if self._anchor is None:
                raise InvalidConfig("`Anchored.APP` needs an anchor of the app's: hand it to `Vault`.")
            return self._anchor
        if anchored is Anchored.CHIP:
            if self._platform.chip is None:
                raise ChipUnavailable
            return ChipAnchor(self._platform.chip)
        if self._platform.key_store is None:
            raise KeyStoreUnavailable
        return KeyStoreAnchor(self._platform.key_store)

    def of_type(self, config: VaultConfig) -> list[str]:
        """Return the kinds of slots that a type asks for.

        Raises `GateOnly` where the device could only answer yes or no and `gate_only` does not accept that,
        `KeyStoreUnavailable`, `ChipUnavailable`, `BiometricsUnavailable`, `Unsupported` where it has no such part.
        """
        if config.type is VaultType.IN_MEMORY:
            return []
        if config.type is VaultType.CUSTOM_PASSCODE:
            self._bound(config.bound)
            return ["passcode"]
        if config.type is VaultType.SECURE_STORAGE or config.device_security is DeviceSecurity.NONE:
            self._bound(Bound.KEY_STORE)
            return ["key-store"]
        return self._of_security(config)

    def _of_security(self, config: VaultConfig) -> list[str]:
        both = config.device_security is DeviceSecurity.BOTH
        kinds = []
        if both or config.device_security is DeviceSecurity.BIOMETRICS:
            kinds.append(self._biometrics(config))
        if both or config.device_security is DeviceSecurity.SYSTEM_PASSCODE:
            kinds.append(self._system_passcode(config))
        return kinds

    def _biometrics(self, config: VaultConfig) -> str:
        hardware = [opener.kind for opener in self._own() if opener.kind in HARDWARE_BIOMETRICS]
        if hardware and not config.gate_only:
            return hardware[0]
        if self._platform.sensor is None:
            raise BiometricsUnavailable
        return self._gate("gate-biometrics", config)

    def _system_passcode(self, config: VaultConfig) -> str:
        if self._platform.passcode is None:
            raise Unsupported
        return self._gate("gate-passcode", config)

    def _gate(self, kind: str, config: VaultConfig) -> str:
        if not config.gate_only:
            raise GateOnly
        self._bound(Bound.KEY_STORE)
        return kind

    def _bound(self, bound: Bound) -> None:
        if bound is Bound.KEY_STORE and self._platform.key_store is None:
            raise KeyStoreUnavailable
        if bound is Bound.CHIP and self._platform.chip is None:
            raise ChipUnavailable

    def _own(self) -> Sequence[Opener]:
        return cast("Sequence[Opener]", self._platform.openers)

    def _openers(self, bound: Bound) -> list[Opener]:
        keys = self._device_keys()
        found: list[Opener] = [PasscodeSlot(keys, bound, self._profile), RecoverySlot(), SecurityKeySlot()]
        found += [DeviceKeySlot(name.value, key) for name, key in keys.items()]
        if (key := keys.get(Bound.KEY_STORE)) is not None:
            if self._platform.sensor is not None:
                found.append(GateSlot("gate-biometrics", key, self._platform.sensor))
            if self._platform.passcode is not None:
                found.append(GateSlot("gate-passcode", key, self._platform.passcode))
        return [*found, *self._own()]

    def _device_keys(self) -> dict[Bound, DeviceKey]:
        keys: dict[Bound, DeviceKey] = {}
        if self._platform.key_store is not None:
            keys[Bound.KEY_STORE] = KeyStoreKey(self._platform.key_store)
        if self._platform.chip is not None:
            keys[Bound.CHIP] = ChipKey(self._platform.chip)
        return keys
