"""Sealed columns belong to their row: what is moved, changed or stolen does not open (checklist 112, 116, 117)."""

import base64
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.sharing import deliver, rows
from ecrin.assembly import build
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.errors import DecryptionFailed, MasterKeyRejected
from ecrin.governance.apikeys.model import TokenKind
from ecrin.governance.callers import LOCAL, Scope
from ecrin.settings import Settings
from ecrin.storage.sql.connect import open_database
from ecrin.storage.sql.port import Tx
from ecrin.testing.mailbox import SmtpSink
from harness import V1, Instance, Opener

PASSWORD = f"canary-password-{secrets.token_hex(8)}"
BASE64 = re.compile(r"[A-Za-z0-9_-]*")
ANN, BOB = "ann@example.org", "bob@example.org"


async def run(instance: Instance, sql: str, **values: Any) -> None:
    await instance.app.base.database.write(lambda tx: tx.run(sql, **values))


async def password_of(instance: Instance, account_id: str) -> bytes:
    (row,) = await rows(instance, "accounts", "id = :i", i=account_id)
    return bytes(row["password"])


async def sign_in(instance: Instance, email: str, password: str = PASSWORD) -> int:
    return (await instance.call("signInWithPassword", {"email": email, "password": password})).status_code


# ---- moved and changed


async def test_a_password_hash_is_no_hash_that_anybody_can_guess_at(serve: Instance) -> None:
    ann = await serve.sign_up(ANN, PASSWORD)
    kept = await password_of(serve, ann["localId"])

    assert b"argon2" not in kept
    assert kept[2 : 2 + kept[1]] == b"column-1"


async def test_equal_passwords_are_kept_as_different_bytes(serve: Instance) -> None:
    users = [await serve.sign_up(email, PASSWORD) for email in (ANN, BOB)]
    kept = [await password_of(serve, user["localId"]) for user in users]

    assert kept[0][10:] != kept[1][10:]


async def test_the_hash_of_one_account_does_not_open_another(serve: Instance) -> None:
    ann, bob = await serve.sign_up(ANN, "eves own horse"), await serve.sign_up(BOB, PASSWORD)
    moved = await password_of(serve, ann["localId"])
    await run(serve, "UPDATE accounts SET password = :p WHERE id = :i", p=moved, i=bob["localId"])

    assert 200 not in [await sign_in(serve, BOB, p) for p in ("eves own horse", PASSWORD)]
    assert await sign_in(serve, ANN, "eves own horse") == 200


async def test_an_account_that_is_renamed_in_the_database_takes_no_password_along(serve: Instance) -> None:
    ann = await serve.sign_up(ANN, PASSWORD)
    await run(serve, "UPDATE accounts SET id = 'eve' WHERE id = :i", i=ann["localId"])

    assert await sign_in(serve, ANN) != 200


async def test_a_changed_bit_of_a_hash_opens_nothing(serve: Instance) -> None:
    ann = await serve.sign_up(ANN, PASSWORD)
    kept = await password_of(serve, ann["localId"])
    answers = set()
    for place in (0, 1, 5, len(kept) // 2, len(kept) - 1):
        changed = kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :]
        await run(serve, "UPDATE accounts SET password = :p WHERE id = :i", p=changed, i=ann["localId"])
        answers.add(await sign_in(serve, ANN))
    await run(serve, "UPDATE accounts SET password = :p WHERE id = :i", p=kept, i=ann["localId"])

    assert 200 not in answers
    assert await sign_in(serve, ANN) == 200


async def test_a_letter_of_one_row_does_not_open_in_another(posting: Instance, sink: SmtpSink) -> None:
    for email in (ANN, BOB):
        await posting.sign_up(email, PASSWORD)
        await posting.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": email})
    ann, bob = await rows(posting, "mail", "project_id = :p", p=posting.project.id)
    await run(posting, "UPDATE mail SET payload = :p WHERE id = :i", p=ann["payload"], i=bob["id"])
    await deliver(posting)

    assert len(sink.messages()) == 1


async def test_a_column_opens_with_its_data_key_in_its_own_place_and_with_nothing_else(serve: Instance) -> None:
    ann = await serve.sign_up(ANN, PASSWORD)
    kept = await password_of(serve, ann["localId"])
    place = {"table": "accounts", "row": f"{serve.project.id}/{ann['localId']}", "column": "password"}
    keys = {key.id: key.material.reveal() for key, _ in serve.app.base.keyring.inventory()}
    data_key = Envelope({"column-1": keys["column-1"]}, "column-1")

    assert data_key.unseal(kept, **place).startswith(b"$argon2id$")
    for changed in ({"table": "keys"}, {"row": f"other/{ann['localId']}"}, {"column": "claims"}):
        with pytest.raises(DecryptionFailed):
            data_key.unseal(kept, **place | changed)
    for name in ("refresh-token-1", "token-hash-1"):
        with pytest.raises(DecryptionFailed):
            Envelope({"column-1": keys[name]}, "column-1").unseal(kept, **place)


