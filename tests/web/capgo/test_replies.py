"""What is encoded, whatever was decided: what the clients would stumble over is never in it (protocol sheet §2.2)."""

import json
from typing import Any

from hypothesis import given

from ecrin.updates.resolution.model import AppView, Ask, Offer, Refusal
from ecrin.updates.resolution.rules import decide
from ecrin.web.capgo.offers import RESET, Offers
from ecrin.web.capgo.problem import soft
from updates.resolution.drawn import NOW, asks, views

TEXTS = {
    "version",
    "url",
    "checksum",
    "session_key",
    "sessionKey",
    "link",
    "comment",
    "error",
    "kind",
    "message",
    "old",
}
TEXTS |= {"deviceKeyId", "bundleKeyId"}  # iOS decodes strictly: another type makes the whole answer unreadable


def _encoded(ask: Ask, view: AppView) -> dict[str, Any]:
    answer = decide(ask, view, NOW)
    if isinstance(answer, Offer):
        reply = Offers("https://updates.example.org").reply(answer, ask, view, compressed=False)
    else:
        reply = soft(answer) if isinstance(answer, Refusal) else RESET
    assert reply.status == 200
    return dict(json.loads(reply.body))


@given(asks, views)
def test_a_success_has_no_word_of_a_refusal_and_a_refusal_has_all_three(ask: Ask, view: AppView) -> None:
    body = _encoded(ask, view)
    words = {"error", "kind", "message"} & set(body)
    assert words == ({"error", "kind", "message"} if isinstance(decide(ask, view, NOW), Refusal) else set())


@given(asks, views)
def test_every_member_has_the_type_that_ios_expects(ask: Ask, view: AppView) -> None:
    for name, value in _encoded(ask, view).items():
        if name == "manifest":
            assert all(type(v) is str for entry in value for v in entry.values())
        else:
            assert type(value) is (bool if name == "major" else str)
            assert name in TEXTS | {"major"}


@given(asks, views)
def test_an_offer_always_has_a_url_of_http(ask: Ask, view: AppView) -> None:
    answer = decide(ask, view, NOW)
    if isinstance(answer, Offer):
        assert _encoded(ask, view)["url"].startswith("https://")


@given(asks, views, asks, views)
def test_what_is_kept_of_one_answer_is_not_given_for_another(
    one: Ask, its_view: AppView, other: Ask, other_view: AppView
) -> None:
    offers = Offers("https://updates.example.org")
    for ask, view in ((one, its_view), (other, other_view), (one, its_view), (other, its_view)):
        answer = decide(ask, view, NOW)
        if isinstance(answer, Offer):
            fresh = Offers("https://updates.example.org").reply(answer, ask, view, compressed=False)
            assert offers.reply(answer, ask, view, compressed=False) == fresh
