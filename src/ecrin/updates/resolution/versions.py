"""Versions as devices and publishers write them: semantic ones, native ones, those of plugins. Pure."""

import re
from collections.abc import Mapping
from functools import lru_cache

from semver import Version

MAX_LENGTH = 64
Plugin = tuple[int, int, int]

# Since which version of each line a plugin can do it; lines that are not named can (protocol sheet §0, §2.2).
MANIFESTS: Mapping[int, Plugin] = {5: (5, 10, 0), 6: (6, 25, 0), 7: (7, 0, 35)}
METADATA: Mapping[int, Plugin] = {5: (5, 35, 0), 6: (6, 35, 0), 7: (7, 35, 0), 8: (8, 35, 0)}
OWN_CHANNEL: Mapping[int, Plugin] = {5: (5, 34, 0), 6: (6, 34, 0), 7: (7, 34, 0)}
KEY_IDS_AFTER: Plugin = (8, 40, 7)
REFUSED_LINE = 4
_NUMBERS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_PLUGIN = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})", re.ASCII)


def able(plugin: Plugin, since: Mapping[int, Plugin]) -> bool:
    """Return whether a plugin is new enough for something, within its own line."""
    floor = since.get(plugin[0])
    return floor is None or plugin >= floor


def native(text: str) -> str | None:
    """Return a native version as a semantic one, `1` and `1.2` padded; None for what is none (protocol sheet §1)."""
    return _native(text) if len(text) <= MAX_LENGTH else None


def plugin(text: str) -> Plugin | None:
    """Return a plugin's version; None for what is not x.y.z."""
    return _plugin(text) if len(text) <= MAX_LENGTH else None


@lru_cache(4096)
def parsed(text: str) -> Version:
    """Return a semantic version; raises `ValueError` for what is none (semver.org 2.0.0)."""
    return Version.parse(text)


@lru_cache(4096)
def _native(text: str) -> str | None:
    missing = ("", ".0", ".0.0")[max(0, 2 - text.count("."))] if _NUMBERS.fullmatch(text) else ""
    try:
        return str(Version.parse(text + missing)) if text.isascii() else None
    except ValueError:
        return None


@lru_cache(1024)
def _plugin(text: str) -> Plugin | None:
    found = _PLUGIN.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
