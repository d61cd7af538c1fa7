"""Recovery codes: what was shown is read again however it is typed, and what is mistyped is noticed."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.vault.errors import CodeMistyped
from ecrin.vault.slots import recovery_code
from ecrin.vault.slots.recovery_code import ALPHABET, DRAWN, LENGTH

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors/recovery.json").read_text("utf-8"))
drawn = st.binary(min_size=DRAWN, max_size=DRAWN)


def code(random: bytes) -> bytearray:
    return recovery_code.draw(lambda _: random)


@given(drawn)
def test_what_is_shown_is_read_again(random: bytes) -> None:
    assert recovery_code.read(recovery_code.grouped(code(random)).encode()) == code(random)


@given(drawn, st.data())
def test_case_spaces_hyphens_and_letters_that_look_alike_do_not_matter(random: bytes, data: st.DataObject) -> None:
    alike = {"0": "0oO", "1": "1iIlL"}
    text = ""
    for letter in code(random).decode():
        text += data.draw(st.sampled_from(alike.get(letter, letter + letter.lower())))
        text += data.draw(st.sampled_from(["", "", "-", " ", "\n", "\u2013", "\u00a0"]))
    assert recovery_code.read(text.encode()) == code(random)


@given(drawn, st.integers(0, LENGTH - 1), st.integers(1, 31))
def test_each_wrong_character_is_noticed(random: bytes, at: int, by: int) -> None:
    typed = code(random)
    typed[at] = ALPHABET[(ALPHABET.index(typed[at]) + by) % 32]
    with pytest.raises(CodeMistyped):
        recovery_code.read(typed)


def test_each_pair_of_wrong_characters_is_noticed() -> None:
    """The check is linear over GF(32): it is enough to try on the code of zeros, with 1 for one of the two errors."""
    for one, other in combinations(range(LENGTH), 2):
        typed = code(bytes(DRAWN))
        typed[one] = ALPHABET[1]
        for error in range(1, 32):
            typed[other] = ALPHABET[error]
            assert not _passes(typed), f"1 at {one} and {error} at {other}"


def _passes(typed: bytearray) -> bool:
    try:
        recovery_code.read(typed)
    except CodeMistyped:
        return False
    return True


@given(drawn, st.integers(0, LENGTH - 2))
def test_neighbours_that_changed_places_are_noticed(random: bytes, at: int) -> None:
    typed = code(random)
    typed[at], typed[at + 1] = typed[at + 1], typed[at]
    assert _passes(typed) == (typed == code(random))


@given(drawn, st.integers(0, LENGTH - 1))
def test_a_missing_or_doubled_character_is_noticed(random: bytes, at: int) -> None:
    whole = code(random)
    assert not _passes(whole[:at] + whole[at + 1 :])
    assert not _passes(whole[:at] + whole[at : at + 1] + whole[at:])


@given(st.text(max_size=80))
def test_no_text_is_read_as_something_that_is_no_code(text: str) -> None:
    try:
        found = recovery_code.read(text.encode("utf-8", "ignore"))
    except CodeMistyped:
        return
    assert recovery_code.read(recovery_code.grouped(found).encode()) == found


def test_the_letter_that_the_alphabet_leaves_out_is_noticed() -> None:
    with pytest.raises(CodeMistyped):
        recovery_code.read(b"U" * LENGTH)


def test_codes_have_140_bits_that_are_drawn() -> None:
    codes = {bytes(recovery_code.draw()) for _ in range(200)}
    assert len(codes) == 200
    assert {letter for found in codes for letter in found} == set(ALPHABET)
    assert DRAWN * 5 == 140


def test_the_vectors_of_codes() -> None:
    for case in VECTORS["codes"]:
        assert recovery_code.grouped(code(bytes.fromhex(case["random"]))) == case["shown"]
        for typed in [case["shown"], *case["typed"]]:
            assert recovery_code.read(typed.encode()).decode() == case["code"]


def test_the_vectors_of_what_is_mistyped() -> None:
    for typed in VECTORS["mistyped"]:
        assert not _passes(bytearray(typed.encode()))
