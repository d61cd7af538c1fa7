"""Names of channels, their settings, and who belongs to an audience. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from ecrin.errors import InvalidRequest
from ecrin.updates.channels.model import Audience, ChannelSettings, Limit, Package
from ecrin.updates.errors import InvalidChannelName

MAX_CUSTOM_ID = 36
MAX_MEMBERS = 100_000
NOTHING: Mapping[str, object] = MappingProxyType({})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HALVES = {"audience_custom_ids": "custom_ids", "audience_groups": "groups"}
_SWITCHES = frozenset(f.name for f in fields(ChannelSettings) if f.type is bool or f.type == "bool")


def check_name(name: str) -> None:
    """Raise `InvalidChannelName` for a name that does not fit into a path."""
    if not _NAME.fullmatch(name):
        raise InvalidChannelName


def changed(settings: ChannelSettings, changes: Mapping[str, object]) -> ChannelSettings:
    """Return settings with some of them set anew, by name; the audience as a whole or by its two halves.

    `audience` is an `Audience`, `audience_custom_ids` and `audience_groups` are collections of texts. Raises
    `InvalidRequest` for unknown names and impossible values, `InvalidChannelName` for the name of a group.
    """
    halves = {_HALVES[name]: value for name, value in changes.items() if name in _HALVES}
    plain = {name: value for name, value in changes.items() if name not in _HALVES}
    for name, value in plain.items():
        if not _possible(name, value):
            raise InvalidRequest(f"{name[:60]} is no setting of a channel, or it cannot be set to that.")
    read = {"disable_auto_update": Limit, "update_package": Package}
    after = replace(settings, **{name: read.get(name, _same)(value) for name, value in plain.items()})  # type: ignore[arg-type]
    if not halves:
        return after
    wanted: dict[str, Iterable[str]] = {
        "custom_ids": after.audience.custom_ids,
        "groups": after.audience.groups,
        **halves,  # type: ignore[dict-item]
    }
    return replace(after, audience=audience(**wanted))


def included(audience: Audience, custom_id: str, groups: Mapping[str, frozenset[str]]) -> bool:
    """Return whether an audience names a custom id, itself or by a group; everybody is in the empty one."""
    if audience.everybody:
        return True
    if not custom_id:
        return False
    return custom_id in audience.custom_ids or any(custom_id in groups.get(g, ()) for g in audience.groups)


def audience(custom_ids: Iterable[str], groups: Iterable[str]) -> Audience:
    """Return an audience of these; raises `InvalidRequest` and `InvalidChannelName` for what cannot be one."""
    names = frozenset(groups)
    for name in names:
        check_name(name)
    return Audience(custom_ids_of(custom_ids), names)


def custom_ids_of(texts: Iterable[str]) -> frozenset[str]:
    """Return custom ids as devices send them; raises `InvalidRequest` for one that no device could send."""
    found = frozenset(texts)
    if len(found) > MAX_MEMBERS:
        raise InvalidRequest(f"At most {MAX_MEMBERS} custom ids.")
    if not all(0 < len(text) <= MAX_CUSTOM_ID and text.isprintable() for text in found):
        raise InvalidRequest(f"A custom id has 1 to {MAX_CUSTOM_ID} printable characters.")
    return found


def _possible(name: str, value: object) -> bool:
    if name in _SWITCHES:
        return isinstance(value, bool)
    if name == "audience":
        return isinstance(value, Audience)
    wanted = {"disable_auto_update": Limit, "update_package": Package}.get(name)
    return wanted is not None and isinstance(value, str) and value in set(wanted)


def _same(value: object) -> object:
    return value
