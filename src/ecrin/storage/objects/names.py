"""Where an object lies below the folder of the store: a path made of checked parts only. Pure."""

import re
from pathlib import PurePath

from ecrin.errors import InvalidRequest

_APP = re.compile(r"[a-z0-9]+(\.[\w-]+)+", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"[0-9a-f]{64}")
_FOLDER = re.compile(r"[a-z0-9~]+(\.[a-z0-9_~-]+)+")
_MAX = 128


def place(app_id: str, name: str) -> PurePath:
    """Return APP/HH/NAME; raises `InvalidRequest` unless both are what they should be."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest("The name of an object is its SHA-256 in 64 lower-case hex digits.")
    return PurePath(folder(app_id), name[:2], name)


def folder(app_id: str) -> str:
    """Return the folder of an app: its id, with `~` before each capital and that small.

    Ids that differ in capitals are other apps, and many file systems would give them one folder.
    """
    if len(app_id) > _MAX or not _APP.fullmatch(app_id):
        raise InvalidRequest("The app id is not a reverse domain name.")
    return re.sub("[A-Z]", lambda found: f"~{found[0].lower()}", app_id)


def app_of(name: str) -> str | None:
    """Return the app whose folder has this name, or None for a name that no app has."""
    if not _FOLDER.fullmatch(name) or "~~" in name:
        return None
    return re.sub("~(.)", lambda found: found[1].upper(), name)


def is_name(text: str) -> bool:
    """Return whether a text is the name of an object."""
    return _NAME.fullmatch(text) is not None
