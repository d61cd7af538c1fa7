"""Attacks A5 (the sender chooses the rules), A6 (the header chooses the algorithm), A7 (size) and A9 (spelling)."""

import contextlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrin.base.encoding import b64url, canonical_json
from ecrin.crypto.jose import strict, unsigned
from ecrin.crypto.jose.strict import MAX_CLAIMS_DEPTH, MAX_HEADER, MAX_HEADER_DEPTH, MAX_TOKEN, nested_deeper
from ecrin.errors import CryptoError, KeyUnknown, SignatureInvalid

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CLAIMS = {"iss": "https://securetoken.google.com/demo", "aud": "demo", "sub": "ada", "exp": 1_700_003_600}


def compact(header: bytes, payload: bytes, signature: bytes = b"x") -> str:
    return f"{b64url(header)}.{b64url(payload)}.{b64url(signature)}"


def head(**members: object) -> bytes:
    return json.dumps({"alg": "RS256", "kid": "test-1", **members}).encode()


def attack_rows(vectors, *marks: str) -> list[dict[str, str]]:
    rows = [row for row in vectors("jose")["refused"] if row["name"].startswith(marks)]
    assert len(rows) >= len(marks)
    return rows


def refuse_all(verifier, rows) -> None:
    for row in rows:
        with pytest.raises(CryptoError) as refusal:
            pytest.fail(f"{row['name']} was accepted as {verifier.verify(row['token'])!r}")
        assert refusal.value.code == row["error"], row["name"]


def test_every_refused_vector_is_refused_with_its_code(vectors, verifier):
    refuse_all(verifier, vectors("jose")["refused"])


def test_a5_alg_none_in_any_spelling_is_refused(vectors, verifier):
    refuse_all(verifier, attack_rows(vectors, "alg none", "alg None", "alg NONE", "alg nOnE", "alg  none"))
    with pytest.raises(SignatureInvalid, match="not signed"):
        verifier.verify(unsigned.encode(CLAIMS))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", " none\t"])
@pytest.mark.parametrize("signature", [b"", b"x"])
def test_a5_alg_none_is_refused_before_any_verifier_sees_it(alg, signature):
    with pytest.raises(SignatureInvalid, match="not signed"):
        strict.parse(compact(head(alg=alg), canonical_json(CLAIMS), signature))


def test_a5_headers_that_bring_their_own_key_are_refused_without_a_fetch(vectors, verifier, work, network):
    rows = attack_rows(vectors, "member jwk", "member jku", "member x5u", "member x5c", "kid a URL")
    assert not work(lambda: refuse_all(verifier, rows)).calls.keys() & network


def test_a5_crit_and_b64_are_refused(vectors, verifier):
    refuse_all(verifier, attack_rows(vectors, "member crit", "member b64", "crit with b64"))


def test_a5_duplicate_members_are_refused(vectors, verifier):
    refuse_all(verifier, attack_rows(vectors, "duplicate alg", "duplicate kid", "escaped duplicate", "duplicate claim"))


def test_a5_a_kid_that_is_a_path_or_sql_or_holds_nul_is_refused(vectors, verifier):
    refuse_all(verifier, attack_rows(vectors, "kid a path", "kid SQL", "kid with NUL"))


def public_key_as(form: str, rsa_key) -> bytes:
    public = load_der_public_key(rsa_key.public)
    if form == "JWK":
        numbers = public.public_numbers()
        return canonical_json({"e": "AQAB", "kty": "RSA", "n": b64url(numbers.n.to_bytes(256, "big"))})
    encoding = Encoding.DER if form.startswith("DER") else Encoding.PEM
    kind = PublicFormat.PKCS1 if form.endswith("PKCS1") else PublicFormat.SubjectPublicKeyInfo
    data = public.public_bytes(encoding, kind)
    return data.rstrip() if form == "PEM stripped" else data


@pytest.mark.parametrize("form", ["PEM", "PEM stripped", "PEM PKCS1", "DER", "DER PKCS1", "JWK"])
@pytest.mark.parametrize("alg", ["HS256", "RS256"])
def test_a5_an_hmac_under_the_public_key_is_refused(verifier, rsa_key, form, alg):
    signed = f"{b64url(head(alg=alg))}.{b64url(canonical_json(CLAIMS))}"
    mac = hmac.digest(public_key_as(form, rsa_key), signed.encode(), "sha256")
    with pytest.raises(SignatureInvalid):
        verifier.verify(f"{signed}.{b64url(mac)}")


