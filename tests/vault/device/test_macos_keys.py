"""What keeps keys on a Mac, on its documented interfaces: the keychains and what the Secure Enclave guards."""

import pytest

from ecrin.vault.device import errors
from ecrin.vault.device.macos.enclave import Access, SecureEnclave
from ecrin.vault.device.macos.keychain import Keychain
from ecrin.vault.device.model import PromptTexts
from ecrin.vault.errors import SlotInvalidated
from ecrin.vault.ports import Place
from vault.device.macos_frameworks import ENCLAVE, LOGIN, Data, Mac
from vault.device.nobody import Nobody, taken

PLACE = Place("com.example.notes", bytes(16), bytes(range(16)))
ITEM = ("com.example.notes", "key")


class Somebody(Nobody):
    texts = PromptTexts(reason="open the notes")


@pytest.mark.parametrize(("signed", "keychain"), [(False, LOGIN), (True, ENCLAVE)])
async def test_an_item_is_kept_replaced_and_removed(mac: Mac, signed: bool, keychain: str) -> None:
    store = Keychain(signed=signed)
    for secret in (b"first", b"second"):
        await store.set(*ITEM, secret)
    assert taken(await store.get(*ITEM)) == b"second"
    assert list(mac.items) == [(keychain, *ITEM)]
    for _ in range(2):  # one that is not there is no error
        await store.delete(*ITEM)
    assert await store.get(*ITEM) is None


async def test_an_item_of_a_signed_app_never_leaves_the_device(mac: Mac) -> None:
    await Keychain(signed=True).set(*ITEM, b"secret")
    [item] = mac.items.values()
    assert item["kSecAttrAccessible"] == "kSecAttrAccessibleWhenUnlockedThisDeviceOnly"
    assert item["kSecAttrSynchronizable"] is False


async def test_an_item_that_another_process_adds_meanwhile_is_replaced(mac: Mac) -> None:
    other = {"kSecValueData": Data(b"the other's")}
    mac.adds.append(lambda: mac.items.update({(LOGIN, *ITEM): other}))
    await Keychain().set(*ITEM, b"ours")
    assert taken(await Keychain().get(*ITEM)) == b"ours"


async def test_an_item_without_a_value_is_none(mac: Mac) -> None:
    mac.items[(LOGIN, *ITEM)] = {"kSecValueData": Data()}
    assert await Keychain().get(*ITEM) is None


async def test_an_app_that_is_not_signed_does_not_get_the_other_keychain(mac: Mac) -> None:
    mac.signed = False
    store = Keychain(signed=True)
    for call in (store.get(*ITEM), store.set(*ITEM, b"secret"), store.delete(*ITEM)):
        with pytest.raises(errors.KeyStoreUnavailable) as raised:
            await call
        assert "keychain-access-groups" in raised.value.advice


@pytest.mark.parametrize(
    ("access", "flags"), [(Access.BIOMETRY, 0x8), (Access.PASSCODE, 0x10), (Access.EITHER, 0x4018)]
)
async def test_the_enclave_guards_what_a_slot_keeps(mac: Mac, access: Access, flags: int) -> None:
    made = await SecureEnclave(access).enrol(PLACE, Somebody())
    secret = taken(made.secret)
    [(keychain, _, _)] = mac.items
    [item] = mac.items.values()
    assert keychain == ENCLAVE
    assert item["kSecAttrAccessControl"] == ("kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly", flags)
    assert taken(await SecureEnclave().secret(PLACE, made.params, Somebody())) == secret
    assert mac.words["reason"] == "open the notes"


async def test_a_slot_whose_item_went_is_invalid(mac: Mac) -> None:
    made = await SecureEnclave().enrol(PLACE, Somebody())
    made.secret.close()
    await SecureEnclave().withdraw(PLACE, made.params)
    with pytest.raises(SlotInvalidated):
        await SecureEnclave().secret(PLACE, made.params, Somebody())


async def test_a_python_that_is_not_signed_is_told_to_sign(mac: Mac) -> None:
    mac.signed = False
    with pytest.raises(errors.Unsupported) as raised:
        await SecureEnclave().enrol(PLACE, Somebody())
    assert "keychain-access-groups" in raised.value.advice


async def test_a_mac_without_an_enclave_says_so(mac: Mac) -> None:
    mac.has_enclave = False
    with pytest.raises(errors.Unsupported, match="no Secure Enclave"):
        await SecureEnclave().enrol(PLACE, Somebody())


@pytest.mark.parametrize(
    ("signed", "has_enclave", "there"), [(True, True, True), (False, True, False), (True, False, False)]
)
async def test_the_enclave_is_there_for_a_signed_app(mac: Mac, signed: bool, has_enclave: bool, there: bool) -> None:
    mac.signed, mac.has_enclave = signed, has_enclave
    assert await SecureEnclave().is_there() is there
    assert not mac.items


async def test_what_cocoa_makes_in_a_thread_goes_at_its_end(mac: Mac) -> None:
    await Keychain().set(*ITEM, b"secret")
    made = await SecureEnclave().enrol(PLACE, Somebody())
    made.secret.close()
    taken(await SecureEnclave().secret(PLACE, made.params, Somebody()))
    await SecureEnclave().withdraw(PLACE, made.params)
    assert mac.unpooled == []
    assert mac.pools
