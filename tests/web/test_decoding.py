"""Bodies and enums (protocol sheet §1.2): both spellings, numbers as text, unknown members, and nothing that breaks."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import InvalidRequest
from ecrin.web.errors import PayloadUnreadable
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.decoding import ATTRIBUTES, decode_form_or_json, decode_json, named

REQUESTS = [
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == messages.__name__
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'{"displayName": "Ada"}', "Ada"),
        (b'{"display_name": "Ada"}', "Ada"),
        (b'{"display_name": "A_d_a"}', "A_d_a"),
        (b'{"displayName": null}', None),
        (b'{"nope": {"display_name": "x"}}', None),
        (b"{}", None),
        (b"", None),
    ],
)
def test_a_member_is_read_in_both_spellings_and_a_text_is_left_alone(raw: bytes, name: str | None) -> None:
    assert decode_json(raw, messages.Update).display_name == name


def test_snake_case_is_read_at_every_depth() -> None:
    raw = b'{"link_provider_user_info": {"provider_id": "a_b", "raw_id": "1"}, "delete_attribute": ["DISPLAY_NAME"]}'

    body = decode_json(raw, messages.Update)

    assert (body.link_provider_user_info.provider_id, body.delete_attribute) == ("a_b", ["DISPLAY_NAME"])


@pytest.mark.parametrize("value", ["1700000000", 1700000000, 1700000000.0])
def test_an_int64_is_read_as_number_and_as_text(value: Any) -> None:
    assert decode_json(json.dumps({"validSince": value}).encode(), messages.Update).valid_since == 1700000000


@pytest.mark.parametrize(("value", "flag"), [(True, True), ("true", True), ("false", False), (None, None)])
def test_a_boolean_is_read_as_text_too(value: Any, flag: bool | None) -> None:
    assert decode_json(json.dumps({"disableUser": value}).encode(), messages.Update).disable_user is flag


UNREADABLE = [
    b"{",
    b"nope",
    b'{"a":',
    b"\xff",
    b'{"a_b": ' + b"[" * 9_999 + b"]" * 9_999 + b"}",
    b'{"a": "\\ud800"}',
    b'{"email": NaN}',
    b'{"a":' * 9_999 + b"1" + b"}" * 9_999,
]
ILL_TYPED = [
    b"[]",
    b'"x"',
    b"1",
    b"null",
    b'{"email": 1}',
    b'{"localId": ["a"]}',
    b'{"mfa": []}',
    b'{"email": "\\u0000"}',
]


@pytest.mark.parametrize("raw", UNREADABLE, ids=lambda raw: repr(raw[:12]))
def test_a07_what_is_no_json_or_too_deep_is_named_as_google_names_it(raw: bytes) -> None:
    with pytest.raises(PayloadUnreadable, match=r"^Invalid JSON payload received\."):
        decode_json(raw, messages.Update)


@pytest.mark.parametrize("raw", ILL_TYPED, ids=lambda raw: repr(raw[:24]))
def test_what_is_of_another_type_is_named_as_google_names_it(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^Invalid JSON payload received\. "):
        decode_json(raw, messages.Update)


def test_a_refusal_names_the_member_and_not_its_value() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        decode_json(b'{"password": {"hunter": "2"}, "email": "a@b"}', messages.Update)

    assert "$.password" in str(refusal.value)
    assert "hunter" not in str(refusal.value)


@given(st.sampled_from(REQUESTS), st.binary() | json_values.map(lambda v: json.dumps(v).encode()))
def test_fuzz_every_body_is_read_or_refused(kind: type, raw: bytes) -> None:
    for decode in (decode_json, decode_form_or_json):
        with suppress(InvalidRequest):
            assert isinstance(decode(raw, kind), kind)


@given(st.sampled_from(REQUESTS), st.data())
def test_fuzz_every_known_member_of_any_value_is_read_or_refused(kind: Any, data: st.DataObject) -> None:
    names = st.sampled_from([field.encode_name for field in msgspec.structs.fields(kind)])
    raw = json.dumps(data.draw(st.dictionaries(names, json_values))).encode()
    with suppress(InvalidRequest):
        assert isinstance(decode_json(raw, kind), kind)


@pytest.mark.parametrize(
    ("value", "name"),
    [("EMAIL", "EMAIL"), (1, "EMAIL"), (5, "PASSWORD"), (None, ""), ("", ""), (0, ""), (ATTRIBUTES[0], "")],
)
def test_an_enum_is_read_by_name_and_by_index(value: Any, name: str) -> None:
    assert named(value, ATTRIBUTES) == name


@pytest.mark.parametrize("value", ["NOPE", "email", 7, -1, 2**70])
def test_an_enum_value_that_there_is_not_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest):
        named(value, ATTRIBUTES)
