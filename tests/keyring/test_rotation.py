"""The instance's keys: made at the first start, rotated without a gap, gone in an emergency."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from ecrin.base.clock import DAY, HOUR
from ecrin.base.events import Event
from ecrin.base.origin import SYSTEM
from ecrin.base.secret import Secret
from ecrin.crypto.jose.documents import jwks, x509_map
from ecrin.crypto.keyset import RotationPending
from ecrin.errors import ConfigurationError, KeyUnknown, MasterKeyRejected, SignatureInvalid
from ecrin.storage.keyring.model import CENTURY, POLICIES, Purpose
from ecrin.storage.keyring.service import Keyring, new_key
from ecrin.storage.sql.port import Database, Tx
from ecrin.testing.clock import FakeClock

Reader = Callable[..., Awaitable[Keyring]]
SIGNING = [Purpose.ID_TOKEN, Purpose.SESSION_COOKIE]
SYMMETRIC = [Purpose.REFRESH_TOKEN, Purpose.TOKEN_HASH, Purpose.COLUMN]
LABEL = "test"

# Which database it is makes no difference to a signing key, and finding one takes long.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
signing = pytest.mark.parametrize(("engine", "purpose"), [("sqlite", p) for p in SIGNING], indirect=["engine"])
symmetric = pytest.mark.parametrize("purpose", SYMMETRIC)


def states(keyring: Keyring, purpose: Purpose) -> list[str]:
    return [state for key, state in keyring.inventory() if key.purpose == purpose]


def ids(keyring: Keyring, purpose: Purpose) -> list[str]:
    return [key.id for key, _ in keyring.inventory() if key.purpose == purpose]


# ---- the first start


async def test_the_first_start_makes_one_key_of_each_purpose(read_empty: Reader) -> None:
    keyring = await read_empty()
    assert Counter(k.purpose for k, state in keyring.inventory() if state == "active") == Counter(Purpose)


async def test_a_later_start_finds_the_keys_of_the_first(read_empty: Reader, clock: FakeClock) -> None:
    first = {k.id: k.material.reveal() for k, _ in (await read_empty()).inventory()}
    clock.tick(DAY)

    assert {k.id: k.material.reveal() for k, _ in (await read_empty()).inventory()} == first


async def test_two_first_starts_at_once_agree_on_the_keys(read_empty: Reader) -> None:
    await asyncio.gather(read_empty(), read_empty())

    keyring = await read_empty()
    assert Counter(k.purpose for k, _ in keyring.inventory() if k.purpose in SYMMETRIC) == Counter(SYMMETRIC)
    for purpose in SIGNING:
        keyring.verifier(purpose, 1 << 50).verify(keyring.signer(purpose, 1 << 50).sign({"a": 1}))


async def test_another_master_key_is_rejected(read: Reader) -> None:
    await read()
    with pytest.raises(MasterKeyRejected, match="not the one that this database was sealed with"):
        await read(Secret(secrets.token_bytes(32)))


async def test_another_master_key_changes_nothing(read: Reader, database: Database) -> None:
    await read()
    before = await sealed(database)
    with pytest.raises(MasterKeyRejected):
        await read(Secret(secrets.token_bytes(32)))

    assert await sealed(database) == before


async def test_a_key_whose_sealed_half_was_changed_or_moved_is_rejected(read: Reader, database: Database) -> None:
    await read()
    before = await sealed(database)
    one, other = (f"{p}-1" for p in (Purpose.REFRESH_TOKEN, Purpose.TOKEN_HASH))
    damages = {one: before[other], other: before[one][:-1] + bytes([before[one][-1] ^ 1])}

    for key_id, damaged in damages.items():
        await reseal(database, key_id, damaged)
        with pytest.raises(MasterKeyRejected):
            await read()
        await reseal(database, key_id, before[key_id])
    assert await read()


async def sealed(database: Database) -> dict[str, bytes]:
    async def unit(tx: Tx) -> dict[str, bytes]:
        return {row["id"]: row["sealed"] for row in await tx.all("SELECT id, sealed FROM keys")}

    return await database.scan(unit)


async def reseal(database: Database, key_id: str, value: bytes) -> None:
    await database.write(lambda tx: tx.run("UPDATE keys SET sealed = :s WHERE id = :i", s=value, i=key_id))


async def test_no_private_half_is_readable_in_the_database(read: Reader, database: Database) -> None:
    materials = [k.material.reveal() for k, _ in (await read()).inventory()]
    kept = b"".join((await sealed(database)).values())

    assert not any(material in kept for material in materials)


# ---- rotation: publish, sign, retire


@signing
async def test_a_signing_key_is_published_before_it_signs_and_verifies_after(
    read: Reader, clock: FakeClock, purpose: Purpose
) -> None:
    keyring = await read()
    policy = POLICIES[purpose]
    (old,) = ids(keyring, purpose)
    new = (await keyring.rotate(purpose, SYSTEM)).id
    seen = []
    for tick in (0, policy.publish_for - 1, 1, policy.verify_for - 1, 1):
        clock.tick(tick)
        now = clock.now()
        published = [key.id for key in keyring.published(purpose, now)]
        seen.append((keyring.signer(purpose, now).kid, published, states(keyring, purpose)))

    assert seen == [
        (old, [old, new], ["active", "next"]),
        (old, [old, new], ["active", "next"]),
        (new, [old, new], ["retiring", "active"]),
        (new, [old, new], ["retiring", "active"]),
        (new, [new], ["active"]),
    ]


@signing
async def test_no_token_becomes_invalid_before_its_time(read: Reader, clock: FakeClock, purpose: Purpose) -> None:
    keyring = await read()
    life = POLICIES[purpose].verify_for
    await keyring.rotate(purpose, SYSTEM)
    tokens: list[tuple[int, str]] = []
    for _ in range(12):
        tokens.append((clock.now(), keyring.signer(purpose, clock.now()).sign({"at": clock.now()})))
        for signed_at, token in tokens:
            if clock.now() < signed_at + life:
                assert keyring.verifier(purpose, clock.now()).verify(token) == {"at": signed_at}
        clock.tick(HOUR // 3)


@signing
async def test_what_a_retired_key_signed_is_refused(read: Reader, clock: FakeClock, purpose: Purpose) -> None:
    keyring = await read()
    token = keyring.signer(purpose, clock.now()).sign({})
    await keyring.rotate(purpose, SYSTEM)
    clock.tick(POLICIES[purpose].publish_for + POLICIES[purpose].verify_for)

    with pytest.raises(KeyUnknown):
        keyring.verifier(purpose, clock.now()).verify(token)


@signing
async def test_a_second_rotation_waits_for_the_first(read: Reader, clock: FakeClock, purpose: Purpose) -> None:
    keyring = await read()
    await keyring.rotate(purpose, SYSTEM)
    with pytest.raises(RotationPending):
        await keyring.rotate(purpose, SYSTEM)
    clock.tick(POLICIES[purpose].publish_for)

    assert await keyring.rotate(purpose, SYSTEM)


def test_a_key_is_published_longer_than_its_document_is_cached_and_verifies_as_long_as_its_tokens_live() -> None:
    assert {POLICIES[p].publish_for >= 2 * HOUR for p in SIGNING} == {True}
    assert POLICIES[Purpose.ID_TOKEN].verify_for >= HOUR + 60_000
    assert POLICIES[Purpose.SESSION_COOKIE].verify_for >= 14 * DAY + 60_000
    assert POLICIES[Purpose.REFRESH_TOKEN].verify_for >= 3650 * DAY
    assert {POLICIES[p].verify_for for p in (Purpose.TOKEN_HASH, Purpose.COLUMN)} == {CENTURY}


@symmetric
async def test_a_symmetric_key_signs_at_once_and_what_the_old_one_protects_is_still_good(
    read: Reader, clock: FakeClock, purpose: Purpose
) -> None:
    keyring = await read()
    before = protect(keyring, purpose, clock.now())
    await keyring.rotate(purpose, SYSTEM)
    clock.tick(1)
    after = protect(keyring, purpose, clock.now())
    clock.tick(3000 * DAY)
    again = await read()

    assert ids(again, purpose) == [f"{purpose}-1", f"{purpose}-2"]
    for made in (before, after):
        assert opens(again, purpose, made, clock.now())
    assert named(purpose, before) != named(purpose, after)


def protect(keyring: Keyring, purpose: Purpose, now: int) -> str | bytes:
    """Something that only the key can have made."""
    if purpose is Purpose.COLUMN:
        return keyring.columns().seal(b"text", table="t", row="r", column="c")
    if purpose is Purpose.TOKEN_HASH:
        return keyring.token_hash("text", LABEL, now)
    return keyring.mac_tokens(purpose, LABEL, now).issue(b"text")


def opens(keyring: Keyring, purpose: Purpose, made: str | bytes, now: int) -> bool:
    if isinstance(made, str):
        return keyring.mac_tokens(purpose, LABEL, now).open(made) == b"text"
    if purpose is Purpose.COLUMN:
        return keyring.columns().unseal(made, table="t", row="r", column="c") == b"text"
    return made in keyring.token_hashes("text", LABEL, now)


def named(purpose: Purpose, made: str | bytes) -> str | bytes:
    """The part that tells which key it was."""
    return made[2:10] if purpose is Purpose.COLUMN else made


@pytest.mark.parametrize(("purpose", "emergency"), [(Purpose.ID_TOKEN, False), (Purpose.COLUMN, True)])
async def test_a_rotation_is_an_event(read: Reader, happened: list[Event], purpose: Purpose, emergency: bool) -> None:
    fresh = await (await read()).rotate(purpose, SYSTEM, emergency=emergency)

    (event,) = happened
    told = {"purpose": purpose, "emergency": emergency}
    assert (event.name, event.subject, event.facts()) == ("key.rotated", fresh.id, told)


@on_sqlite
async def test_a_rotation_of_one_purpose_leaves_the_others(read: Reader) -> None:
    keyring = await read()
    before = {k.id for k, _ in keyring.inventory() if k.purpose != Purpose.ID_TOKEN}
    await keyring.rotate(Purpose.ID_TOKEN, SYSTEM)

    assert {k.id for k, _ in keyring.inventory() if k.purpose != Purpose.ID_TOKEN} == before


async def test_255_keys_of_a_symmetric_purpose_are_the_last(read: Reader, database: Database) -> None:
    keyring = await read()
    last = new_key(Purpose.REFRESH_TOKEN, 255, 0)
    await keyring._save([last])

    with pytest.raises(ConfigurationError, match="used up its 255 keys"):
        await keyring.rotate(Purpose.REFRESH_TOKEN, SYSTEM)
    assert last.id in await sealed(database)


# ---- emergency


@signing
async def test_in_an_emergency_the_old_key_is_erased_and_the_new_one_signs_at_once(
    read: Reader, database: Database, clock: FakeClock, purpose: Purpose
) -> None:
    keyring = await read()
    stolen = keyring.signer(purpose, clock.now())
    (old,) = ids(keyring, purpose)
    fresh = await keyring.rotate(purpose, SYSTEM, emergency=True)

    assert (ids(keyring, purpose), states(keyring, purpose)) == ([fresh.id], ["active"])
    assert old not in await sealed(database)
    with pytest.raises(KeyUnknown):
        keyring.verifier(purpose, clock.now()).verify(stolen.sign({}))
    now = clock.now()
    assert keyring.verifier(purpose, now).verify(keyring.signer(purpose, now).sign({"a": 1})) == {"a": 1}


@signing
async def test_an_emergency_does_not_wait_for_a_rotation_that_is_under_way(read: Reader, purpose: Purpose) -> None:
    keyring = await read()
    await keyring.rotate(purpose, SYSTEM)
    fresh = await keyring.rotate(purpose, SYSTEM, emergency=True)

    assert ids(keyring, purpose) == [fresh.id]


async def test_in_an_emergency_every_refresh_token_is_worth_nothing(read: Reader, clock: FakeClock) -> None:
    keyring = await read()
    token = keyring.mac_tokens(Purpose.REFRESH_TOKEN, LABEL, clock.now()).issue(b"session")
    await keyring.rotate(Purpose.REFRESH_TOKEN, SYSTEM, emergency=True)

    with pytest.raises(SignatureInvalid):
        keyring.mac_tokens(Purpose.REFRESH_TOKEN, LABEL, clock.now()).open(token)
    with pytest.raises(SignatureInvalid):
        (await read()).mac_tokens(Purpose.REFRESH_TOKEN, LABEL, clock.now()).open(token)


async def test_in_an_emergency_sealed_columns_still_open_and_new_ones_have_a_new_key(
    read: Reader, clock: FakeClock
) -> None:
    keyring = await read()
    before = protect(keyring, Purpose.COLUMN, clock.now())
    await keyring.rotate(Purpose.COLUMN, SYSTEM, emergency=True)
    clock.tick(1)
    after = protect(await read(), Purpose.COLUMN, clock.now())

    assert opens(keyring, Purpose.COLUMN, before, clock.now())
    assert isinstance(after, bytes)
    assert keyring.columns().key_of(after) == "column-2"


async def test_the_number_of_an_erased_key_is_not_used_again(read: Reader) -> None:
    keyring = await read()
    for _ in range(2):
        await keyring.rotate(Purpose.TOKEN_HASH, SYSTEM, emergency=True)

    assert ids(await read(), Purpose.TOKEN_HASH) == ["token-hash-3"]


# ---- clocks and documents


@pytest.mark.parametrize("back", [HOUR, 3652 * DAY])
async def test_a11_a_clock_that_goes_back_before_the_first_key_leaves_nobody_without_one(
    read: Reader, clock: FakeClock, back: int
) -> None:
    keyring = await read()
    token = keyring.signer(Purpose.ID_TOKEN, clock.now()).sign({"a": 1})
    made = {purpose: protect(keyring, purpose, clock.now()) for purpose in SYMMETRIC}
    clock.tick(-back)
    again = await read()

    assert again.verifier(Purpose.ID_TOKEN, clock.now()).verify(token) == {"a": 1}
    assert again.signer(Purpose.ID_TOKEN, clock.now()).sign({"a": 1}) == token
    assert all(opens(again, purpose, text, clock.now()) for purpose, text in made.items())


@on_sqlite
async def test_a11_a_key_made_in_an_emergency_signs_though_the_clock_goes_back(read: Reader, clock: FakeClock) -> None:
    keyring = await read()
    fresh = await keyring.rotate(Purpose.ID_TOKEN, SYSTEM, emergency=True)
    clock.tick(-HOUR)

    assert (await read()).signer(Purpose.ID_TOKEN, clock.now()).kid == fresh.id


@signing
async def test_the_key_documents_show_public_halves_with_certificates(
    read: Reader, clock: FakeClock, purpose: Purpose
) -> None:
    keyring = await read()
    await keyring.rotate(purpose, SYSTEM)
    published = keyring.published(purpose, clock.now())

    assert [k["kid"] for k in jwks(published)["keys"]] == list(x509_map(published)) == ids(keyring, purpose)
    assert {member for k in jwks(published)["keys"] for member in k} == {"kty", "n", "e", "alg", "use", "kid"}


@symmetric
async def test_a_symmetric_key_has_no_document(read: Reader, clock: FakeClock, purpose: Purpose) -> None:
    published = (await read()).published(purpose, clock.now())
    for document in (jwks, x509_map):
        with pytest.raises(ValueError, match=r"key|deserialize"):
            document(published)
