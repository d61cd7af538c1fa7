"""Which bytes of an object a request wants (RFC 9110 §13, §14). Pure."""

import re

_SINGLE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})-(\d{0,19})\s*", re.IGNORECASE | re.ASCII)


class Unsatisfiable(ValueError):
    """No byte of the object is in the range."""


def part(range_field: str, if_range: str, etag: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last, or None for the whole object.

    A field that is not understood, several ranges at once, and a range of other content (`If-Range`; an entity tag in
    full, as a date says nothing here) mean the whole. Raises `Unsatisfiable`.
    """
    found = _SINGLE.fullmatch(range_field)
    if found is None or (if_range and if_range != etag) or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size or start >= stop:
        raise Unsatisfiable
    return start, stop


def unchanged(if_none_match: str, etag: str) -> bool:
    """Return whether a client has this content already; tags are compared weakly (§13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
