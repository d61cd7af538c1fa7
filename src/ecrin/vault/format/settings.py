"""The settings in a vault's manifest ("Settings" in docs/specs/vault-format.md): app, configuration, slots, anchor.

They stand in the clear too, for a vault that is locked must know how it locks; opening it compares both.
"""

from dataclasses import dataclass, fields
from typing import Any

from ecrin.base.encoding import canonical_json, strict_json, text_size
from ecrin.errors import InvalidRequest
from ecrin.vault.device.model import PromptTexts
from ecrin.vault.errors import InvalidConfig, VaultDamaged
from ecrin.vault.model import Anchored, Bound, DeviceSecurity, VaultConfig, VaultType
from ecrin.vault.ports import Params

_ENUMS = {"type": VaultType, "device_security": DeviceSecurity, "bound": Bound, "anchored": Anchored}
_NUMBERS = {"lock_after_background_ms": 0, "lock_after_idle_ms": 1, "wipe_after": 1}  # and the least of each
MAX_TEXT = 1024  # bytes of UTF-8 of one text of a prompt: all have room in a manifest
_FLAGS = ("gate_only", "lock_on_screen_lock", "unlock_on_load")


@dataclass(frozen=True, slots=True)
class Settings:
    """`app` is whose vault it is; `managed` are the ids of the type's slots; `anchor` is what leads to the anchor."""

    app: str
    config: VaultConfig
    managed: tuple[bytes, ...]
    anchor: Params

    def encode(self) -> bytes:
        """Return canonical JSON."""
        managed = [id_.hex() for id_ in self.managed]
        config = self.config.as_json()
        return canonical_json({"app": self.app, "config": config, "managed": managed, "anchor": dict(self.anchor)})


def decode(data: bytes) -> Settings:
    """Return settings; raises `VaultDamaged` for what no version of ours has written."""
    try:
        value = strict_json(data)
        managed = tuple(bytes.fromhex(id_) for id_ in value["managed"])
        config = {**value["config"], **{n: kind(value["config"][n]) for n, kind in _ENUMS.items()}}
        texts = PromptTexts(**config.pop("texts"))
        return Settings(str(value["app"]), checked(VaultConfig(texts=texts, **config)), managed, dict(value["anchor"]))
    except (InvalidRequest, InvalidConfig, ValueError, TypeError, KeyError, AttributeError):
        raise VaultDamaged("The vault's settings cannot be read.") from None


def checked(config: VaultConfig) -> VaultConfig:
    """Return a configuration that can be; raises `InvalidConfig`."""
    if not isinstance(config, VaultConfig):
        raise InvalidConfig("A configuration is a `VaultConfig`.")
    for name, kind in _ENUMS.items():
        if not isinstance(getattr(config, name), kind):
            raise InvalidConfig(f"`{name}` is one of {', '.join(kind.__members__)}.")
    for name, least in _NUMBERS.items():
        _whole(name, getattr(config, name), least)
    for name in _FLAGS:
        if type(getattr(config, name)) is not bool:
            raise InvalidConfig(f"`{name}` is True or False.")
    for text in fields(PromptTexts):
        _short(getattr(config.texts, text.name))
    return _together(config)


def _whole(name: str, value: Any, least: int) -> None:
    if value is not None and (type(value) is not int or not least <= value < 2**53):
        raise InvalidConfig(f"`{name}` is a whole number from {least} up, or None.")


def _short(text: Any) -> None:
    size = text_size(text)
    if size is None or size > MAX_TEXT:
        raise InvalidConfig(f"The texts of a prompt are texts of at most {MAX_TEXT} bytes.")


def _together(config: VaultConfig) -> VaultConfig:
    timed = config.lock_after_background_ms is not None or config.lock_after_idle_ms is not None
    if not config.lockable and timed:
        raise InvalidConfig("A vault of the type SECURE_STORAGE is never locked, so no time can lock it.")
    if config.device_security is not DeviceSecurity.NONE and config.type is not VaultType.DEVICE_SECURITY:
        raise InvalidConfig("`device_security` goes with the type DEVICE_SECURITY.")
    if config.type is not VaultType.CUSTOM_PASSCODE and config.wipe_after is not None:
        raise InvalidConfig("`wipe_after` counts wrong passcodes: it goes with the type CUSTOM_PASSCODE.")
    return config
