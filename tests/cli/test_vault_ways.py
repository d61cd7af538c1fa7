"""`ecrin vault passcode`, `slot`, `export` and `import`: other ways in, and copies."""

import json
import stat
from pathlib import Path

import pytest

from cli.vault_commands import HEADLESS, NO_BUS, PASSCODE, Vault, refused
from ecrin.cli.vaultways import KINDS
from ecrin.vault.device.here import platform_of
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.model import Bound

TOKEN = b"the-value-that-nobody-may-see"
NEW = "another passcode"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with a value."""
    vault = Vault(tmp_path / "vaults", NO_BUS)
    assert vault.open("create", *HEADLESS).returncode == 0
    assert vault.open("set", "token", given=TOKEN).returncode == 0
    return vault


def test_a_new_passcode_takes_the_place_of_the_old_one(vault: Vault) -> None:
    assert vault.open("passcode", new_passcode_fd=NEW).returncode == 0
    refused(vault.open("get", "token"), "VAULT_PASSCODE_MISMATCH")
    assert vault.run("get", "token", passcode_fd=NEW).stdout == TOKEN


def test_two_secrets_of_one_descriptor_are_taken_in_the_order_of_the_options(vault: Vault) -> None:
    options = ("--passcode-fd", "0", "--new-passcode-fd", "0")
    assert vault.run("passcode", *options, given=f"{PASSCODE}\n{NEW}\n".encode()).returncode == 0
    assert vault.run("get", "token", passcode_fd=NEW).stdout == TOKEN


def test_a_recovery_code_opens_a_vault_whose_passcode_is_forgotten(vault: Vault) -> None:
    code = json.loads(vault.open("slot", "add", "recovery", "--json").stdout)["recovery_code"]
    done = vault.run("passcode", "--slot", "recovery", passcode_fd=code, new_passcode_fd=NEW)
    assert done.returncode == 0, done
    assert vault.run("get", "token", passcode_fd=NEW).stdout == TOKEN


def test_a_new_vault_prints_its_recovery_code_once(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vaults", NO_BUS)
    code = json.loads(vault.open("create", *HEADLESS, "--recovery-code", "--json").stdout)["recovery_code"]
    assert vault.run("list", "--slot", "recovery", "--json", passcode_fd=code).stdout == b"[]\n"
    assert code.encode() not in vault.run("status", "--json").stdout


def test_a_slot_that_is_removed_opens_nothing_and_the_last_one_stays(vault: Vault) -> None:
    added = json.loads(vault.open("slot", "add", "recovery", "--json").stdout)
    assert (added["kind"], added["managed"]) == ("recovery", False)
    code = added["recovery_code"]
    assert vault.run("get", "token", "--slot", added["id"], passcode_fd=code).stdout == TOKEN
    assert vault.open("slot", "remove", added["id"]).returncode == 0
    slots = json.loads(vault.run("slot", "list", "--json").stdout)
    assert [slot["managed"] for slot in slots] == [True]
    done = vault.open("slot", "remove", slots[0]["id"])
    refused(done, "VAULT_LAST_SLOT")
    assert b"ecrin vault clear" in done.stderr


def test_a_second_passcode_is_refused_with_what_replaces_the_first(vault: Vault) -> None:
    done = vault.open("slot", "add", "passcode", new_passcode_fd=NEW)
    refused(done, "VAULT_INVALID_CONFIG")
    assert b"`ecrin vault passcode` replaces it." in done.stderr


def test_where_only_a_recovery_code_is_left_the_way_to_use_it_is_said(vault: Vault) -> None:
    added = json.loads(vault.open("slot", "add", "recovery", "--json").stdout)
    own = json.loads(vault.run("slot", "list", "--json").stdout)[0]["id"]
    assert vault.open("slot", "remove", own).returncode == 0
    done = vault.run("list", passcode_fd=added["recovery_code"])
    refused(done, "VAULT_SLOT_MISSING")
    assert b"--slot recovery" in done.stderr


def test_a_way_in_of_no_kind_is_refused_with_the_kinds_that_there_are(vault: Vault) -> None:
    done = vault.open("slot", "add", "finger")
    refused(done, "finger", 2)
    assert all(kind.encode() in done.stderr for kind in KINDS)


def test_a_way_in_that_this_device_cannot_have_is_refused_with_those_that_it_can(vault: Vault) -> None:
    done = vault.open("slot", "add", "windows-hello")
    refused(done, "VAULT_SLOT_MISSING")
    assert b"security-key" in done.stderr
    assert b"slot list" not in done.stderr


def test_every_kind_of_every_platform_can_be_named() -> None:
    ways = [Ways(platform_of(name)) for name in ("linux", "darwin", "win32")]
    assert set(KINDS) == {opener.kind for way in ways for opener in way._openers(Bound.NOTHING)}


def test_an_export_is_sealed_and_its_owners_alone_and_goes_into_another_vault(vault: Vault, tmp_path: Path) -> None:
    out = tmp_path / "values.export"
    assert vault.open("export", "--out", out, passphrase_fd="a passphrase").returncode == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert TOKEN not in out.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["vaults", "values.export"] or len(
        list(tmp_path.iterdir())
    ) == 2

    assert vault.run("create", "--key", "other", *HEADLESS, passcode_fd=NEW).returncode == 0
    refused(vault.run("import", out, "--key", "other", passcode_fd=NEW, passphrase_fd="wrong"), "VAULT_INVALID_EXPORT")
    assert vault.run("import", out, "--key", "other", passcode_fd=NEW, passphrase_fd="a passphrase").returncode == 0
    assert vault.run("get", "token", "--key", "other", passcode_fd=NEW).stdout == TOKEN


def test_an_export_replaces_a_file_only_if_it_is_told_to(vault: Vault, tmp_path: Path) -> None:
    out = tmp_path / "values.export"
    out.write_text("mine")
    out.chmod(0o644)
    done = vault.open("export", "--out", out, passphrase_fd="a passphrase")
    refused(done, "already")
    assert out.read_text() == "mine"
    assert vault.open("export", "--out", out, "--force", passphrase_fd="a passphrase").returncode == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_bytes().startswith(b"ecrin vault export 1\n")


def test_a_file_that_cannot_be_read_or_written_is_named(vault: Vault, tmp_path: Path) -> None:
    refused(vault.open("import", tmp_path / "nothing", passphrase_fd="p"), "nothing cannot be read")
    refused(vault.open("export", "--out", tmp_path / "no/folder", passphrase_fd="p"), "cannot be written")


def test_an_export_goes_through_pipes(vault: Vault) -> None:
    exported = vault.open("export", "--out", "-", passphrase_fd="a passphrase")
    assert (exported.returncode, exported.stderr) == (0, b"")
    assert exported.stdout.startswith(b"ecrin vault export 1\n")
    assert vault.open("remove", "token").returncode == 0
    assert vault.open("import", "-", given=exported.stdout, passphrase_fd="a passphrase").returncode == 0
    assert vault.open("get", "token").stdout == TOKEN


def test_a_file_may_be_called_a_hyphen_if_its_folder_is_named(vault: Vault, tmp_path: Path) -> None:
    assert vault.open("export", "--out", f"{tmp_path}/-", passphrase_fd="a passphrase").returncode == 0
    assert vault.open("import", f"{tmp_path}/-", passphrase_fd="a passphrase").returncode == 0


@pytest.mark.parametrize(
    ("passphrase", "said"),
    [("", "gave nothing"), ("p" * 5000, "A passphrase has 1 to"), ("\udcff", "A passphrase is a text")],
)
def test_a_passphrase_is_looked_at_before_the_vault_is_opened(
    vault: Vault, tmp_path: Path, passphrase: str, said: str
) -> None:
    raw = passphrase.encode(errors="surrogateescape")
    done = vault.run("export", "--out", tmp_path / "out", "--passphrase-fd", 0, given=raw, passcode_fd="wrong")
    refused(done, said)
    assert b"MISMATCH" not in done.stderr


@pytest.mark.parametrize("file", ["/dev/zero", "-"])
def test_what_has_no_end_and_is_no_export_is_refused_at_once(vault: Vault, file: str) -> None:
    refused(vault.open("import", file, given=bytes(100_000), passphrase_fd="correct horse"), "VAULT_INVALID_EXPORT")
