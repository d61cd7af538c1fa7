"""What `@capgo/capacitor-persistent-account` wrote becomes an account."""

import json
from typing import Any

import pytest

from ecrin.vault.account.capgo import unwrap
from ecrin.vault.account.errors import InvalidAccount
from ecrin.vault.account.service import PersistentAccount
from ecrin.vault.device.ports import Platform

INNER = {"userId": "u-1", "tokens": ["a"]}


@pytest.mark.parametrize("found", [INNER, {"data": INNER}, {"data": {"data": INNER}}])
def test_native_kept_and_web_forms_hold_the_same_account(found: Any) -> None:
    assert unwrap(found) == INNER


@pytest.mark.parametrize("inner", [[1], "text", 7, {"data": 1, "more": 2}, {}])
def test_what_is_no_wrapper_is_left(inner: Any) -> None:
    assert unwrap({"data": {"data": inner}}) == inner


def test_at_most_two_wrappers_are_taken_off() -> None:
    assert unwrap({"data": {"data": {"data": 1}}}) == {"data": 1}


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"data": x}, lambda x: {"data": {"data": x}}])
async def test_an_import_saves_the_account(platform: Platform, wrap: Any) -> None:
    account = PersistentAccount("com.example.notes", platform=platform)
    assert await account.import_capgo(json.dumps(wrap(INNER)), "work") == INNER
    assert await account.read("work") == INNER


@pytest.mark.parametrize(
    "text", ["", "{", '{"data":null}', "null", '{"data":{"data":null}}', '{"a":1,"a":2}', "\ud800"]
)
async def test_text_without_an_account_is_refused_and_nothing_is_saved(platform: Platform, text: str) -> None:
    account = PersistentAccount("com.example.notes", platform=platform)
    with pytest.raises(InvalidAccount):
        await account.import_capgo(text)
    assert await account.list() == []


@pytest.mark.parametrize("text", [b'{"data":{"a":1}}', b'\xef\xbb\xbf{"a":1}', {"a": 1}, None, '\ufeff{"a":1}'])
async def test_what_is_not_the_text_that_the_plugin_kept_is_told_as_that(platform: Platform, text: Any) -> None:
    account = PersistentAccount("com.example.notes", platform=platform)
    with pytest.raises(InvalidAccount) as refused:
        await account.import_capgo(text)
    assert refused.value.advice == "Hand over the JSON as text, as the plugin kept it."
