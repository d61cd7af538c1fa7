"""How many tries there are, of what, and what counts as one address. Pure.

NIST SP 800-63B §3.2.2: no more than 100 failures in a row on one account; after that the password rests.
"""

import ipaddress
from dataclasses import dataclass

from ecrin.base.clock import DAY, HOUR, MINUTE, Instant


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` within `window` milliseconds from the first; `in_a_row` is for counts that a success clears."""

    name: str
    most: int
    window: int
    in_a_row: bool = False


# Failures in a row: a success clears the count. The year is there so that guesses at addresses that nobody has, which
# are counted alike, do not stay for ever.
PASSWORD_FAILURES = Limit("password-failures", 100, 365 * DAY, in_a_row=True)
ADDRESS_FAILURES = Limit("address-failures", 300, 15 * MINUTE)
MAIL_TO_TARGET = Limit("mail-to-target", 10, HOUR)
MAIL_FROM_ADDRESS = Limit("mail-from-address", 100, HOUR)
SIGN_UPS = Limit("sign-ups", 1000, HOUR)


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened in the window that ends at `resets_at`."""

    count: int
    resets_at: Instant


def counted(before: Count | None, limit: Limit, now: Instant) -> Count:
    """Return the count after one more; a window that is over starts anew.

    After a clock was set back, a quota of minutes must not last for years; failures in a row are forgiven by nothing of
    the kind (attack A11).
    """
    if before is None or before.resets_at <= now:
        return Count(1, now + limit.window)
    ends = before.resets_at if limit.in_a_row else min(before.resets_at, now + limit.window)
    return Count(before.count + 1, ends)


def allowed(count: Count, limit: Limit) -> bool:
    """Return whether the try that made this count is within the limit."""
    return count.count <= limit.most


def network(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the /64 of an IPv6 one.

    Every spelling of an address gives one answer, the v4-mapped form (`::ffff:192.0.2.1`) included (attack A22). What
    is no address, and loopback, which only this machine can use, is "": it is not limited.
    """
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return ""
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
