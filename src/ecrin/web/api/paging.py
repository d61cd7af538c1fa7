"""Pages of long lists: `?limit=` and `?cursor=`, where the cursor is the `next_cursor` of the page before.

A cursor holds the name of the last item in base64url and no more. It is no secret and proves nothing: every query is
bound to the app of the path, so a forged one begins elsewhere in the same list (attack A39).
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from ecrin.base.encoding import b64url
from ecrin.errors import InvalidRequest
from ecrin.web.http import Call

MOST = 1000
USUAL = 100
MAX_NAME = 256
T = TypeVar("T")

Cursor = Annotated[str, Meta(description="`next_cursor` of the page before; empty for the first page.")]


class PageQuery(msgspec.Struct):
    """What a client says of the page that it wants."""

    limit: Annotated[int, Meta(ge=1, le=MOST, description="How many at most.")] = USUAL
    cursor: Cursor = ""


class Page(NamedTuple):
    """Which items are wanted: those after the name `after` ("" from the beginning), `limit` at most."""

    after: str
    limit: int


def page(call: Call) -> Page:
    """Return which page is wanted; raises `InvalidRequest` for what is no limit and no cursor."""
    limit = call.query.get("limit", str(USUAL))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 6 and 1 <= int(limit) <= MOST):
        raise InvalidRequest(f"limit is 1 to {MOST}.")
    return Page(_name(call.query.get("cursor", "")), int(limit))


def cut(found: Sequence[T], limit: int, name: Callable[[T], str]) -> tuple[list[T], str | None]:
    """Return the items of a page and the cursor of the next, from up to one item more than the page holds."""
    some = list(found[:limit])
    return some, b64url(name(some[-1]).encode()) if len(found) > limit else None


def _name(cursor: str) -> str:
    try:
        name = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise InvalidRequest("This is no cursor.") from None
    if len(name) > MAX_NAME or not name.isprintable() or b64url(name.encode()) != cursor:
        raise InvalidRequest("This is no cursor.")
    return name
