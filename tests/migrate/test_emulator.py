"""Exports of the Firebase emulator: `emulator-export` was written by firebase-tools 15.34.2 itself."""

import contextlib
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import ConfigurationError
from ecrin.migrate import emulator, emulator_files
from harness import Instance, Opener, message
from server_process import ecrin, started

REAL = Path(__file__).parent / "emulator-export"
ADA = "9LoVaygCaORoHPDhugiWDZAOoPGX"
USERS = {user["localId"]: user for user in json.loads((REAL / "auth_export/accounts.json").read_text())["users"]}
# What we do not keep, and what this version has no place for.
OTHERS = {"salt", "passwordHash", "mfaInfo"}


async def load(instance: Instance, folder: Path = REAL) -> emulator.Loaded:
    app = instance.app
    return await emulator.load(instance.project, app.governance.projects, app.auth.bulk, folder)


async def save(instance: Instance, folder: Path) -> int:
    project = instance.app.governance.projects.get(instance.project.id)
    return await emulator.save(project, instance.app.auth.accounts, folder)


async def users(instance: Instance) -> dict[str, dict[str, Any]]:
    """Return the accounts as accounts:batchGet has them."""
    path = f"/identitytoolkit.googleapis.com/v1/projects/{instance.project.id}/accounts:batchGet?maxResults=1000"
    reply = await instance.http.get(path, headers=instance.bearer)
    return {user["localId"]: user for user in reply.json()["users"]}


def shown(user: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in user.items() if name not in OTHERS}


async def test_an_export_of_the_real_emulator_keeps_every_account(dev: Instance) -> None:
    found = await load(dev)
    kept = await users(dev)
    assert found.accounts == len(USERS) == len(kept)
    for local_id, user in USERS.items():
        expected = {"emailVerified": False, "disabled": False, **shown(user)}
        if local_id == "imported":  # its only way to sign in was a password that is lost
            expected.pop("providerUserInfo")
            expected.pop("passwordUpdatedAt")
        expected.setdefault("validSince", kept[local_id]["validSince"])
        assert shown(kept[local_id]) == expected


async def test_what_could_not_be_kept_is_said(dev: Instance) -> None:
    assert (await load(dev)).losses() == [
        "1 of them lost a password: its hash is of an unknown kind.",
        "1 of them lost second factors, which this version does not keep.",
    ]


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.org", "correct horse"), ("full@example.org", "p4ss:word=x")]
)
async def test_imported_passwords_sign_in_and_get_the_real_hash(dev: Instance, email: str, password: str) -> None:
    await load(dev)
    before = next(u["passwordHash"] for u in (await users(dev)).values() if u.get("email") == email)
    reply = await dev.call("signInWithPassword", {"email": email, "password": password})
    wrong = await dev.call("signInWithPassword", {"email": email, "password": password + "x"})
    after = next(u["passwordHash"] for u in (await users(dev)).values() if u.get("email") == email)
    assert (reply.status_code, message(wrong)) == (200, "INVALID_PASSWORD")
    assert before != after


async def test_a_disabled_account_stays_out_and_a_lost_password_opens_nothing(dev: Instance) -> None:
    await load(dev)
    off = await dev.call("signInWithPassword", {"email": "off@example.org", "password": "abcdefg"})
    lost = await dev.call("signInWithPassword", {"email": "imp@example.org", "password": "hash"})
    assert message(off) == "USER_DISABLED"
    assert lost.status_code == 400


async def test_the_configuration_comes_with_the_accounts(dev: Instance) -> None:
    await load(dev)
    config = (await dev.http.get("/emulator/v1/projects/demo-ecrin/config")).json()
    assert config == json.loads((REAL / "auth_export/config.json").read_text())


async def test_what_is_exported_comes_back_the_same(dev: Instance, tmp_path: Path) -> None:
    await load(dev)
    await dev.sign_up("new@example.org")
    await dev.call("signInWithPassword", {"email": "ada@example.org", "password": "correct horse"})
    before = await users(dev)
    assert await save(dev, tmp_path / "export") == len(before)
    await dev.app.auth.bulk.delete_all(dev.project.id, emulator.BY)
    assert (await load(dev, tmp_path / "export")).losses() == []
    after = await users(dev)
    for local_id, user in before.items():
        user.setdefault("validSince", after[local_id]["validSince"])  # an import sets it, as the emulator's does
    assert after == before


async def test_an_import_replaces_what_is_there_and_leaves_the_rest(dev: Instance) -> None:
    await load(dev)
    await dev.admin("update", {"localId": ADA, "displayName": "changed"})
    other = await dev.sign_up("other@example.org")
    await load(dev)
    found = await users(dev)
    assert "displayName" not in found[ADA]
    assert other["localId"] in found


async def test_an_export_is_for_its_owner_alone(dev: Instance, tmp_path: Path) -> None:
    await save(dev, tmp_path / "export")
    files = [path for path in (tmp_path / "export").rglob("*") if path.is_file()]
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in files} == dict.fromkeys(
        ["firebase-export-metadata.json", "accounts.json", "config.json"], "0o600"
    )
    assert json.loads((tmp_path / "export/auth_export/accounts.json").read_text())["users"] == []


