"""What the biometric calls decide, for all states and options."""

from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import EcrinError
from ecrin.vault.biometrics import rules
from ecrin.vault.biometrics.model import VerifyOptions
from ecrin.vault.device import errors
from ecrin.vault.device.judging import changed, refusal
from ecrin.vault.device.linux import fprint_words as words
from ecrin.vault.device.linux.bus import ServiceFailed
from ecrin.vault.device.model import Biometry, Moment, Permission, SensorState, Strength

marks = st.binary(max_size=32)
states = st.builds(
    SensorState,
    kinds=st.frozensets(st.sampled_from(Biometry)),
    strength=st.sampled_from(Strength),
    permission=st.sampled_from(Permission),
    enrolled=marks,
    locked_out=st.booleans(),
)
options = st.builds(
    VerifyOptions,
    allow_device_credential=st.booleans(),
    strength=st.sampled_from(Strength),
    kinds=st.frozensets(st.sampled_from(Biometry)),
)
every_error = st.sampled_from([e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, EcrinError)])
CANCELED = (errors.UserCanceled, errors.AppCanceled, errors.SystemCanceled)


@given(states, options)
def test_a_sensor_is_asked_only_if_it_is_all_that_the_options_want(state: SensorState, wanted: VerifyOptions) -> None:
    order = list(Strength)
    fit = (
        (wanted.kinds == frozenset(Biometry) or bool(state.kinds & wanted.kinds))
        and order.index(state.strength) >= order.index(wanted.strength)
        and state.permission is not Permission.DENIED
        and state.enrolled != b""
        and not state.locked_out
    )
    assert (rules.unfit(state, wanted) is None) == fit


@given(every_error, options)
def test_a_cancellation_is_never_answered_by_another_prompt(error: type[errors.DeviceError], o: VerifyOptions) -> None:
    assert not (issubclass(error, CANCELED) and rules.takes_passcode(error(), o))


@given(every_error, options)
def test_the_passcode_is_asked_only_where_it_is_allowed(error: type[errors.DeviceError], o: VerifyOptions) -> None:
    assert o.allow_device_credential or not rules.takes_passcode(error(), o)


@given(states, marks)
def test_a_set_is_another_exactly_when_its_mark_is(state: SensorState, mark: bytes) -> None:
    known = state.permission is not Permission.DENIED and not state.locked_out
    assert changed(mark.hex(), state) == (known and mark != state.enrolled)


@given(states, marks)
def test_while_nobody_knows_the_set_the_sensor_is_not_asked(state: SensorState, mark: bytes) -> None:
    """Else what is bound to another set would be given out."""
    assert refusal(state) or changed(mark.hex(), state) or mark == state.enrolled


@given(states, st.booleans(), st.booleans())
def test_what_is_available_agrees_with_what_is_refused(state: SensorState, secure: bool, passcode: bool) -> None:
    found = rules.availability(state, secure=secure, allow_device_credential=passcode)
    error = refusal(state)
    assert found.is_available == (error is None or (secure and passcode))
    assert found.reason == (error.code if error else "")


@given(states, st.booleans())
def test_strong_biometrics_are_available_only_where_biometrics_are(state: SensorState, secure: bool) -> None:
    found = rules.availability(state, secure=secure, allow_device_credential=True)
    assert not found.strong_is_available or (refusal(state) is None and state.strength is not Strength.WEAK)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**13))
def test_a_check_counts_for_its_validity_and_no_longer(then: int, now: int, validity: int, wall: int) -> None:
    counts = rules.still_verified(Moment("boot", then, wall), Moment("boot", now, 0), validity)
    assert counts == (then <= now < then + validity)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_restart_of_the_machine_ends_every_validity(then: int, validity: int) -> None:
    assert not rules.still_verified(Moment("one", then, 0), Moment("two", then, 0), validity)


def test_without_a_check_nothing_counts() -> None:
    assert not rules.still_verified(None, Moment("boot", 0, 0), 10**9)


fingers = st.lists(st.text("abcdefghij-", min_size=1), min_size=1)


@given(st.text(), fingers)
def test_the_mark_of_fingers_does_not_depend_on_their_order(device: str, found: list[str]) -> None:
    assert words.mark(device, found) == words.mark(device, reversed(found))


@given(st.text("ab"), fingers, fingers)
def test_other_fingers_have_another_mark(device: str, one: list[str], other: list[str]) -> None:
    assert (words.mark(device, one) == words.mark(device, other)) == (set(one) == set(other))


@given(st.text())
def test_of_all_words_fprintd_has_one_yes(word: str) -> None:
    assert (words.ending(word) is None) == (word == "verify-match")


@given(st.text())
def test_each_error_of_a_service_is_one_of_the_device(name: str) -> None:
    assert isinstance(words.refusal(ServiceFailed(name)), errors.DeviceError)
