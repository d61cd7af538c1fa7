"""Versions as devices write them (protocol sheet §1, §2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from ecrin.updates.resolution import versions


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1", "1.0.0"),
        ("1.2", "1.2.0"),
        ("1.2.3", "1.2.3"),
        ("1.2.3-beta.1+5", "1.2.3-beta.1+5"),
        ("20260101", "20260101.0.0"),
        ("", None),
        ("1.", None),
        (".1", None),
        ("1.2.3.4", None),
        ("v1.2.3", None),
        ("01.2.3", None),
        ("1.02", None),
        ("1.2-beta", None),
        (" 1.2.3", None),
        ("1.2.3\n", None),
        ("\u0661.0.0", None),
        ("1\u0661", None),
        ("1" * 65, None),
        ("unknown", None),
    ],
)
def test_a_native_version_is_padded_and_read(text: str, read: str | None) -> None:
    assert versions.native(text) == read


@given(st.text(max_size=80))
def test_what_is_read_is_a_semantic_version_and_stays_what_it_is(text: str) -> None:
    read = versions.native(text)
    if read is not None:
        assert str(Version.parse(read)) == read
        assert versions.native(read) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("8.51.23", (8, 51, 23)),
        ("0.0.1", (0, 0, 1)),
        ("8.51", None),
        ("8.51.23-beta", None),
        ("a.b.c", None),
        ("", None),
        ("8.51.23\n", None),
        ("1" * 90 + ".0.0", None),
    ],
)
def test_a_plugin_version_is_three_numbers(text: str, read: tuple[int, int, int] | None) -> None:
    assert versions.plugin(text) == read


@pytest.mark.parametrize(
    ("plugin", "can"),
    [
        ((5, 9, 9), False),
        ((5, 10, 0), True),
        ((6, 24, 99), False),
        ((6, 25, 0), True),
        ((7, 0, 34), False),
        ((7, 0, 35), True),
        ((8, 0, 0), True),
        ((9, 0, 0), True),
        ((10, 0, 0), True),
    ],
)
def test_a_plugin_is_measured_within_its_own_line(plugin: tuple[int, int, int], can: bool) -> None:
    assert versions.able(plugin, versions.MANIFESTS) is can