# ---- canaries


async def plant(instance: Instance, sink: SmtpSink) -> dict[str, str]:
    """Use every kind of secret once, in every way in which it could be kept by mistake."""
    ann = await instance.sign_up(ANN, PASSWORD)
    refreshed = (await instance.refresh(ann["refreshToken"])).json()
    await instance.call("signInWithPassword", {"email": ANN, "password": PASSWORD})
    await instance.call("signInWithPassword", {"email": ANN, "password": f"{PASSWORD}-wrong"})
    await instance.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": ANN})
    await deliver(instance)
    mailed = parse_qs(urlsplit(sink.links(to=ANN, expect=1)[0]).query)["oobCode"][0]
    await instance.call("sendOobCode", {"requestType": "PASSWORD_RESET", "email": ANN})
    wanted = {"requestType": "EMAIL_SIGNIN", "email": ANN, "returnOobLink": True}
    shown = (await instance.admin("sendOobCode", wanted)).json()["oobCode"]
    _, token = await instance.app.governance.tokens.create(
        TokenKind.CI, "build", (Scope.parse("*:read"),), None, LOCAL, SYSTEM
    )
    path = f"{V1}/projects/{instance.project.id}:createSessionCookie"
    cookie = await instance.http.post(path, json={"idToken": ann["idToken"]}, headers=instance.bearer)
    _, pem = await instance.app.governance.service_accounts.create_key(instance.project.id, SYSTEM)
    hashed = await instance.app.base.database.read(lambda tx: _hash(instance, tx, ann["localId"]))
    return {
        "password": PASSWORD,
        "password hash": hashed,
        "refresh token": ann["refreshToken"],
        "newest refresh token": refreshed["refresh_token"],
        "id token": ann["idToken"].split(".")[2],
        "session cookie": cookie.json()["sessionCookie"].split(".")[2],
        "mailed code": mailed,
        "shown code": shown,
        "operator token": instance.operator.split("_", 2)[2],
        "ci token": token.reveal().split("_", 2)[2],
        "service account key": "".join(pem.reveal().splitlines()[1:-1])[40:120],
    }


async def _hash(instance: Instance, tx: Tx, account_id: str) -> str:
    account = await instance.app.auth.accounts.get_in(tx, instance.project.id, account_id)
    assert account.password is not None
    return account.password.reveal()


def forms(secret: str) -> set[bytes]:
    """A secret as text, as what its base64 stands for, and as text in other encodings."""
    text = secret.encode()
    raw = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)) if BASE64.fullmatch(secret) else text
    return {text, text.hex().encode(), secret.encode("utf-16-le"), base64.b64encode(text), raw, raw.hex().encode()}


async def dump(instance: Instance) -> bytes:
    """Every value of every table, as the engine gives it."""
    tables = (
        "instance keys projects api_keys credentials service_account_keys accounts identities sessions oob_codes"
        " attempts audit mail"
    ).split()
    values = [v for table in tables for row in await rows(instance, table) for v in row.values()]
    return b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in values)


async def test_no_planted_secret_is_found_in_any_row(open_instance: Opener) -> None:
    with SmtpSink() as sink:
        async with open_instance(smtp_url=Secret(sink.url), mail_from="auth@example.org") as instance:
            secrets_of_all = await plant(instance, sink)
            kept = await dump(instance)

    hits = {name for name, secret in secrets_of_all.items() for form in forms(secret) if form in kept}
    assert hits == set()
    assert ANN.encode() in kept


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_no_planted_secret_is_found_in_the_files(open_instance: Opener, tmp_path: Path) -> None:
    with SmtpSink() as sink:
        async with open_instance(smtp_url=Secret(sink.url), mail_from="auth@example.org") as instance:
            secrets_of_all = await plant(instance, sink)
            dumps = [files(tmp_path)]  # with the write-ahead log
    dumps.append(files(tmp_path))

    hits = {n for n, secret in secrets_of_all.items() for form in forms(secret) for kept in dumps if form in kept}
    assert hits == set()
    assert all(ANN.encode() in kept for kept in dumps)


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("ecrin.db*")))


async def test_a_database_without_its_master_key_opens_nothing(open_instance: Opener, database_url: str) -> None:
    async with open_instance() as instance:
        await instance.sign_up(ANN, PASSWORD)
    database = await open_database(database_url, clock=instance.clock)
    try:
        with pytest.raises(MasterKeyRejected):
            await build(Settings(), database, Secret(secrets.token_bytes(32)), instance.clock, "http://127.0.0.1:9099")
    finally:
        await database.close()