async def test_more_accounts_than_a_page_go_out_and_come_in(
    open_instance: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "PAGE", 3)
    entries = [{"localId": f"user-{n:05}", "email": f"u{n}@example.org"} for n in range(2 * emulator.PAGE + 1)]
    write(tmp_path, accounts={"users": entries})
    async with open_instance("dev") as dev:
        assert (await load(dev, tmp_path)).accounts == len(entries)
        assert await save(dev, tmp_path / "again") == len(entries)


def write(folder: Path, metadata: object = None, accounts: object = None, config: object = None) -> None:
    (folder / "auth_export").mkdir(parents=True, exist_ok=True)
    given = metadata or {"version": "15.34.2", "auth": {"version": "15.34.2", "path": "auth_export"}}
    (folder / "firebase-export-metadata.json").write_text(json.dumps(given))
    (folder / "auth_export/accounts.json").write_text(json.dumps(accounts or {"users": []}))
    if config is not None:
        (folder / "auth_export/config.json").write_text(json.dumps(config))


def one(**user: object) -> Callable[[Path], None]:
    return lambda folder: write(folder, accounts={"users": [{"localId": "u1", **user}]})


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "nothing": (lambda folder: None, "firebase-export-metadata.json cannot be read: No such file"),
    "another part only": (lambda folder: write(folder, metadata={"firestore": {}}), "has no accounts"),
    "no accounts": (lambda folder: (write(folder), (folder / "auth_export/accounts.json").unlink()), "accounts.json"),
    "no json": (
        lambda folder: (write(folder), (folder / "auth_export/accounts.json").write_text("hunter2")),
        "accounts.json is not as the emulator writes it: it is not JSON",
    ),
    "accounts of another shape": (lambda folder: write(folder, accounts={"users": {}}), "Expected `array`"),
    "an account without an id": (
        lambda folder: write(folder, accounts={"users": [{}]}),
        "missing required field `localId`",
    ),
    "a number that is none": (one(createdAt="soon"), "createdAt"),
    "an address that is none": (one(email="nobody"), "account u1 is refused"),
    "a phone that is none": (one(phoneNumber="12"), "account u1 is refused"),
    "claims that are none": (one(customAttributes="{"), "account u1 is refused"),
    "a tenant": (one(tenantId="t1"), "account u1 is refused: it belongs to a tenant"),
    "an identity without a name": (one(providerUserInfo=[{"providerId": "google.com"}]), "account u1 is refused"),
    "a password too long": (one(passwordHash=f"fakeHash:salt=x:password={'hunter2' * 1000}"), "account u1 is refused"),
    "an id twice": (lambda folder: write(folder, accounts={"users": [{"localId": "u1"}] * 2}), "is refused"),
    "an address twice": (
        lambda folder: write(
            folder, accounts={"users": [{"localId": f"u{n}", "email": "a@example.org"} for n in (1, 2)]}
        ),
        "account u2 is refused: email exists",
    ),
    "a configuration that is none": (lambda folder: write(folder, config={"signIn": 5}), "config.json"),
}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", BROKEN)
async def test_an_export_that_is_broken_is_refused_by_name_and_secrets_stay_out_of_it(
    open_instance: Opener, tmp_path: Path, name: str
) -> None:
    spoil, said = BROKEN[name]
    spoil(tmp_path / "export")
    async with open_instance("dev") as dev:
        with pytest.raises(ConfigurationError) as refusal:
            await load(dev, tmp_path / "export")
    assert said in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@given(st.binary(max_size=200), st.sampled_from(["firebase-export-metadata.json", "auth_export/accounts.json"]))
def test_any_bytes_in_the_place_of_a_file_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, name: str
) -> None:
    folder = tmp_path_factory.mktemp("export")
    write(folder)
    (folder / name).write_bytes(junk)
    with contextlib.suppress(ConfigurationError):
        users, _ = emulator_files.read(folder)
        assert all(isinstance(user.local_id, str) for user in users)


# The real process.


def test_dev_loads_an_export_and_leaves_another_behind_with_what_was_done_last(tmp_path: Path) -> None:
    shutil.copytree(REAL, tmp_path / "seed")
    with started(tmp_path / "data", "dev", "--import", tmp_path / "seed", "--export-on-exit") as server:
        assert server.call("signInWithPassword", {"email": "ada@example.org", "password": "correct horse"}).is_success
        last = server.sign_up("last@example.org")["localId"]
        assert server.end() == 0
        assert "Imported 7 accounts" in server.log.read_text()
        assert "Exported 8 accounts" in server.log.read_text()
    with started(tmp_path / "other", "dev", "--import", tmp_path / "seed") as server:
        reply = server.call("signInWithPassword", {"email": "last@example.org", "password": "correct horse"})
        assert reply.json()["localId"] == last
        assert server.call("signInWithPassword", {"email": "ada@example.org", "password": "correct horse"}).is_success


def test_a_folder_for_both_may_be_missing_the_first_time(tmp_path: Path) -> None:
    both = ("--import", tmp_path / "seed", "--export-on-exit", tmp_path / "seed")
    with started(tmp_path / "data", "dev", *both) as server:
        server.sign_up()
        assert server.end() == 0
        assert "holds no export yet" in server.log.read_text()
    assert len(emulator_files.read(tmp_path / "seed")[0]) == 1


@pytest.mark.parametrize("flag", ["--import", "--export-on-exit"])
def test_a_folder_that_cannot_be_used_is_said_before_anything_starts(tmp_path: Path, flag: str) -> None:
    (tmp_path / "file").write_text("")
    done = ecrin("dev", "--port", 0, flag, "file/export", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "file/export" in done.stderr
