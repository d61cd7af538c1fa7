"""Projects and their settings."""

from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.origin import SYSTEM
from ecrin.errors import InvalidRequest
from ecrin.governance.errors import InvalidApiKey, InvalidProjectId, ProjectExists, ProjectNotFound
from ecrin.governance.projects.model import ProjectSettings
from harness import Instance, Opener

changes = st.dictionaries(
    st.sampled_from([f.name for f in fields(ProjectSettings)] + ["unknown"]),
    st.booleans() | st.integers(-5, 4000) | st.text(max_size=3) | st.none() | st.just(("example.org",)),
    max_size=3,
)


@given(changes)
def test_settings_change_by_name_type_and_range_or_not_at_all(wanted: dict[str, Any]) -> None:
    before = ProjectSettings()
    try:
        after = before.changed(wanted)
    except InvalidRequest:
        return
    assert asdict(after) == asdict(before) | wanted
    assert all(type(getattr(after, f.name)) is type(getattr(before, f.name)) for f in fields(before))
    assert 6 <= after.min_password_length <= 128
    assert 1 <= after.session_idle_days <= after.session_absolute_days <= 3650


@pytest.mark.parametrize(
    "wanted",
    [
        {"min_password_length": 5},
        {"min_password_length": 129},
        {"min_password_length": True},
        {"session_idle_days": 0},
        {"session_idle_days": 366},
        {"session_absolute_days": 3651},
        {"session_absolute_days": 59},
        {"password_enabled": 1},
        {"password_enabled": "yes"},
        {"authorized_domains": "example.org"},
        {"authorized_domains": ["example.org"]},
        {"unknown": True},
        {"__class__": object},
    ],
)
def test_a_setting_that_is_unknown_or_out_of_range_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        ProjectSettings().changed(wanted)


@pytest.mark.parametrize(
    "project_id", ["", "ab", "Notes", "1notes", "-notes", "no_tes", "notes ", "a" * 41, "*", "console", "n\u043etes"]
)
async def test_an_id_that_is_none_or_ours_is_refused(serve: Instance, project_id: str) -> None:
    with pytest.raises(InvalidProjectId):
        await serve.app.governance.projects.create(project_id, SYSTEM)


async def test_an_id_is_given_once(serve: Instance) -> None:
    with pytest.raises(ProjectExists):
        await serve.app.governance.projects.create(serve.project.id, SYSTEM)


async def test_a_key_names_its_project_and_another_text_none(serve: Instance) -> None:
    projects = serve.app.governance.projects
    assert projects.by_key(serve.project.api_keys[0]) == serve.project
    for other in ("", "x", serve.project.api_keys[0][:-1], serve.project.api_keys[0].swapcase(), serve.project.id):
        with pytest.raises(InvalidApiKey):
            projects.by_key(other)


async def test_a_project_that_is_not_there_is_not_made_in_serve(serve: Instance) -> None:
    with pytest.raises(ProjectNotFound):
        await serve.app.governance.projects.open("not-there", SYSTEM)


async def test_a_project_is_made_on_first_use_in_dev(dev: Instance) -> None:
    project = await dev.app.governance.projects.open("made-on-use", SYSTEM)
    assert (project.settings.email_enumeration_protection, project.settings.min_password_length) == (False, 6)


async def test_a_change_is_kept(open_instance: Opener) -> None:
    wanted = {"min_password_length": 12, "authorized_domains": ("example.org",), "sign_up_enabled": False}
    async with open_instance() as instance:
        await instance.app.governance.projects.update(instance.project.id, wanted, SYSTEM)
    async with open_instance() as instance:
        kept = asdict(instance.app.governance.projects.get(instance.project.id).settings)

    assert {name: kept[name] for name in wanted} == wanted
