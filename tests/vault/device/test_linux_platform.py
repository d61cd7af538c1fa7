"""Which platform this is, and where a Linux user's apps keep their data."""

from pathlib import Path

import pytest

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.here import here, platform_of
from ecrin.vault.device.linux.platform import data_folder
from ecrin.vault.device.ports import Platform


def test_this_is_linux() -> None:
    assert here().name == "linux"


@pytest.mark.parametrize(("system", "name"), [("linux", "linux"), ("darwin", "macos"), ("win32", "windows")])
def test_a_platform_is_made_without_its_libraries_and_without_asking_it_anything(system: str, name: str) -> None:
    platform = platform_of(system)
    assert isinstance(platform, Platform)
    assert platform.name == name
    assert None not in (platform.key_store, platform.sensor, platform.passcode, platform.signals, platform.screen)


def test_another_system_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="plan9"):
        platform_of("plan9")


@pytest.mark.parametrize("named", ["", "relative/data"])
def test_data_lies_in_the_users_home_unless_an_absolute_path_is_named(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", named)
    assert data_folder() == tmp_path / ".local/share"


def test_data_lies_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_folder() == tmp_path


async def test_another_chip_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vault.swtpm import software_tpm

    with software_tpm() as tpm:
        monkeypatch.setenv("ECRIN_TPM_TCTI", tpm.tcti)
        chip = here().chip
        assert chip is not None
        await chip.seal(bytes(32), b"")
