import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type, verify_secret
from hypothesis import assume, given
from hypothesis import strategies as st

from ecrin.crypto import passwords
from ecrin.crypto.passwords import (
    CHEAPEST,
    INTERACTIVE,
    PasswordHashUnreadable,
    Profile,
    argon2id,
    hash_password,
    needs_rehash,
    verify_password,
)
from ecrin.errors import InvalidRequest, Overloaded, PasswordMismatch

SALT = bytes(range(16))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def test_known_answers_verify(vectors):
    for case in vectors("passwords")["cases"]:
        verify_password(case["phc"], case["password"])
        with pytest.raises(PasswordMismatch):
            verify_password(case["phc"], case["password"] + "x")


def test_our_hashes_are_reproduced(vectors):
    ours = [case for case in vectors("passwords")["cases"] if "salt" in case]
    for case in ours:
        profile = Profile(case["memory_kib"], case["time_cost"], case["parallelism"])
        phc = hash_password(case["password"], profile, salt=bytes.fromhex(case["salt"]))
        assert phc == case["phc"], case["name"]
    assert ours


def test_an_unreadable_hash_is_told_from_a_wrong_password(vectors):
    for case in vectors("passwords")["unreadable"]:
        for read in (argon2id.verify_password, verify_password):
            with pytest.raises(PasswordHashUnreadable):
                pytest.fail(f"{case['name']} was accepted: {read(case['phc'], 'x')}")
    assert not issubclass(PasswordHashUnreadable, PasswordMismatch)


def test_a_hash_that_asks_for_too_much_work_is_refused_before_any_is_done(work):
    phc = hash_password("x", CHEAPEST).replace("m=8", "m=4194304")

    def refuse() -> None:
        with pytest.raises(PasswordHashUnreadable, match="more work"):
            verify_password(phc, "x")

    assert "verify_secret" not in work(refuse).calls


@given(texts)
def test_a_password_verifies_against_its_own_hash(password):
    verify_password(hash_password(password, CHEAPEST), password)


@given(texts, texts)
def test_another_password_does_not(password, other):
    phc = hash_password(password, CHEAPEST, salt=SALT)
    assume(hash_password(other, CHEAPEST, salt=SALT) != phc)
    with pytest.raises(PasswordMismatch):
        verify_password(phc, other)


@pytest.mark.parametrize(
    ("typed", "meant"), [("cafe\u0301", "caf\u00e9"), ("\ufb01n", "fin"), ("\uff11", "1"), ("\u212b", "\u00c5")]
)
def test_keyboards_that_spell_one_password_in_two_ways_sign_in(typed, meant):
    verify_password(hash_password(typed, CHEAPEST), meant)
    verify_password(hash_password(meant, CHEAPEST), typed)


def test_no_part_of_a_password_is_ignored():
    phc = hash_password("a" * 200 + "\0b", CHEAPEST)
    for other in ("a" * 200, "a" * 200 + "\0", "a" * 200 + "\0B", "A" * 200 + "\0b", " " + "a" * 200 + "\0b"):
        with pytest.raises(PasswordMismatch):
            verify_password(phc, other)


def test_two_hashes_of_one_password_differ():
    assert hash_password("x", CHEAPEST) != hash_password("x", CHEAPEST)


def test_the_default_salt_has_16_bytes_and_the_hash_32():
    *_, salt, digest = hash_password("x", CHEAPEST).split("$")
    assert (len(salt), len(digest)) == (22, 43)


@pytest.mark.parametrize("password", ["x" * 4097, "\ud800", "\u0301" * 4097])
def test_what_is_no_password_is_refused_as_a_request(password):
    phc = hash_password("x", CHEAPEST)
    for use in (lambda: hash_password(password, CHEAPEST), lambda: verify_password(phc, password)):
        with pytest.raises(InvalidRequest):
            use()


def test_the_longest_password_is_4096_characters():
    verify_password(hash_password("x" * 4096, CHEAPEST), "x" * 4096)


def test_the_interactive_profile_is_what_the_design_decided():
    phc = hash_password("x", INTERACTIVE)
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    verify_password(phc, "x")


def test_the_reference_library_reads_our_hashes():
    phc = hash_password("x", CHEAPEST).encode()
    assert verify_secret(phc, b"x", Type.ID)
    with pytest.raises(VerifyMismatchError):
        verify_secret(phc, b"y", Type.ID)


@pytest.mark.parametrize(
    ("made_with", "expected"),
    [(CHEAPEST, False), (Profile(16, 1, 1), True), (Profile(8, 2, 1), True), (Profile(16, 1, 2), True)],
)
def test_another_cost_asks_for_a_rehash(made_with, expected):
    assert needs_rehash(hash_password("x", made_with), CHEAPEST) is expected


def test_a_short_salt_or_hash_asks_for_a_rehash(vectors):
    assert needs_rehash(hash_password("x", CHEAPEST, salt=bytes(8)), CHEAPEST)
    cut = hash_password("x", CHEAPEST)[:-22]
    assert needs_rehash(cut + "A" * (-len(cut.rsplit("$", 1)[1]) % 4), CHEAPEST)


def test_a_hash_of_another_scheme_asks_for_a_rehash():
    assert needs_rehash("$2b$12$whatever", CHEAPEST)


def test_whether_an_unreadable_hash_needs_a_rehash_is_not_guessed():
    with pytest.raises(PasswordHashUnreadable):
        needs_rehash("$argon2id$nonsense", CHEAPEST)


@pytest.mark.parametrize(
    "stored", ["", "x", "$", "$2b$12$abc", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "argon2id"]
)
def test_a_hash_of_no_known_scheme_is_unreadable(stored):
    with pytest.raises(PasswordHashUnreadable):
        verify_password(stored, "x")


@given(st.text(max_size=60) | st.text("$argon2id=v19mtp,8+/AB", max_size=60).map(lambda text: "$argon2id$v=19$" + text))
def test_junk_is_unreadable(stored):
    with pytest.raises(PasswordHashUnreadable):
        verify_password(stored, "x")


def test_every_changed_character_of_a_hash_is_refused():
    phc = hash_password("x", CHEAPEST)
    for position, character in enumerate(phc):
        with pytest.raises((PasswordHashUnreadable, PasswordMismatch)):
            verify_password(phc[:position] + ("B" if character == "A" else "A") + phc[position + 1 :], "x")


@pytest.fixture
def little_memory() -> Iterator[None]:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 64 * 2**20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.usefixtures("little_memory")
def test_without_memory_the_server_is_overloaded_and_the_password_is_not_called_wrong():
    wants_much = Profile(memory_kib=512 * 1024, time_cost=1, parallelism=1)
    with pytest.raises(Overloaded, match="Memory allocation"):
        hash_password("x", wants_much)
    with pytest.raises(Overloaded, match="Memory allocation"):
        verify_password(hash_password("x", CHEAPEST).replace("m=8", "m=524288"), "x")


def test_errors_never_hold_the_password():
    for provoke in (
        lambda: verify_password(hash_password("hunter2", CHEAPEST), "Tr0ub4dor"),
        lambda: verify_password("Tr0ub4dor", "Tr0ub4dor"),
        lambda: hash_password("Tr0ub4dor" * 1000, CHEAPEST),
    ):
        with pytest.raises((PasswordMismatch, PasswordHashUnreadable, InvalidRequest)) as refusal:
            provoke()
        assert "Tr0ub4dor" not in f"{refusal.value!r} {refusal.value}"
        assert refusal.value.__cause__ is None


def test_the_room_names_its_public_parts():
    assert all(hasattr(passwords, name) for name in passwords.__all__)
