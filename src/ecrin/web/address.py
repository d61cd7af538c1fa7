"""The client's address and scheme: forwarded headers count only behind proxies that the operator named (attack A21)."""

import ipaddress
import itertools
from collections.abc import Sequence

from ecrin.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """The networks of `ECRIN_TRUSTED_PROXIES`, separated by commas; raises `ConfigurationError` for anything else."""

    def __init__(self, networks: Sequence[str]) -> None:
        try:
            self._networks = tuple(ipaddress.ip_network(n.strip(), strict=False) for n in networks)
        except ValueError as error:
            raise ConfigurationError(f"ECRIN_TRUSTED_PROXIES: {error}.") from None

    def client(self, peer: str, forwarded_for: str) -> str:
        """Return the address of the client.

        From the right of X-Forwarded-For, hops of ours are passed over; the first that is not ours is the client. The
        header is not read at all if the peer itself is not a trusted proxy.
        """
        hops = [peer, *reversed([h.strip() for h in forwarded_for.split(",") if h.strip()])]
        for previous, hop in itertools.pairwise(hops):
            if not self._trusted(previous):
                return previous
            if _parsed(hop) is None:
                return previous
        return hops[-1]

    def _trusted(self, address: str) -> bool:
        ip = _parsed(address)
        return ip is not None and any(ip in network for network in self._networks if network.version == ip.version)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
