"""Rotation as a table of states, and as random histories checked against what rotation promises (checklist 114)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrin.base.clock import DAY, HOUR, MINUTE
from ecrin.base.secret import Secret
from ecrin.crypto.keyset import Key, Keyset, RotationPending, rotate
from ecrin.errors import KeyUnknown

START = 1_700_000_000_000
PUBLISH, VERIFY = DAY, 2 * HOUR


def key(name: str, *, purpose: str = "id-token", active_from: int = START, until: int | None = None) -> Key:
    return Key(name, purpose, Secret(b"private " + name.encode()), b"public", "", START, active_from, until)


def rotated(keyset: Keyset, name: str, now: int, publish_for: int = PUBLISH, verify_for: int = VERIFY) -> Keyset:
    return keyset.updated(rotate(keyset, key(name), now, publish_for=publish_for, verify_for=verify_for))


@pytest.fixture
def first() -> Keyset:
    return rotated(Keyset("id-token"), "a", START)


@pytest.fixture
def second(first) -> Keyset:
    return rotated(first, "b", START + HOUR)


SWITCH = START + HOUR + PUBLISH


def test_the_first_key_signs_at_once(first):
    assert first.signer(START).id == "a"
    assert first.state(first.keys[0], START) == "active"


@pytest.mark.parametrize(
    ("now", "states", "signer", "published"),
    [
        (START + HOUR, ("active", "next"), "a", ["a", "b"]),
        (SWITCH - 1, ("active", "next"), "a", ["a", "b"]),
        (SWITCH, ("retiring", "active"), "b", ["a", "b"]),
        (SWITCH + VERIFY - 1, ("retiring", "active"), "b", ["a", "b"]),
        (SWITCH + VERIFY, ("retired", "active"), "b", ["b"]),
    ],
)
def test_a_key_is_published_then_signs_then_retires(second, now, states, signer, published):
    assert tuple(second.state(k, now) for k in second.keys) == states
    assert second.signer(now).id == signer
    assert [k.id for k in second.published(now)] == published


def test_rotation_returns_the_new_key_and_the_predecessors_whose_end_is_known(first):
    new, old = rotate(first, key("b"), START + HOUR, publish_for=PUBLISH, verify_for=VERIFY)
    assert (new.id, new.active_from, new.verify_until) == ("b", SWITCH, None)
    assert (old.id, old.active_from, old.verify_until) == ("a", START, SWITCH + VERIFY)


def test_a_key_that_has_retired_before_is_not_written_again(second):
    later = SWITCH + DAY
    assert [k.id for k in rotate(second, key("c"), later, publish_for=PUBLISH, verify_for=VERIFY)] == ["c", "b"]


def test_a_rotation_is_refused_while_the_next_key_waits(second):
    with pytest.raises(RotationPending):
        rotated(second, "c", SWITCH - 1)
    assert rotated(second, "c", SWITCH).state(key("c", active_from=SWITCH + PUBLISH), SWITCH) == "next"


def test_an_emergency_cuts_off_everything_older_at_once(second):
    now = SWITCH + MINUTE  # a still verifies, b signs
    after = rotated(second, "c", now, publish_for=0, verify_for=0)
    assert after.signer(now).id == "c"
    assert [k.id for k in after.published(now)] == ["c"]


def test_two_emergencies_in_one_millisecond_leave_one_signer(first):
    after = rotated(first, "b", START, publish_for=0, verify_for=0)
    assert [after.signer(now).id for now in (START, START + 1)] == ["a", "b"]
    assert after.published(START + 1) == (after.signer(START + 1),)


def test_a_later_rotation_never_lengthens_the_life_of_a_retiring_key(second):
    after = rotated(second, "c", SWITCH, publish_for=0, verify_for=VERIFY * 10)
    assert after.verifier("a", SWITCH).verify_until == SWITCH + VERIFY


def test_a_published_key_verifies_before_it_signs(second):
    assert second.verifier("b", START + HOUR).id == "b"


@pytest.mark.parametrize(("key_id", "now"), [("z", START), ("a", SWITCH + VERIFY), ("", START)])
def test_a_key_that_is_not_published_is_unknown(second, key_id, now):
    with pytest.raises(KeyUnknown):
        second.verifier(key_id, now)


@pytest.mark.parametrize("keyset", [Keyset("id-token"), Keyset("id-token", (key("a"),))])
def test_before_the_first_key_nothing_signs(keyset):
    with pytest.raises(KeyUnknown):
        keyset.signer(START - 1)


def test_keys_may_be_given_in_any_order(second):
    assert Keyset("id-token", second.keys[::-1]) == second


def test_a_key_of_another_purpose_is_refused():
    with pytest.raises(ValueError, match="purpose"):
        Keyset("id-token", (key("a", purpose="cookie"),))


def test_two_keys_of_one_id_are_refused(first):
    with pytest.raises(ValueError, match="same id"):
        Keyset("id-token", (key("a"), key("a", active_from=START + 1)))
    with pytest.raises(ValueError, match="taken"):
        rotated(first, "a", START)


@pytest.mark.parametrize("times", [{"publish_for": -1}, {"verify_for": -1}])
def test_negative_times_are_refused(first, times):
    with pytest.raises(ValueError, match="negative"):
        rotated(first, "b", START, **times)


def test_repr_shows_no_key_material(second):
    assert "private" not in repr(second)
    assert "private" not in str(second.keys[0])


LIFE = HOUR
waits = st.integers(0, 3 * HOUR) | st.sampled_from([0, 1, LIFE - 1, LIFE, PUBLISH])
steps = st.lists(st.tuples(waits, st.sampled_from(["sign", "rotate", "rotate at once"])), max_size=40)


@settings(max_examples=300)
@given(st.integers(0, 2 * HOUR), st.integers(LIFE, 2 * LIFE), steps)
def test_rotation_keeps_its_promises_in_every_history(publish_for, verify_for, history):
    now = START
    keyset = rotated(Keyset("id-token"), "0", now, publish_for, verify_for)
    announced, signed = {"0": (now, 0)}, []
    for wait, step in history:
        now += wait
        if step != "sign":
            promise = 0 if step == "rotate at once" else publish_for
            try:
                keyset = rotated(keyset, str(len(announced)), now, promise, verify_for)
                announced[str(len(announced))] = (now, promise)
            except RotationPending:
                assert [keyset.state(k, now) for k in keyset.keys].count("next") == 1
        signer = keyset.signer(now)
        signed.append((signer.id, now))
        published = {k.id for k in keyset.published(now)}
        assert [k.id for k in keyset.keys if keyset.state(k, now) == "active"] == [signer.id]
        assert published == {k.id for k in keyset.keys if keyset.state(k, now) != "retired"}
        assert now >= sum(announced[signer.id]), "a key signs before it was published long enough"
        assert published >= {key_id for key_id, at in signed if now < at + LIFE}, "a living signature lost its key"


@given(st.integers(-DAY, 3 * DAY), st.integers(-DAY, 3 * DAY))
def test_a_retired_key_stays_retired_as_time_goes_on(one, other):
    keyset = rotated(rotated(Keyset("id-token"), "a", START), "b", START + HOUR)
    early, late = sorted((START + one, START + other))
    assert {k.id for k in keyset.published(late)} <= {k.id for k in keyset.published(early)}


def test_the_new_key_keeps_all_but_its_times(first):
    fresh = key("b")
    new, *_ = rotate(first, fresh, START, publish_for=PUBLISH, verify_for=VERIFY)
    assert replace(new, active_from=fresh.active_from) == fresh
