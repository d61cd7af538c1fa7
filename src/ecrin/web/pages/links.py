"""Addresses that a page may lead to. Pure.

`continue_url` was checked against the project's domains when its code was made. What is refused here as well are the
spellings that a browser reads as another host than we do: a backslash, a user before the host, a control character.
"""

import re
import string
from urllib.parse import quote, unquote_plus, urlencode, urlsplit, urlunsplit

_UNSAFE = re.compile(r"[\x00-\x20\\\x7f]")


def web_link(url: str | None) -> str:
    """Return the address if it is absolute, http(s), and means one host to everybody; otherwise ""."""
    if not url or _UNSAFE.search(url):
        return ""
    try:
        parts = urlsplit(url)
        readable = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return ""
    return url if readable and parts.scheme in ("http", "https") else ""


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    """Return the address with the parameters in its query instead of its own of those names, as printable ASCII."""
    parts = urlsplit(url)
    own = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in parameters]
    query = "&".join([*own, urlencode(parameters)])
    return quote(urlunsplit(parts._replace(query=query)), safe=string.punctuation)
