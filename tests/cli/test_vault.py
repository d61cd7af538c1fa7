"""`ecrin vault` with nobody at the terminal: values in and out, what is refused, what is counted, what is removed."""

import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.vault_commands import HEADLESS, NO_BUS, PASSCODE, Vault, refused
from ecrin.cli.unseen import QUESTIONS
from ecrin.cli.vaulting import NOTICES
from ecrin.vault.device.model import Notice
from ecrin.vault.ports import Asked
from server_process import ECRIN, environment

TOKEN = "the-value-that-nobody-may-see"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """A vault with a value of each kind and a recovery code; copy it."""
    vault = Vault(tmp_path_factory.mktemp("made"), NO_BUS)
    done = vault.open("create", *HEADLESS, "--json")
    assert json.loads(done.stdout) == {"app_id": "local.ecrin", "key": "default"}
    assert vault.open("set", "token", given=f"{TOKEN}\n".encode()).returncode == 0
    assert vault.open("set", "bytes", "--bytes", given=b"\xff\x00\n").returncode == 0
    assert vault.open("set", "json", "--json-value", given=b'{"a": [1, null]}\n').returncode == 0
    return vault


@pytest.fixture
def vault(made: Vault, tmp_path: Path) -> Vault:
    return Vault(shutil.copytree(made.folder, tmp_path / "vaults"), NO_BUS)


@pytest.fixture
def empty(tmp_path: Path) -> Vault:
    """No vault yet."""
    return Vault(tmp_path / "vaults", NO_BUS)


def status(vault: Vault) -> Any:
    return json.loads(vault.run("status", "--json").stdout)


# --- values


@pytest.mark.parametrize(
    ("name", "raw", "described"),
    [
        ("token", TOKEN.encode(), {"kind": "text", "value": TOKEN}),
        ("bytes", b"\xff\x00\n", {"kind": "bytes", "value": "/wAK"}),
        ("json", b'{\n  "a": [\n    1,\n    null\n  ]\n}\n', {"kind": "json", "value": {"a": [1, None]}}),
    ],
)
def test_a_value_comes_out_as_what_it_went_in(made: Vault, name: str, raw: bytes, described: dict[str, Any]) -> None:
    assert made.open("get", name).stdout == raw
    assert json.loads(made.open("get", name, "--json").stdout) == {"name": name, **described}


def test_names_are_listed(made: Vault) -> None:
    assert json.loads(made.open("list", "--json").stdout) == [{"name": "bytes"}, {"name": "json"}, {"name": "token"}]


def test_a_name_that_is_not_there_is_an_error_with_a_code_and_a_hint(made: Vault) -> None:
    done = made.open("get", "nothing", "--json")
    refused(done, "NOT_FOUND")
    assert json.loads(done.stderr)["error"] == {
        "code": "NOT_FOUND",
        "message": "There is no value under nothing.",
        "hint": "`ecrin vault list` shows all names.",
    }


def test_a_null_is_a_value(vault: Vault) -> None:
    vault.open("set", "null", "--json-value", given=b"null")
    assert vault.open("get", "null").stdout == b"null\n"


def test_what_is_removed_is_gone(vault: Vault) -> None:
    assert vault.open("remove", "token", "--json").stdout == b"{}\n"
    refused(vault.open("get", "token"), "NOT_FOUND")


@pytest.mark.parametrize(("options", "given"), [((), b"\xff"), (("--json-value",), b"{'a'}"), (("--json-value",), b"")])
def test_what_is_not_what_it_is_said_to_be_is_not_kept(made: Vault, options: tuple[str, ...], given: bytes) -> None:
    before = made.file.read_bytes()
    refused(made.open("set", "token", *options, given=given), "VAULT_INVALID_ENTRY")
    assert made.file.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "given"), [((), b""), ((), b"\n"), ((), b"\r\n"), (("--bytes",), b""), (("--json-value",), b"\n")]
)
def test_an_empty_input_does_not_replace_a_value(made: Vault, options: tuple[str, ...], given: bytes) -> None:
    before = made.file.read_bytes()
    done = made.open("set", "token", *options, given=given)
    refused(done, "VAULT_INVALID_ENTRY")
    assert b"Standard input was empty; the old value stays." in done.stderr
    assert b"--empty" in done.stderr
    assert made.file.read_bytes() == before


