"""Refusals as Capgo's clients read them (protocol sheet §1): soft ones are 200, hard ones have an empty `moreInfo`."""

from ecrin.errors import EcrinError, NotImplementedYet, Overloaded
from ecrin.updates.resolution.model import Refusal
from ecrin.web.capgo.errors import NoChannelForDevice
from ecrin.web.http import Reply, encode_json

_WORDS = {429: "too_many_requests", 500: "unknown_error", 503: "service_unavailable"}
_SPELLED = {NoChannelForDevice.code: "channel_not_found"}
_plain: dict[str, Reply] = {}


def capgo(error: EcrinError) -> Reply:
    """Return a hard refusal. A 429 always says until when, for clients are silent as long as that."""
    code = _SPELLED.get(error.code) or _WORDS.get(error.status) or error.code.lower()
    inside = error.status >= 500 and not isinstance(error, NotImplementedYet)
    wait: int = getattr(error, "retry_after", Overloaded.retry_after)
    told = error.status in {429, 503}
    headers = ((b"retry-after", str(wait).encode()),) if told else ()
    info = {"retryAfterSeconds": wait} if error.status == 429 else {}
    body = {"error": code, "message": error.sentence if inside else str(error), "moreInfo": info}
    return Reply(error.status, encode_json(body), headers=headers)


def soft(refusal: Refusal) -> Reply:
    """Return a refusal that clients expect: 200, with its kind; one that is always the same is encoded once."""
    if refusal.extra:
        return _encoded(refusal)
    if refusal.error not in _plain:
        _plain[refusal.error] = _encoded(refusal)
    return _plain[refusal.error]


def _encoded(refusal: Refusal) -> Reply:
    head = {"error": refusal.error, "message": refusal.message, "kind": refusal.kind}
    return Reply(200, encode_json({**head, **refusal.extra}))
