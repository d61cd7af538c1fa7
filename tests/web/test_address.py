"""Whose request it is, and where links lead: forged headers change neither (attack A21)."""

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.sharing import ADDRESS, PROXY, audited
from ecrin.errors import ConfigurationError
from ecrin.web.address import TrustedProxies
from harness import Instance, Opener
from web.wire import PASSWORD

FORGED = {
    "host": "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "gopher",
    "x-forwarded-port": "666",
    "x-original-url": "/api/v1/projects",
    "x-rewrite-url": "/api/v1/projects",
    "forwarded": "for=203.0.113.9;host=evil.example;proto=gopher",
    "origin": "https://evil.example",
    "referer": "https://evil.example/",
}
addresses = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
hops = st.lists(addresses | st.sampled_from(["unknown", "_hidden", "", "1.2.3.4:80", "10.0.0.1, ", "%"]), max_size=6)

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"])
CASES = [
    ("nobody in between", "203.0.113.5", "", "203.0.113.5"),
    ("a header from a stranger", "203.0.113.5", "198.51.100.1", "203.0.113.5"),
    ("a header from a proxy", "10.0.0.1", "203.0.113.5", "203.0.113.5"),
    ("a forged hop in front", "10.0.0.1", "127.0.0.1, 203.0.113.5", "203.0.113.5"),
    ("two proxies", "10.0.0.1", "203.0.113.5, 10.0.0.2", "203.0.113.5"),
    ("two proxies and a forged hop", "10.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
    ("proxies alone", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ("a proxy that adds nothing", "10.0.0.1", "", "10.0.0.1"),
    ("a hop that is no address", "10.0.0.1", "203.0.113.5, unknown", "10.0.0.1"),
    ("white space and empty hops", "10.0.0.1", " , 203.0.113.5 ,, ", "203.0.113.5"),
    ("a proxy by IPv6", "2001:db8::1", "2001:470::5", "2001:470::5"),
    ("a v4 proxy in its v6 form", "::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
    ("a single address as proxy", "192.0.2.1", "203.0.113.5", "203.0.113.5"),
    ("its neighbour", "192.0.2.2", "203.0.113.5", "192.0.2.2"),
    ("the local socket", "", "203.0.113.5", ""),
]


@pytest.mark.parametrize(("case", "peer", "forwarded", "client"), CASES, ids=[case[0] for case in CASES])
def test_a21_the_client_is_the_last_hop_that_is_not_ours(case: str, peer: str, forwarded: str, client: str) -> None:
    assert PROXIES.client(peer, forwarded) == client


@given(addresses, hops)
def test_a21_without_a_trusted_proxy_the_header_is_not_read(peer: str, forwarded: list[str]) -> None:
    assert TrustedProxies([]).client(peer, ", ".join(forwarded)) == peer


@given(hops, addresses.filter(lambda a: not _ours(a)), hops.filter(lambda h: all(_ours(hop) for hop in h)))
def test_a21_what_stands_in_front_of_the_client_changes_nothing(
    forged: list[str], client: str, proxies: list[str]
) -> None:
    forwarded = ", ".join([*forged, client, *proxies])

    assert PROXIES.client("10.0.0.1", forwarded) == client


@given(addresses, hops)
def test_a21_the_answer_is_the_peer_or_a_hop_that_a_proxy_saw(peer: str, forwarded: list[str]) -> None:
    found = PROXIES.client(peer, ", ".join(forwarded))

    assert found == peer or (_ours(peer) and found in ", ".join(forwarded))


def _ours(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    networks = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"]
    return any(ip.version == n.version and ip in n for n in map(ipaddress.ip_network, networks))


@pytest.mark.parametrize("network", ["proxy.example", "10.0.0.0/33", "", "300.0.0.1", "10.0.0.0-10.0.0.9"])
def test_a_network_that_is_none_is_refused_at_the_start(network: str) -> None:
    with pytest.raises(ConfigurationError, match="ECRIN_TRUSTED_PROXIES"):
        TrustedProxies([network])


@pytest.mark.parametrize(
    ("forwarded", "recorded"),
    [
        ([ADDRESS], ADDRESS),
        ([f"127.0.0.1, {ADDRESS}"], ADDRESS),
        ([ADDRESS, PROXY], ADDRESS),
        (["203.0.113.9", ADDRESS], ADDRESS),
        ([], PROXY),
    ],
)
async def test_a21_what_happened_is_recorded_with_the_clients_address(
    serve: Instance, forwarded: list[str], recorded: str
) -> None:
    lines = [("x-forwarded-for", line) for line in forwarded]
    serve.http.headers.pop("x-forwarded-for")
    try:
        await serve.http.post(
            "/identitytoolkit.googleapis.com/v1/accounts:signUp",
            params={"key": serve.project.api_keys[0]},
            json={},
            headers=[*FORGED.items(), *lines],
        )
    finally:
        serve.http.headers["x-forwarded-for"] = ADDRESS

    assert [row["address"] for row in await audited(serve, "account.created")] == [recorded]


async def test_a21_links_lead_to_the_configured_address_whatever_the_request_says(open_instance: Opener) -> None:
    async with open_instance("dev") as dev:
        await dev.sign_up("ada@example.org", PASSWORD)
        body = {"requestType": "PASSWORD_RESET", "email": "ada@example.org"}
        await dev.call("sendOobCode", body, **FORGED)
        path = f"/identitytoolkit.googleapis.com/v1/projects/{dev.project.id}/accounts:sendOobCode"
        shown = await dev.http.post(path, json={**body, "returnOobLink": True}, headers={**dev.bearer, **FORGED})
        mailed = (await dev.http.get("/dev/mail.json")).json()["letters"][0]

        for link in (mailed["link"], shown.json()["oobLink"]):
            assert urlsplit(link)[:2] == ("http", "127.0.0.1:9099")
        assert "evil" not in f"{mailed}{shown.text}"


async def test_a21_no_reply_repeats_a_forged_host(serve: Instance) -> None:
    forged = {name: value for name, value in FORGED.items() if name != "origin"}
    for route in serve.app.web.table.routes:
        path = route.path.replace("{project}", serve.project.id).replace("{", "").replace("}", "")
        reply = await serve.http.request(route.method, path, headers={**serve.bearer, **forged})
        assert "evil" not in f"{reply.text}{reply.headers}"


async def test_a21_a_rewritten_path_is_not_followed(serve: Instance) -> None:
    reply = await serve.http.get("/healthz", headers=FORGED)

    assert reply.json() == {"status": "ok"}