def test_a_descriptor_that_held_only_the_passcode_leaves_no_value(made: Vault) -> None:
    done = made.run("set", "token", "--passcode-fd", 0, given=f"{PASSCODE}\n".encode())
    refused(done, "VAULT_INVALID_ENTRY")


@pytest.mark.parametrize(("options", "kind"), [((), "text"), (("--bytes",), "bytes")])
def test_an_empty_value_is_kept_if_it_is_asked_for_and_nothing_is_read(
    vault: Vault, options: tuple[str, ...], kind: str
) -> None:
    assert vault.open("set", "token", "--empty", *options, given=b"not this").returncode == 0
    assert json.loads(vault.open("get", "token", "--json").stdout) == {"name": "token", "kind": kind, "value": ""}


def test_json_has_no_empty_value(made: Vault) -> None:
    refused(made.open("set", "token", "--empty", "--json-value"), "exclude each other", 2)


def test_a_newline_alone_is_bytes_if_it_is_said_to_be(vault: Vault) -> None:
    assert vault.open("set", "token", "--bytes", given=b"\n").returncode == 0
    assert vault.open("get", "token").stdout == b"\n"


def test_a_name_cannot_colour_the_terminal(vault: Vault) -> None:
    done = vault.open("set", "a\x1b[31mRED", given=b"1")
    assert (done.returncode, done.stderr) == (0, "The value of a\ufffd[31mRED is kept.\n".encode())


# --- secrets stay where they belong


def test_a_value_is_no_argument_and_is_not_repeated(made: Vault) -> None:
    done = made.open("set", "token", TOKEN)
    refused(done, "standard input", 2)
    assert TOKEN.encode() not in done.stderr


def test_a_passcode_is_no_argument(made: Vault) -> None:
    refused(made.run("get", "token", "--passcode", PASSCODE), "No such option", 2)


def test_while_it_works_neither_arguments_nor_environment_hold_a_secret(vault: Vault) -> None:
    process = vault.start("set", "other", passcode_fd=PASSCODE)
    assert process.stdin is not None
    try:
        process.stdin.write(TOKEN.encode() * 5000)  # more than a pipe holds: it is being read when this returns
        process.stdin.flush()
        seen = b"".join(Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        out, err = process.communicate()
    finally:
        process.kill()
    assert b"--passcode-fd" in seen
    assert PASSCODE.encode() not in seen
    assert TOKEN.encode() not in seen
    assert (process.returncode, out, TOKEN.encode() in err) == (0, b"", False)


def test_the_file_shows_neither_name_nor_value(made: Vault) -> None:
    written = made.file.read_bytes()
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert TOKEN.encode() not in written
    assert b"token" not in written


# --- passcodes by file descriptors


def test_the_documented_way_with_a_file_works_in_a_shell(made: Vault, tmp_path: Path) -> None:
    (tmp_path / "passcode.txt").write_text(f"{PASSCODE}\r\nanother line\n")
    line = f"{ECRIN} vault get token --folder {made.folder} --passcode-fd 3 3< passcode.txt"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment(**NO_BUS), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, TOKEN.encode())


def test_one_descriptor_may_hold_passcode_and_value(vault: Vault) -> None:
    done = vault.run("set", "a", "--passcode-fd", "0", given=f"{PASSCODE}\nline 1\nline 2\n".encode())
    assert done.returncode == 0
    assert vault.open("get", "a").stdout == b"line 1\nline 2"