SCHEMES = {
    "RS384": (padding.PKCS1v15(), hashes.SHA384()),
    "RS512": (padding.PKCS1v15(), hashes.SHA512()),
    "PS256": (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    "SHA-1": (padding.PKCS1v15(), hashes.SHA1()),
}


@pytest.mark.parametrize("said", ["RS256", "own name"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a6_the_key_decides_the_algorithm_and_not_the_header(verifier, rsa_key, scheme, said):
    key = load_der_private_key(rsa_key.private, password=None)
    header = head(alg="RS256" if said == "RS256" else scheme)
    signed = f"{b64url(header)}.{b64url(canonical_json(CLAIMS))}"
    signature = key.sign(signed.encode(), *SCHEMES[scheme])
    with pytest.raises(SignatureInvalid):
        verifier.verify(f"{signed}.{b64url(signature)}")


def test_a6_a_flood_of_unknown_key_ids_costs_neither_signature_work_nor_a_fetch(verifier, work, network):
    payload = canonical_json(CLAIMS)

    def flood() -> None:
        for number in range(1000):
            with contextlib.suppress(KeyUnknown):
                verifier.verify(compact(head(kid=f"flood-{number}"), payload, bytes(256)))

    done = work(flood)
    assert "nested_deeper" in done.calls, "the meter does not see the work"
    assert not done.calls.keys() & ({"get_op_key", "import_key"} | network)
    assert done.peak < 200_000, "something keeps what the flood sends"


HUGE = {
    "10 MB header": lambda: "A" * 10_000_000 + ".e30.AA",
    "10 MB payload": lambda: f"{b64url(head())}.{'A' * 10_000_000}.AA",
    "10 MB signature": lambda: f"{b64url(head())}.e30.{'A' * 10_000_000}",
    "10 million dots": lambda: "." * 10_000_000,
    "a million levels": lambda: compact(head(), b"[" * 1_000_000),
    "a million levels in the header": lambda: compact(b"[" * 1_000_000, b"{}"),
    "one character over the limit": lambda: "A" * (MAX_TOKEN + 1),
    "header over its own limit": lambda: compact(head(typ="x" * MAX_HEADER), b"{}"),
    "5 segments, as a JWE": lambda: "e30.AAAA.AAAA.AAAA.AAAA",
    "16 thousand dots": lambda: "." * MAX_TOKEN,
}


@pytest.mark.parametrize("name", HUGE)
def test_a7_too_much_is_refused_before_anything_is_decoded(verifier, work, parsers, name):
    token = HUGE[name]()

    def refuse() -> None:
        with pytest.raises(SignatureInvalid):
            verifier.verify(token)

    done = work(refuse)
    assert "dissect" in done.calls, "the meter does not see the work"
    assert not done.calls.keys() & parsers
    assert done.peak < 100_000


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"[[{", b'{"a":[{"b":'])
@pytest.mark.parametrize("part", ["header", "payload"])
def test_a7_deep_nesting_within_the_size_limit_is_refused_before_it_is_parsed(verifier, work, opening, part):
    room = MAX_HEADER if part == "header" else MAX_TOKEN * 3 // 4 - 200
    deep = opening * (room // len(opening))
    token = compact(deep, b"{}") if part == "header" else compact(head(), deep)

    def refuse() -> None:
        with pytest.raises(SignatureInvalid, match="nests too deep"):
            verifier.verify(token)

    # Python's parser may see the small header once, never the deep text.
    assert work(refuse).calls["strict_json"] == (1 if part == "payload" else 0)


@pytest.mark.parametrize("limit", [MAX_HEADER_DEPTH, MAX_CLAIMS_DEPTH])
def test_a7_depth_is_counted_exactly(limit):
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        assert not nested_deeper(opening * limit + b"1" + closing * limit, limit)
        assert nested_deeper(opening * (limit + 1) + b"1" + closing * (limit + 1), limit)


@pytest.mark.parametrize(
    "text", [b'"[[[[[["', b'["\\"[[[[["]', b'{"\\\\":"[[[["}', b"[[],[],[],[],[],[]]", b'["[[","]]","[["]']
)
def test_brackets_in_strings_and_side_by_side_do_not_count_as_depth(text):
    assert not nested_deeper(text, 2)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


tricky = st.text(st.sampled_from('[]{}"\\a'), max_size=6)
trees = st.recursive(tricky | st.none(), lambda t: st.lists(t, max_size=3) | st.dictionaries(tricky, t, max_size=3))


@settings(max_examples=300)
@given(trees, st.integers(0, 6))
def test_the_depth_of_any_json_is_counted_without_parsing_it(tree, limit):
    assert nested_deeper(json.dumps(tree).encode(), limit) == (depth_of(tree) > limit)


def test_limits_of_the_header_are_exact(verifier):
    room = MAX_HEADER - len(head(typ=""))
    with pytest.raises(SignatureInvalid) as within:
        verifier.verify(compact(head(typ="x" * room), b"{}", bytes(256)))
    with pytest.raises(SignatureInvalid, match="too long"):
        verifier.verify(compact(head(typ="x" * (room + 1)), b"{}", bytes(256)))
    assert "too long" not in str(within.value)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a", "e30.e30", "e30.e30.", "e30.e30.AA", ".e30.AA", "e30..AA"]
)
def test_tokens_that_are_none_are_refused(verifier, token):
    with pytest.raises(SignatureInvalid):
        verifier.verify(token)


SPELLINGS = {
    "padding": lambda s: s + "=" * (-len(s) % 4 or 4),
    "space behind": lambda s: s + " ",
    "space in front": lambda s: " " + s,
    "line feed behind": lambda s: s + "\n",
    "line feed inside": lambda s: s[:4] + "\n" + s[4:],
    "NUL behind": lambda s: s + "\0",
    "trailing bits": lambda s: s[:-1] + ALPHABET[ALPHABET.index(s[-1]) + 1],
    "one character cut": lambda s: s[:-1],
    "one character more": lambda s: s + "A",
    "full-width letter": lambda s: chr(ord(s[0]) + 0xFEE0) + s[1:],
}


@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a9_another_spelling_of_a_good_token_is_refused(signer, verifier, segment, spelling):
    parts = signer.sign({"sub": "ada"}).split(".")
    changed = [*parts]
    changed[segment] = SPELLINGS[spelling](parts[segment])
    assert changed != parts
    with pytest.raises(CryptoError):
        verifier.verify(".".join(changed))


def test_a9_every_cut_of_a_good_token_is_refused(signer, verifier):
    token = signer.sign(CLAIMS)
    for length in range(len(token)):
        with pytest.raises(CryptoError):
            verifier.verify(token[:length])


def test_a9_every_changed_character_of_a_good_token_is_refused(signer, verifier):
    token = signer.sign({"sub": "ada"})
    for position, character in enumerate(token):
        others = {ALPHABET[ALPHABET.find(character) - step] for step in (1, 2, 16, 32)} | {".", "="}
        for other in others - {character}:
            with pytest.raises(CryptoError):
                verifier.verify(token[:position] + other + token[position + 1 :])


@settings(max_examples=300)
@given(st.data())
def test_a_spliced_token_is_refused_or_the_same(signer, verifier, data):
    token = signer.sign({"sub": "ada"})
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, len(token)))
    changed = token[:start] + data.draw(st.text(ALPHABET + ".", max_size=12)) + token[end:]
    if changed == token:
        assert verifier.verify(changed) == {"sub": "ada"}
    else:
        with pytest.raises(CryptoError):
            verifier.verify(changed)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_junk_in_three_segments_is_refused(verifier, header, payload, signature):
    with pytest.raises(CryptoError):
        verifier.verify(compact(header, payload, signature))


