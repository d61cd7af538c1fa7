"""Where output leads nowhere, and where a standard stream is not there."""

import json
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from cli.vault_commands import HEADLESS, NO_BUS, PASSCODE, Vault
from ecrin.cli.root import run
from ecrin.cli.vault import vault as noun
from server_process import ECRIN, environment

FULL = "ecrin: The output cannot be written: No space left on device."
CLOSED = "ecrin: The output cannot be written: standard output is closed."


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """A vault with a value that is larger than any buffer."""
    vault = Vault(tmp_path_factory.mktemp("vaults"), NO_BUS)
    assert vault.open("create", *HEADLESS).returncode == 0
    assert vault.open("set", "big", given=b"x" * 200_000).returncode == 0
    (vault.folder / "passcode").write_text(PASSCODE)
    return vault


def shell(vault: Vault, *command: str, to: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the vault with its streams led elsewhere."""
    return line(f"{shlex.join(vault.command(*command))} --passcode-fd 3 3< passcode {to}", vault.folder)


def line(text: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    env = environment(**NO_BUS)
    return subprocess.run(["sh", "-c", text], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", [("get", "big"), ("list",)])
def test_a_full_disk_under_the_output_is_said_without_a_traceback(vault: Vault, command: tuple[str, ...]) -> None:
    done = shell(vault, *command, to="> /dev/full")
    said, advice = done.stderr.splitlines()
    assert (done.returncode, said, "[OUTPUT_LOST]" in advice) == (1, FULL, True)


@pytest.mark.parametrize("command", [("get", "big"), ("set", "a", "--empty")])
def test_a_full_disk_under_json_is_said_as_json(vault: Vault, command: tuple[str, ...]) -> None:
    done = shell(vault, *command, "--json", to="> /dev/full")
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["code"], f"ecrin: {error['message']}") == (1, "OUTPUT_LOST", FULL)


def test_a_help_that_cannot_be_written_is_said_too(tmp_path: Path) -> None:
    done = line(f"{ECRIN} vault --help > /dev/full", tmp_path)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, FULL)


@pytest.mark.parametrize("command", [("get", "big"), ("list",), ("slot", "add", "recovery")])
def test_an_output_that_is_closed_is_said(vault: Vault, command: tuple[str, ...]) -> None:
    done = shell(vault, *command, to=">&-")
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, CLOSED)


def test_what_has_nothing_to_print_needs_no_output(vault: Vault) -> None:
    assert shell(vault, "set", "b", "--empty", to=">&-").returncode == 0


def test_an_input_that_is_closed_is_an_empty_one(vault: Vault) -> None:
    done = shell(vault, "set", "big", to="<&-")
    assert (done.returncode, "VAULT_INVALID_ENTRY" in done.stderr) == (1, True), done.stderr


def test_an_error_from_elsewhere_is_not_taken_for_one_of_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(noun.commands, "fail", click.Command("fail", callback=fail))
    with pytest.raises(OSError, match="No space left"):
        run(["vault", "fail"])