def test_a_descriptor_that_is_not_open_is_wrong_usage(made: Vault) -> None:
    refused(made.run("get", "token", "--passcode-fd", "77"), "File descriptor 77 cannot be read", 2)


def test_where_nobody_can_be_asked_the_descriptor_is_named(made: Vault) -> None:
    done = made.run("get", "token")
    refused(done, "VAULT_PASSCODE_MISSING")
    assert b"file descriptor" in done.stderr


@pytest.mark.parametrize("line", ["", "\n"])
def test_a_descriptor_that_gives_nothing_is_named_before_a_try_is_made(made: Vault, line: str) -> None:
    done = made.run("get", "token", "--passcode-fd", 0, given=line.encode())
    refused(done, "VAULT_PASSCODE_MISSING")
    assert b"File descriptor 0 gave nothing." in done.stderr
    assert [slot["failures"] for slot in status(made)["slots"]] == [0]


# --- what is refused and counted


def test_a_wrong_passcode_is_refused_and_counted_and_a_right_one_ends_the_count(vault: Vault) -> None:
    refused(vault.run("get", "token", passcode_fd="wrong"), "VAULT_PASSCODE_MISMATCH")
    refused(vault.run("get", "token", passcode_fd="wrong too"), "VAULT_PASSCODE_MISMATCH")
    assert [slot["failures"] for slot in status(vault)["slots"]] == [2]
    assert vault.open("get", "token").stdout == TOKEN.encode()
    assert [slot["failures"] for slot in status(vault)["slots"]] == [0]


def test_a48_after_too_many_wrong_passcodes_the_vault_is_gone(empty: Vault) -> None:
    empty.open("create", *HEADLESS, "--wipe-after", 2)
    refused(empty.run("list", passcode_fd="wrong"), "VAULT_PASSCODE_MISMATCH")
    done = empty.run("list", passcode_fd="wrong too")
    refused(done, "VAULT_TOO_MANY_ATTEMPTS")
    assert b"ecrin vault create" in done.stderr
    assert list(empty.folder.iterdir()) == []
    refused(empty.open("list"), "VAULT_NOT_INITIALIZED")


@pytest.mark.parametrize("command", [("get", "a"), ("set", "a"), ("list",), ("status",), ("rotate",), ("slot", "list")])
def test_a_vault_that_is_not_there_is_not_made(empty: Vault, command: tuple[str, ...]) -> None:
    refused(empty.run(*command), "VAULT_NOT_INITIALIZED")
    assert not empty.folder.exists()


def test_a_vault_that_is_there_is_not_made_again(made: Vault) -> None:
    before = made.file.read_bytes()
    refused(made.open("create", *HEADLESS), "already")
    assert made.file.read_bytes() == before


