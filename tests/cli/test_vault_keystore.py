"""`ecrin vault` with a real key store: gnome-keyring."""

import json
import shutil
from pathlib import Path

import pytest

from cli.vault_commands import NO_BUS, PASSCODE, Vault, refused
from vault.secret_service import SecretServiceDaemon

TOKEN = b"the-value-that-nobody-may-see"


@pytest.fixture
def vault(secret_service: SecretServiceDaemon, tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vaults", secret_service.environment)


def test_a_vault_of_the_key_store_opens_by_itself_and_leaves_nothing_there(
    vault: Vault, secret_service: SecretServiceDaemon
) -> None:
    assert vault.run("create").returncode == 0
    assert vault.run("set", "token", given=TOKEN).returncode == 0
    assert vault.run("get", "token").stdout == TOKEN
    assert secret_service.paths(service="local.ecrin")
    assert vault.run("clear", "--yes").returncode == 0
    assert secret_service.paths() == []


def test_an_old_copy_is_opened_only_by_who_says_so(vault: Vault) -> None:
    vault.run("create")
    shutil.copy(vault.file, vault.folder / "copy")
    vault.run("set", "token", given=TOKEN)
    shutil.copy(vault.folder / "copy", vault.file)
    done = vault.run("list")
    refused(done, "VAULT_ROLLED_BACK")
    assert b"--accept-old-copy" in done.stderr
    accepted = vault.run("list", "--json", "--accept-old-copy")
    assert (accepted.returncode, accepted.stdout) == (0, b"[]\n")
    assert vault.run("list", "--json").stdout == b"[]\n"


def test_a_passcode_is_bound_to_the_key_store_and_opens_nothing_without_it(vault: Vault) -> None:
    vault.open("create", "--type", "custom-passcode")
    assert vault.open("set", "token", given=TOKEN).returncode == 0
    assert vault.open("get", "token").stdout == TOKEN
    elsewhere = Vault(vault.folder, NO_BUS)
    refused(elsewhere.open("get", "token"), "KEY_STORE_UNAVAILABLE")
    found = json.loads(elsewhere.run("status", "--json").stdout)
    assert [(slot["hold"], slot["failures"]) for slot in found["slots"]] == [("passcode+key-store", 0)]
    assert PASSCODE not in str(found)


def test_a_passcode_that_was_given_is_tried_even_if_another_way_would_open_the_vault(vault: Vault) -> None:
    vault.run("create", "--type", "device-security", "--security", "none")
    assert vault.run("slot", "add", "passcode", new_passcode_fd=PASSCODE).returncode == 0
    assert vault.run("list").returncode == 0
    refused(vault.run("list", passcode_fd="wrong"), "VAULT_PASSCODE_MISMATCH")
    assert vault.open("list").returncode == 0


def test_the_status_of_a_vault_is_told_without_its_key_store(vault: Vault) -> None:
    vault.run("create")
    done = Vault(vault.folder, NO_BUS).run("status", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["protection"]["weakest"] == "key-store"
    assert done.stderr == b""


def test_two_processes_at_once_both_succeed_and_the_anchor_follows(vault: Vault) -> None:
    vault.run("create")
    processes = [vault.start("set", name) for name in ("one", "two")]
    ended = [(process.communicate(TOKEN)[1], process.returncode) for process in processes]
    assert ended == [(f"The value of {name} is kept.\n".encode(), 0) for name in ("one", "two")]
    assert json.loads(vault.run("list", "--json").stdout) == [{"name": "one"}, {"name": "two"}]


def test_what_opens_a_vault_of_the_device_is_shown_in_the_words_of_the_options(vault: Vault) -> None:
    vault.run("create", "--type", "device-security", "--security", "none")
    shown = vault.run("status").stdout.decode().splitlines()
    assert ["type", "device-security"] in [line.split() for line in shown]
    assert ["device_security", "none"] in [line.split() for line in shown]


def test_a_vault_of_another_type_has_no_passcode_to_replace(vault: Vault) -> None:
    vault.run("create")
    done = vault.run("passcode", new_passcode_fd=PASSCODE)
    refused(done, "VAULT_INVALID_CONFIG")
    assert b"custom-passcode" in done.stderr
    assert b"slot add passcode" in done.stderr
