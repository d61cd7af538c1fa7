"""Cross-origin replies of the client surfaces (Fetch standard §3.2; attack A30).

Any origin may ask, without credentials: what opens these surfaces is a key or a token in the request, never a cookie.
Pages of file:// and Electron send the origin "null".
"""

from ecrin.web.http import Headers

Fields = tuple[tuple[bytes, bytes], ...]
HEADERS_DEFAULT = b"authorization,content-type,x-client-version,x-firebase-locale"


def allowed(headers: Headers) -> Fields:
    """Return the fields that let the page that asks read the reply."""
    origin = headers.get(b"origin")
    if origin is None:
        return ()
    return ((b"access-control-allow-origin", origin), (b"vary", b"origin"))


def preflight(headers: Headers, methods: bytes) -> Fields:
    """Return the fields of the answer to a preflight: these methods, whatever headers, a private network too."""
    wanted = headers.get(b"access-control-request-headers", HEADERS_DEFAULT)
    fields = (
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", wanted),
        (b"access-control-max-age", b"3600"),
    )
    if headers.get(b"access-control-request-private-network") == b"true":
        return (*fields, (b"access-control-allow-private-network", b"true"))
    return fields
