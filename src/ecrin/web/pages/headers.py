"""The headers of every page, and where its forms may come from (attacks A27, A28).

`nosniff` and `Referrer-Policy: no-referrer` are not here: `ecrin.web.app` sends them with every reply.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from msgspec.structs import replace

from ecrin.web.http import Call, Reply

POLICY = b"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
PAGE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def guarded(reply: Reply) -> Reply:
    """Return the reply with the headers of a page."""
    return replace(reply, headers=reply.headers + PAGE_HEADERS)


def origin_of(address: str) -> str:
    """Return the origin of an http(s) address as browsers write it (RFC 6454 §6.2): no default port, no path."""
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def from_own_page(call: Call, origins: Collection[str]) -> bool:
    """Return whether a form was sent by a page of one of the origins, or by something that is no browser."""
    origin = call.header(b"origin")
    return not origin or origin in origins
