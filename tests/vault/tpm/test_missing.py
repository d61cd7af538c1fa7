"""A machine without a TPM, or without the right to use it, says what is missing and what helps."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecrin.vault.device.errors import ChipUnavailable
from ecrin.vault.device.linux import tpm_connection, tpm_turn
from ecrin.vault.device.linux.tpm import Tpm
from ecrin.vault.device.linux.tpm_connection import HANDLE, NO_DEVICE, NO_HURRY, NO_RIGHT, NV_RATE, refusal
from ecrin.vault.device.linux.tpm_turn import alone
from vault.swtpm import SoftwareTpm

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as a user without rights for a while, where the tests run as root."""
    root = os.geteuid()
    if root == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(root)


async def test_without_a_chip_it_says_so(tpm: SoftwareTpm, tmp_path: Path) -> None:
    with pytest.raises(ChipUnavailable, match="shows no TPM") as refused:
        await Tpm(f"device:{tmp_path}/tpmrm0").counter_create()
    assert refused.value.advice == NO_DEVICE


async def test_without_the_right_to_use_it_the_group_is_named(tpm: SoftwareTpm) -> None:
    with tempfile.NamedTemporaryFile() as device:  # not in `tmp_path`, whose folders nobody may enter
        Path(device.name).chmod(0)
        with as_nobody(), pytest.raises(ChipUnavailable, match="may not open") as refused:
            await Tpm(f"device:{device.name}").counter_create()
    assert refused.value.advice == NO_RIGHT


async def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tpm2_pytss", None)
    with tempfile.NamedTemporaryFile() as device, pytest.raises(ChipUnavailable, match="tpm2-pytss") as refused:
        await Tpm(f"device:{device.name}").seal(b"s", b"")
    assert "ecrin[tpm]" in refused.value.advice


async def test_without_a_chip_nobody_is_sent_for_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tpm2_pytss", None)
    with pytest.raises(ChipUnavailable, match="shows no TPM") as refused:
        await Tpm(f"device:{tmp_path}/tpmrm0").seal(b"s", b"")
    assert refused.value.advice == NO_DEVICE


def test_where_a_platform_has_no_chip_nobody_is_sent_for_the_library() -> None:
    assert "pip" not in ChipUnavailable().advice


async def test_a_chip_that_does_not_answer_is_unavailable(tpm: SoftwareTpm) -> None:
    tpm.stop()
    with pytest.raises(ChipUnavailable, match="cannot be used"):
        await tpm.chip.counter_create()


def test_while_one_process_has_the_kernels_resource_manager_another_of_ours_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "tpmrm0"
    device.touch()
    monkeypatch.setattr(tpm_turn, "WAIT_SECONDS", 0)
    with alone(f"device:{device}"), pytest.raises(ChipUnavailable, match="keeps the TPM"), alone(f"device:{device}"):
        pass
    with alone(f"device:{device}"):
        pass


def test_a_device_that_does_not_open_is_unavailable(tmp_path: Path) -> None:
    device = tmp_path / "tpmrm0"
    device.symlink_to(device)
    with pytest.raises(ChipUnavailable, match="does not open"), alone(f"device:{device}"):
        pass


def test_it_asks_for_nothing_when_it_is_made() -> None:
    Tpm("device:/nowhere")


def test_a_chip_that_slows_writing_down_says_that_it_will_pass() -> None:
    """No chip in software does that, so the rule is asked."""
    assert refusal(NV_RATE).advice == NO_HURRY


def test_an_answer_that_nobody_expected_is_named() -> None:
    assert str(refusal(HANDLE)).endswith("answers 0x8B.")


def test_the_library_is_told_to_be_silent_but_not_against_the_users_word(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tpm2_pytss", reason="tpm2-pytss is not installed: pip install 'ecrin[tpm]'")
    monkeypatch.setenv("TSS2_LOG", "all+debug")
    tpm_connection._library()
    assert os.environ["TSS2_LOG"] == "all+debug"
