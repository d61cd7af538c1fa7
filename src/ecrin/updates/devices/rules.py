"""Device ids. Pure."""

import re

from ecrin.errors import InvalidRequest

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def normal(text: str) -> str | None:
    """Return a device id in lower case (iOS sends upper case), or None for what is no UUID."""
    lowered = text.lower()
    return lowered if _ID.fullmatch(lowered) else None


def device_id(text: str) -> str:
    """Return a device id in lower case; raises `InvalidRequest` for what is no UUID."""
    found = normal(text)
    if found is None:
        raise InvalidRequest("The device id is not a UUID.")
    return found
