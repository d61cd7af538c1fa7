"""What an app may be called, and what may be set."""

import pytest

from ecrin.errors import InvalidRequest
from ecrin.updates.apps import rules
from ecrin.updates.apps.model import AppSettings
from ecrin.updates.errors import InvalidAppId


@pytest.mark.parametrize("app_id", ["com.example.notes", "a.b", "COM.Example.x_1-2"])
def test_a_reverse_domain_name_is_taken(app_id: str) -> None:
    rules.check_id(app_id)


@pytest.mark.parametrize("app_id", ["", "notes", ".a.b", "a..b", "a.b/c", "a.é", "a.b\n", "a." + "b" * 130])
def test_anything_else_is_refused(app_id: str) -> None:
    with pytest.raises(InvalidAppId):
        rules.check_id(app_id)


@pytest.mark.parametrize("name", ["x" * 300, "two\nlines"])
def test_a_name_that_fits_into_no_line_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        rules.check_name(name)


def test_settings_are_set_by_name() -> None:
    after = rules.changed(AppSettings(), {"retention_days": 0, "expose_metadata": True})
    assert (after.retention_days, after.expose_metadata) == (0, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"nothing": 1},
        {"retention_days": -1},
        {"retention_days": True},
        {"expose_metadata": 1},
        {"stats_per_minute": 0},
        {"max_devices": -1},
        {"max_devices": 10**9},
        {"max_self_set": -1},
        {"max_self_set": 10**9},
    ],
)
def test_settings_that_there_are_not_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        rules.changed(AppSettings(), changes)


def test_what_a_later_version_kept_is_passed_over() -> None:
    assert rules.known({"retention_days": 7, "of_tomorrow": 1}) == AppSettings(retention_days=7)
