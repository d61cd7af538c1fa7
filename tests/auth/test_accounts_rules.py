"""What an account may look like, and what a change to it does."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auth.makers import NOW, account
from ecrin.auth.accounts import rules
from ecrin.auth.accounts.model import Account, Identity
from ecrin.auth.accounts.rules import Changes, changed
from ecrin.auth.errors import (
    ClaimsTooLarge,
    ForbiddenClaim,
    InvalidClaims,
    InvalidDisplayName,
    InvalidEmail,
    InvalidLocalId,
    InvalidPhoneNumber,
    InvalidPhotoUrl,
    MissingProviderId,
    MissingRawId,
)
from ecrin.base.secret import Secret
from ecrin.crypto.jose.strict import MAX_CLAIMS_DEPTH

GOOGLE = Identity("google.com", "1")
names = st.text(st.characters(codec="utf-8"), max_size=20)
texts = st.none() | names
emails = st.none() | st.builds("{}@example.org".format, st.sampled_from("abc"))
passwords = st.none() | st.sampled_from(["x", "y"]).map(Secret)
changes = st.fixed_dictionaries(
    {},
    optional={
        "email": emails,
        "email_verified": st.booleans(),
        "display_name": texts,
        "disabled": st.booleans(),
        "password": passwords,
        "valid_since": st.integers(0, 2**31),
        "identities": st.sampled_from([(), (GOOGLE,)]),
    },
)
accounts = st.builds(
    account,
    email=emails,
    email_verified=st.booleans(),
    initial_email=emails,
    password=passwords,
    valid_since=st.none() | st.integers(0, 2**31),
)


# ---- addresses


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  ANN@Example.ORG ", "ann@example.org"),
        ("\uff41\uff4e\uff4e@example.org", "ann@example.org"),
        ("ann+notes@example.org", "ann+notes@example.org"),
        ("Zoë@exämple.org", "zoë@exämple.org"),
        ("Zoe\u0308@example.org", "zoë@example.org"),
        ("J\u030cohn@example.org", "\u01f0ohn@example.org"),
        ("a@b", "a@b"),
        ("o'hara%_@example.org", "o'hara%_@example.org"),
    ],
)
def test_every_spelling_of_an_address_is_stored_as_one(text: str, normal: str) -> None:
    assert rules.normal_email(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "a@b@c",
        "a b@example.org",
        "ann@exam ple.org",
        "ann@example.org\nBcc: eve@example.org",
        "ann\r@example.org",
        "ann\x00@example.org",
        "ann\u200b@example.org",
        "ann\u2028@example.org",
        "<ann@example.org>",
        "ann@example.org,eve@example.org",
        "ann;eve@example.org",
        '"ann"@example.org',
        "ann(x)@example.org",
        "ann\\@example.org",
        "group:ann@example.org",
        "ann@[127.0.0.1]",
        f"{'a' * 250}@b.cd",
        "ﷺ" * 20 + "@example.org",
        "ann﹫eve@example.org",
    ],
)
def test_what_is_not_one_plain_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmail):
        rules.normal_email(text)


@given(st.text(st.characters(codec="utf-8", exclude_characters='@ <>,;:"()[]\\'), min_size=1, max_size=12))
@example("H\u0331")
def test_a22_a_normal_address_is_its_own_normal_form(local: str) -> None:
    try:
        once = rules.normal_email(f"{local}@example.org")
    except InvalidEmail:
        return
    assert rules.normal_email(once) == once


# ---- other fields


@pytest.mark.parametrize("number", ["+33123456789", "+12345", "+123456789012345"])
def test_a_phone_number_in_e164_form_is_taken_as_it_is(number: str) -> None:
    assert rules.checked_phone(number) == number


@pytest.mark.parametrize(
    "number", ["", "33123456789", "+0123456", "+1234", "+1234567890123456", "+33 123456789", "+٣٣١٢٣٤٥"]
)
def test_another_phone_number_is_refused(number: str) -> None:
    with pytest.raises(InvalidPhoneNumber):
        rules.checked_phone(number)


@pytest.mark.parametrize("name", ["a", "ann smith", "é" * 128, "%_'\""])
def test_a_user_id_of_printable_characters_is_taken(name: str) -> None:
    assert rules.checked_local_id(name) == name


@pytest.mark.parametrize("name", ["", "a" * 129, "a\x00", "a\nb", "\u200b"])
def test_another_user_id_is_refused(name: str) -> None:
    with pytest.raises(InvalidLocalId):
        rules.checked_local_id(name)


def test_an_empty_display_name_is_none() -> None:
    assert rules.checked_display_name("") is None


@given(names)
def test_a_display_name_is_kept_as_it_was_written(name: str) -> None:
    assert (rules.checked_display_name(name) or "") == name


def test_a_display_name_over_256_characters_is_refused() -> None:
    rules.checked_display_name("n" * 256)
    with pytest.raises(InvalidDisplayName):
        rules.checked_display_name("n" * 257)


@pytest.mark.parametrize("url", ["https://example.org/a.png", "HTTP://example.org", "http://localhost:8080/?a=b#c"])
def test_a_photo_on_the_web_is_taken(url: str) -> None:
    assert rules.checked_photo_url(url) == url


def test_an_empty_photo_is_none() -> None:
    assert rules.checked_photo_url("") is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        " https://example.org",
        "https://example.org/\n",
        "https://example.org/a b",
        "https://example.org/\x00",
        "//example.org",
        "https://",
        "ftp://example.org",
        "https://example.org/" + "a" * 2048,
    ],
)
def test_a29_a_photo_that_a_page_could_run_is_refused(url: str) -> None:
    with pytest.raises(InvalidPhotoUrl):
        rules.checked_photo_url(url)


# ---- custom claims


@pytest.mark.parametrize(
    ("text", "kept"),
    [("", ""), ("{}", ""), ('{"a": 1}', '{"a":1}'), ('{"r": ["x", {"y": null}]}', '{"r":["x",{"y":null}]}')],
)
def test_claims_are_kept_as_compact_json(text: str, kept: str) -> None:
    assert rules.checked_claims(text) == kept


@pytest.mark.parametrize(
    "text", ["[]", "null", "1", '"x"', "{", '{"a":1,"a":2}', '{"a":NaN}', '{"a":1e999}', "\ud800", '{"a":"\\ud800"}']
)
def test_claims_that_are_no_strict_json_object_are_refused(text: str) -> None:
    with pytest.raises(InvalidClaims):
        rules.checked_claims(text)


def test_claims_nest_no_deeper_than_a_token_carries() -> None:
    deepest = '{"a":' + "[" * (MAX_CLAIMS_DEPTH - 1) + "]" * (MAX_CLAIMS_DEPTH - 1) + "}"
    rules.checked_claims(deepest)
    with pytest.raises(InvalidClaims):
        rules.checked_claims(deepest.replace("[]", "[[]]"))


def test_claims_of_1000_characters_are_the_longest() -> None:
    rules.checked_claims(json.dumps({"a": "x" * 991}))
    with pytest.raises(ClaimsTooLarge):
        rules.checked_claims(json.dumps({"a": "x" * 992}))


@pytest.mark.parametrize("name", sorted(rules.RESERVED_CLAIMS))
def test_a_claim_with_a_reserved_name_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ForbiddenClaim, match=name):
        rules.checked_claims(json.dumps({name: 1}))


# ---- identities


def test_an_identity_names_its_provider_and_its_user() -> None:
    assert rules.checked_identity(GOOGLE) is GOOGLE
    with pytest.raises(MissingProviderId):
        rules.checked_identity(Identity("", "1"))
    with pytest.raises(MissingRawId):
        rules.checked_identity(Identity("google.com", ""))


def test_linking_takes_the_place_of_the_identity_at_that_provider_alone() -> None:
    before = account(identities=(GOOGLE, Identity("github.com", "2")))

    after = rules.linked(before, Identity("google.com", "3"))

    assert {i.key for i in after} == {("github.com", "2"), ("google.com", "3")}


@given(st.frozensets(st.sampled_from(["password", "phone", "google.com", "github.com"])))
def test_unlinking_takes_away_what_is_named_and_nothing_else(providers: frozenset[str]) -> None:
    before = account(
        email="a@example.org",
        password=Secret("x"),
        phone_number="+33123456789",
        email_link_signin=True,
        identities=(GOOGLE,),
    )

    after, _ = changed(before, rules.unlinked(before, providers), NOW)

    assert (after.password is None) == ("password" in providers)
    assert after.email_link_signin == ("password" not in providers)
    assert (after.phone_number is None) == ("phone" in providers)
    assert (after.identities == ()) == ("google.com" in providers)
    assert (after.email is None) == ("password" in providers)
    assert after.valid_since == before.valid_since


# ---- changes


@given(accounts, changes)
def test_a_change_sets_what_it_names(before: Account, wanted: Changes) -> None:
    after, _ = changed(before, wanted, NOW)

    assert all(getattr(after, name) == value for name, value in wanted.items())


@given(accounts, changes)
def test_the_names_of_a_change_are_the_fields_that_differ(before: Account, wanted: Changes) -> None:
    after, names = changed(before, wanted, NOW)

    differ = {f for f in Account.__dataclass_fields__ if getattr(before, f) != getattr(after, f)}
    assert set(names) | {"valid_since"} == differ | {"valid_since"}


@given(accounts, changes)
def test_a10_what_ends_everything_says_so_even_twice_within_a_second(before: Account, wanted: Changes) -> None:
    revoked_just_now = replace(before, valid_since=NOW // 1000)

    after, names = changed(revoked_just_now, wanted, NOW)

    assert ("valid_since" in names) == ("valid_since" in wanted or rules.reissues(before, after))


@given(accounts, changes)
def test_a_new_password_or_address_ends_what_was_issued_before(before: Account, wanted: Changes) -> None:
    after, _ = changed(before, wanted, NOW)

    new = any(
        (now := getattr(after, name)) is not None and now != getattr(before, name) for name in ("email", "password")
    )
    moved = max(NOW // 1000, before.valid_since or 0) if new else before.valid_since
    assert after.valid_since == wanted.get("valid_since", moved)


@given(accounts, changes)
def test_a_new_address_is_unverified_unless_the_change_says_so(before: Account, wanted: Changes) -> None:
    after, _ = changed(before, wanted, NOW)

    kept = before.email_verified if after.email == before.email else False
    assert after.email_verified == wanted.get("email_verified", kept)


@given(accounts, st.lists(changes, max_size=4))
def test_the_first_address_is_kept_whatever_comes_after(before: Account, history: list[Changes]) -> None:
    after = before
    for wanted in history:
        after, _ = changed(after, wanted, NOW)

    if before.initial_email is not None:
        assert after.initial_email == before.initial_email
    elif before.email is not None and after.initial_email is not None:
        assert after.initial_email == before.email


@given(accounts, passwords)
def test_the_time_of_a_password_is_that_of_its_change(before: Account, password: Secret[str] | None) -> None:
    after, _ = changed(before, Changes(password=password), NOW)

    if password == before.password:
        assert after.password_updated_at == before.password_updated_at
    else:
        assert after.password_updated_at == (NOW if password else None)


@pytest.mark.parametrize(
    ("fields", "anonymous"),
    [
        ({}, True),
        ({"display_name": "Ann"}, True),
        ({"email": "a@example.org"}, False),
        ({"phone_number": "+33123456789"}, False),
        ({"identities": (GOOGLE,)}, False),
        ({"custom_auth": True}, False),
        ({"password": Secret("x")}, False),
    ],
)
def test_an_account_is_anonymous_while_nothing_names_it(fields: dict[str, object], anonymous: bool) -> None:
    assert account(**fields).anonymous == anonymous
