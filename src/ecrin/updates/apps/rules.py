"""What an app id may be, and its settings as text. Pure."""

import re
from dataclasses import asdict, fields, replace

from ecrin.errors import InvalidRequest
from ecrin.updates.apps.model import AppSettings
from ecrin.updates.errors import InvalidAppId

MAX_ID = 128
MAX_NAME = 100
_ID = re.compile(r"[a-z0-9]+(\.[\w-]+)+", re.IGNORECASE | re.ASCII)
_BOUNDS = {
    "retention_days": (0, 36_500),
    "stats_per_minute": (1, 10_000_000),
    "max_devices": (0, 100_000_000),
    "max_self_set": (0, 10_000_000),
}


def check_id(app_id: str) -> None:
    """Raise `InvalidAppId` for what is no reverse domain name (protocol sheet §1)."""
    if len(app_id) > MAX_ID or not _ID.fullmatch(app_id):
        raise InvalidAppId


def check_name(name: str) -> None:
    """Raise `InvalidRequest` for a name that cannot be shown in a line."""
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidRequest(f"The name of an app has at most {MAX_NAME} printable characters.")


def changed(settings: AppSettings, changes: dict[str, object]) -> AppSettings:
    """Return settings with some of them set anew; raises `InvalidRequest` for unknown names and impossible values."""
    current = asdict(settings)
    for name, value in changes.items():
        if name not in current or type(value) is not type(current[name]):
            raise InvalidRequest(f"{name[:60]} is no setting of an app, or its value is of another type.")
        low, high = _BOUNDS.get(name, (0, 1))
        if not low <= int(value) <= high:  # type: ignore[call-overload]
            raise InvalidRequest(f"{name} must be {low} to {high}.")
    return replace(settings, **changes)  # type: ignore[arg-type]


def known(settings: dict[str, object]) -> AppSettings:
    """Return settings that were kept, whatever later versions may have added."""
    return AppSettings(**{f.name: settings[f.name] for f in fields(AppSettings) if f.name in settings})  # type: ignore[arg-type]