@given(st.text(max_size=100))
def test_junk_is_refused(verifier, token):
    with pytest.raises(SignatureInvalid):
        verifier.verify(token)


def test_segments_of_two_good_tokens_do_not_mix(signer, verifier):
    one, two = (signer.sign({"sub": sub}).split(".") for sub in ("ada", "bob"))
    with pytest.raises(SignatureInvalid):
        verifier.verify(".".join((one[0], one[1], two[2])))


def test_another_key_under_the_same_id_refuses(signer, other_verifier):
    with pytest.raises(SignatureInvalid):
        other_verifier.verify(signer.sign(CLAIMS))


def test_what_a_refusal_says_never_repeats_the_token(vectors, verifier):
    for row in vectors("jose")["refused"]:
        with pytest.raises(CryptoError) as refusal:
            verifier.verify(row["token"])
        assert not any(part and part in str(refusal.value) for part in row["token"].split("."))
        assert "OR '1'='1" not in str(refusal.value)


def test_parse_believes_nothing_and_says_what_was_signed(signer):
    token = signer.sign(CLAIMS)
    parsed = strict.parse(token)
    assert parsed.signed == token.rpartition(".")[0].encode()
    assert (parsed.claims, parsed.header["alg"], len(parsed.signature)) == (CLAIMS, "RS256", 256)
