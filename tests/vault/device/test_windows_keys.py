"""What keeps keys on Windows, on its documented interfaces: the Credential Manager, Hello's keys, the chip."""

import ctypes

import pytest

from ecrin.vault.device import errors
from ecrin.vault.device.windows.chip import has_tpm
from ecrin.vault.device.windows.credentials import CredentialManager, _Credential, target
from ecrin.vault.device.windows.hellokey import HelloKey, check
from ecrin.vault.errors import SlotInvalidated
from ecrin.vault.memory import forget
from ecrin.vault.ports import Place
from vault.device.nobody import Nobody, taken
from vault.device.windows_dlls import Machine
from vault.device.winrt import Hello, Key, failed
from vault.memory_image import left

PLACE = Place("com.example.notes", bytes(16), bytes(range(16)))


async def test_an_item_is_kept_on_this_machine_replaced_and_removed(machine: Machine) -> None:
    store = CredentialManager()
    for secret in (b"first", b"second"):
        await store.set("com.example.notes", "key", secret)
    assert taken(await store.get("com.example.notes", "key")) == b"second"
    assert list(machine.items.values()) == [(b"second", 2)]  # CRED_PERSIST_LOCAL_MACHINE
    for _ in range(2):  # one that is not there is no error
        await store.delete("com.example.notes", "key")
    assert await store.get("com.example.notes", "key") is None


async def test_an_item_without_a_value_is_none(machine: Machine) -> None:
    machine.items[target("com.example.notes", "key")] = (b"", 2)
    assert await CredentialManager().get("com.example.notes", "key") is None


async def test_apps_and_items_that_differ_in_case_have_items_of_their_own(machine: Machine) -> None:
    names = [("com.example.notes", "key"), ("com.example.Notes", "key"), ("com.example.notes", "Key")]
    for service, item in names:
        await CredentialManager().set(service, item, f"{service} {item}".encode())
    for service, item in names:
        assert taken(await CredentialManager().get(service, item)) == f"{service} {item}".encode()


async def test_what_the_credential_manager_answers_else_is_an_error(machine: Machine) -> None:
    machine.broken = 1312  # ERROR_NO_SUCH_LOGON_SESSION (winerror.h)
    store = CredentialManager()
    for call in (store.get("app", "item"), store.set("app", "item", b"secret"), store.delete("app", "item")):
        with pytest.raises(errors.KeyStoreUnavailable, match="logon"):
            await call


def test_a_credential_is_laid_out_as_in_wincred_h() -> None:
    offsets = {name: getattr(_Credential, name).offset for name, *_ in _Credential._fields_}
    assert offsets == {
        "Flags": 0,
        "Type": 4,
        "TargetName": 8,
        "Comment": 16,
        "LastWritten": 24,
        "CredentialBlobSize": 32,
        "CredentialBlob": 40,
        "Persist": 48,
        "AttributeCount": 52,
        "Attributes": 56,
        "TargetAlias": 64,
        "UserName": 72,
    }
    assert ctypes.sizeof(_Credential) == 80


async def test_what_hello_signs_is_the_same_secret_each_time(windows_hello: Hello) -> None:
    made = await HelloKey().enrol(PLACE, Nobody())
    secret = taken(made.secret)
    assert taken(await HelloKey().secret(PLACE, made.params, Nobody())) == secret
    assert windows_hello.asked == ["create", "sign", "sign"]


async def test_hello_asks_over_the_window_in_front(machine: Machine, windows_hello: Hello) -> None:
    made = await HelloKey().enrol(PLACE, Nobody())
    made.secret.close()
    assert windows_hello.windows == [machine.front, machine.front]


async def test_a_windows_that_cannot_be_told_of_a_window_asks_all_the_same(windows_hello: Hello) -> None:
    windows_hello.knows_windows = False
    made = await HelloKey().enrol(PLACE, Nobody())
    made.secret.close()
    assert (windows_hello.asked, windows_hello.windows) == (["create", "sign"], [])


async def test_without_the_package_that_knows_windows_hello_asks_all_the_same(
    windows_hello: Hello, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(window: tuple[int]) -> None:
        raise ModuleNotFoundError("No module named 'winrt.windows.ui'")

    monkeypatch.setattr(windows_hello, "over", missing)
    made = await HelloKey().enrol(PLACE, Nobody())
    made.secret.close()
    assert windows_hello.asked == ["create", "sign"]


async def test_where_no_window_is_in_front_hello_is_asked_without(machine: Machine, windows_hello: Hello) -> None:
    machine.front = 0
    made = await HelloKey().enrol(PLACE, Nobody())
    made.secret.close()
    assert (windows_hello.asked, windows_hello.windows) == (["create", "sign"], [])


@pytest.mark.parametrize(("attestation", "chip"), [(0, True), (1, False), (2, False), (3, True)])
async def test_a_key_is_in_a_chip_if_it_was_attested(windows_hello: Hello, attestation: int, chip: bool) -> None:
    windows_hello.attestation = attestation
    made = await HelloKey().enrol(PLACE, Nobody())
    made.secret.close()
    assert made.params["chip"] is chip


async def test_a_reset_hello_has_no_key_any_more(windows_hello: Hello) -> None:
    made = await HelloKey().enrol(PLACE, Nobody())
    made.secret.close()
    await HelloKey().withdraw(PLACE, made.params)
    await HelloKey().withdraw(PLACE, made.params)
    with pytest.raises((errors.ItemMissing, SlotInvalidated)):
        await HelloKey().secret(PLACE, made.params, Nobody())


async def test_a_windows_without_hello_cannot_make_a_key(windows_hello: Hello) -> None:
    windows_hello.failure = failed(0x80040154)
    with pytest.raises(errors.Unsupported):
        await HelloKey().enrol(PLACE, Nobody())


def test_the_signature_is_looked_at_and_not_copied(windows_hello: Hello) -> None:
    key, challenge = Key(windows_hello), bytes(32)
    raw = key.signed(challenge)
    masked, signature = bytes(byte ^ 0xFF for byte in raw), bytearray(raw)
    forget(raw)
    before = left({"signature": masked})
    check(key.retrieve_public_key(), challenge, signature)
    assert left({"signature": masked}) == before


@pytest.mark.parametrize(("version", "there"), [(2, True), (1, False), (None, False)])
def test_only_a_tpm_2_counts(machine: Machine, version: int | None, there: bool) -> None:
    machine.tpm = version
    assert has_tpm() is there
