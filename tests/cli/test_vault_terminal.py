"""`ecrin vault` at a terminal: what is typed is not shown, and Ctrl-C ends it clean."""

import json
from pathlib import Path

import pytest

from cli.terminal import CTRL_C, CTRL_Z, Terminal
from cli.vault_commands import HEADLESS, NO_BUS, PASSCODE, Vault

TOKEN = "the-value-that-nobody-may-see"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    vault = Vault(tmp_path_factory.mktemp("vaults"), NO_BUS)
    assert vault.open("create", *HEADLESS, "--wipe-after", 9).returncode == 0
    assert vault.open("set", "token", given=TOKEN.encode()).returncode == 0
    return vault


def terminal(vault: Vault, *arguments: object) -> Terminal:
    return Terminal(*vault.command(*arguments), cwd=vault.folder, **vault.env)


def test_a_new_passcode_is_typed_twice_and_is_not_shown(tmp_path: Path) -> None:
    vault = Vault(tmp_path, NO_BUS)
    with terminal(vault, "create", *HEADLESS) as seen:
        for typed, again in ((PASSCODE, "another"), (PASSCODE, PASSCODE)):
            seen.wait_for_hidden("New passcode:")
            seen.type(typed)
            seen.wait_for_hidden("Repeat")
            seen.type(again)
        assert seen.ended() == 0, seen.shown
        assert seen.echoes
    assert PASSCODE not in seen.shown
    assert vault.open("list", "--json").stdout == b"[]\n"


def test_a_passcode_and_a_value_are_typed_unseen_and_how_many_tries_are_left_is_said(vault: Vault) -> None:
    with terminal(vault, "set", "typed") as seen:
        seen.wait_for_hidden("Value of typed:")
        seen.type(TOKEN)
        seen.wait_for_hidden("Passcode (9 tries left, then the vault is wiped):")
        seen.type(PASSCODE)
        assert seen.ended() == 0, seen.shown
    assert TOKEN not in seen.shown
    assert PASSCODE not in seen.shown
    assert vault.open("get", "typed").stdout == TOKEN.encode()


def test_a_value_comes_by_a_pipe_while_the_passcode_is_typed(vault: Vault) -> None:
    line = f"printf piped | {' '.join(vault.command('set', 'piped'))}"
    with Terminal("sh", "-c", line, cwd=vault.folder, **vault.env) as seen:
        seen.wait_for_hidden("Passcode")
        seen.type(PASSCODE)
        assert seen.ended() == 0, seen.shown
    assert vault.open("get", "piped").stdout == b"piped"


def test_a_text_ends_its_line_on_a_terminal(vault: Vault) -> None:
    with terminal(vault, "get", "token") as seen:
        seen.wait_for_hidden("Passcode")
        seen.type(PASSCODE)
        assert seen.ended() == 0, seen.shown
    assert seen.shown.endswith(f"{TOKEN}\r\n")


def test_an_export_asks_for_the_passcode_once(vault: Vault, tmp_path: Path) -> None:
    with terminal(vault, "export", "--out", tmp_path / "values.export") as seen:
        for question, typed in (("Passcode", PASSCODE), ("Passphrase", "sealed"), ("Repeat", "sealed")):
            seen.wait_for_hidden(question)
            seen.type(typed)
        assert seen.ended() == 0, seen.shown
    assert "sealed" not in seen.shown
    assert (tmp_path / "values.export").exists()


@pytest.mark.parametrize("question", ["Value of token:", "Passcode"])
def test_ctrl_c_at_a_prompt_stops_clean_and_counts_no_try(vault: Vault, question: str) -> None:
    with terminal(vault, *(("set",) if question != "Passcode" else ("get",)), "token") as seen:
        seen.wait_for_hidden(question)
        seen.type(CTRL_C)
        assert seen.ended() == 1, seen.shown
        assert seen.echoes
    assert seen.shown.rstrip().endswith("Stopped.")
    assert "Traceback" not in seen.shown
    assert [slot["failures"] for slot in json.loads(vault.run("status", "--json").stdout)["slots"]] == [0]
    assert vault.open("get", "token").stdout == TOKEN.encode()


def test_after_ctrl_z_and_fg_what_is_typed_is_not_shown_either(vault: Vault) -> None:
    shell = ("bash", "--norc", "--noprofile", "-i")
    with Terminal(*shell, cwd=vault.folder, PS1="ready> ", **vault.env) as seen:
        seen.wait_for("ready> ")
        seen.type(" ".join(vault.command("get", "token")))
        seen.wait_for_hidden("Passcode")
        seen.type(CTRL_Z)
        seen.wait_for("ready> ")
        seen.type("fg")
        seen.wait_for_hidden("get token")
        seen.type(PASSCODE)
        seen.wait_for(TOKEN)
        seen.type("exit")
        assert seen.ended() == 0, seen.shown
    assert PASSCODE not in seen.shown


def test_an_export_is_not_for_a_terminal(vault: Vault) -> None:
    with terminal(vault, "export", "--out", "-") as seen:
        assert seen.ended() == 2, seen.shown
    assert "terminal" in seen.shown


def test_clear_asks_whether_one_is_sure(vault: Vault) -> None:
    with terminal(vault, "clear") as seen:
        seen.wait_for("for good?")
        seen.type("n")
        assert seen.ended() == 1, seen.shown
    assert vault.file.exists()