@pytest.mark.parametrize("options", [(), ("--type", "custom-passcode"), (*HEADLESS, "--anchored", "key-store")])
def test_without_a_key_store_nothing_weaker_is_made_unasked(empty: Vault, options: tuple[str, ...]) -> None:
    done = empty.open("create", *options)
    refused(done, "KEY_STORE_UNAVAILABLE")
    assert " ".join(HEADLESS).encode() in done.stderr
    assert not empty.file.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*HEADLESS, "--security", "none"), "--security goes with --type device-security"),
        (("--wipe-after", "3"), "--wipe-after goes with --type custom-passcode"),
        (("--type", "device-security"), "--type device-security needs --security"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(empty: Vault, options: tuple[str, ...], said: str) -> None:
    refused(empty.open("create", *options), said, 2)
    assert not empty.folder.exists()


@pytest.mark.parametrize("command", [(), ("slot",)])
def test_each_command_is_described_in_a_line_of_80_columns(command: tuple[str, ...]) -> None:
    env = environment(COLUMNS="80")
    done = subprocess.run([ECRIN, "vault", *command, "--help"], env=env, capture_output=True, text=True, check=True)
    assert "..." not in done.stdout.partition("\nCommands:\n")[2]


def test_whatever_a_vault_asks_or_tells_there_are_words_for() -> None:
    assert set(QUESTIONS) == {asked.value for asked in Asked}
    assert set(NOTICES) == {notice.value for notice in Notice}


# --- several at once


def test_two_processes_at_once_both_succeed(vault: Vault) -> None:
    processes = [vault.start("set", name, passcode_fd=PASSCODE) for name in ("one", "two")]
    for process, value in zip(processes, (b"1", b"2"), strict=True):
        assert process.stdin is not None
        process.stdin.write(value)
        process.stdin.close()
        process.stdin = None
    ends = [(process.communicate()[1], process.returncode)[1] for process in processes]
    assert ends == [0, 0]
    assert [vault.open("get", name).stdout for name in ("one", "two")] == [b"1", b"2"]


def test_vaults_are_told_apart_by_key(vault: Vault) -> None:
    vault.open("create", *HEADLESS, "--key", "other")
    assert vault.open("list", "--key", "other", "--json").stdout == b"[]\n"


# --- keys and ends


def test_a_rotation_keeps_the_values(vault: Vault) -> None:
    before = vault.file.read_bytes()
    assert vault.open("rotate").returncode == 0
    assert vault.file.read_bytes() != before
    assert vault.open("get", "token").stdout == TOKEN.encode()


def test_status_says_how_it_is_made_and_asks_nobody(made: Vault) -> None:
    found = status(made)
    assert (found["app_id"], found["key"], found["config"]["type"]) == ("local.ecrin", "default", "CustomPasscode")
    assert (found["config"]["bound"], found["config"]["anchored"]) == ("nothing", "nothing")
    assert [(slot["kind"], slot["hold"], slot["managed"]) for slot in found["slots"]] == [
        ("passcode", "passcode", True)
    ]
    assert found["protection"]["weakest"] == "passcode"
    assert Path(found["file"]) == made.file


def test_status_shows_people_the_words_of_the_options(made: Vault) -> None:
    shown = made.run("status").stdout.decode()
    rows = dict(line.split(maxsplit=1) for line in shown.partition("\n\n")[0].splitlines())
    assert (rows["type"], rows["bound"], rows["file"]) == ("custom-passcode", "nothing", str(made.file))
    assert "device_security" not in rows
    assert status(made)["slots"][0]["id"] in shown


def test_a_vault_in_the_users_data_folder_is_found_where_status_says(tmp_path: Path) -> None:
    env = environment(**NO_BUS, XDG_DATA_HOME=str(tmp_path))
    options = ("--app", "com.Example.notes", "--key", "Mine", "--passcode-fd", "0")
    create = [ECRIN, "vault", "create", *HEADLESS, *options]
    subprocess.run(create, env=env, input=PASSCODE.encode(), capture_output=True, check=True)
    done = subprocess.run([ECRIN, "vault", "status", *options[:4], "--json"], env=env, capture_output=True, check=True)
    assert [Path(json.loads(done.stdout)["file"])] == list(tmp_path.rglob("*.ecrin-vault"))


def test_clear_wants_to_be_sure_and_opens_it_once_more(vault: Vault) -> None:
    refused(vault.open("clear"), "--yes", 2)
    refused(vault.run("clear", "--yes", passcode_fd="wrong"), "VAULT_PASSCODE_MISMATCH")
    assert vault.file.exists()
    assert vault.open("clear", "--yes").returncode == 0
    assert list(vault.folder.iterdir()) == []


@pytest.mark.parametrize("damaged", [False, True])
def test_a_vault_that_nobody_can_open_is_removed_by_name(vault: Vault, damaged: bool) -> None:
    if damaged:
        vault.file.write_bytes(b"no vault at all")
    assert vault.run("clear", "--forgotten", "--yes").returncode == 0
    assert list(vault.folder.iterdir()) == []
    refused(vault.run("clear", "--forgotten", "--yes"), "VAULT_NOT_INITIALIZED")
