"""App ids and keys of vaults: names of files and folders on every system."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.vault.errors import InvalidConfig
from ecrin.vault.naming import check_app_id, check_key, file_name

CHARACTERS = st.sampled_from([*"aZ09._-/\\:é \0\n~", "con", "nul", ".."])


@pytest.mark.parametrize(
    "app_id", ["com.example.notes", "com.Example.my-app_2", "a.b", f"a.{'b' * 126}", "console.app"]
)
def test_reverse_domain_names_are_app_ids(app_id: str) -> None:
    check_app_id(app_id)


@pytest.mark.parametrize(
    "app_id",
    ["", "notes", ".a.b", "a.b.", "a..b", "a/b.c", "a.b/c", "a.b\n", "a.é", "con.app", "COM1.x", f"a.{'b' * 127}"],
)
def test_anything_else_is_no_app_id(app_id: str) -> None:
    with pytest.raises(InvalidConfig):
        check_app_id(app_id)


@pytest.mark.parametrize("key", ["default", "a", "a.b-c_D9", "-", "x" * 64, "console"])
def test_short_plain_names_are_keys(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    "key", ["", ".", "..", ".a", "a/b", "a\\b", "a b", "a\n", "é", "x" * 65, "nul", "Con.txt", "lpt9"]
)
def test_anything_else_is_no_key(key: str) -> None:
    with pytest.raises(InvalidConfig):
        check_key(key)


@given(st.lists(CHARACTERS, max_size=12).map("".join))
def test_what_is_accepted_is_one_name_in_a_folder(name: str) -> None:
    for check in (check_app_id, check_key):
        try:
            check(name)
        except InvalidConfig:
            continue
        assert name.isascii()
        assert not set(name) & set("/\\:\0\n ~")
        assert not name.startswith(".")


NAMES = st.text("aAbB.-_9", min_size=1, max_size=12)


@given(NAMES, NAMES)
def test_names_that_differ_have_files_that_differ_where_case_is_ignored(one: str, two: str) -> None:
    assert (file_name(one).lower() == file_name(two).lower()) == (one == two)


@given(NAMES)
def test_a_small_name_is_the_files_name(name: str) -> None:
    assert file_name(name.lower()) == name.lower()


@pytest.mark.parametrize("check", [check_app_id, check_key])
def test_what_windows_reserves_is_told_as_that(check: Callable[[str], None]) -> None:
    with pytest.raises(InvalidConfig, match="Windows reserves"):
        check("con.app")


@pytest.mark.parametrize("check", [check_app_id, check_key])
@pytest.mark.parametrize("name", [5, None, b"com.example.notes"])
def test_what_is_no_text_is_no_name(check: Callable[[str], None], name: str) -> None:
    with pytest.raises(InvalidConfig):
        check(name)


@pytest.mark.parametrize("check", [check_app_id, check_key])
def test_another_name_is_the_advice(check: Callable[[str], None]) -> None:
    with pytest.raises(InvalidConfig) as refused:
        check("")
    assert refused.value.advice == "Choose another."
