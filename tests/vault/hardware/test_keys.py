"""A vault that a security key opens, and one on the real key store; the recovery code is the way out of both."""

from dataclasses import replace

import pytest

from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.device.errors import KeyStoreLocked, SecurityKeyUnavailable
from ecrin.vault.device.linux.secretservice import SecretService
from ecrin.vault.errors import SlotRefused
from ecrin.vault.model import PasscodeRequest, VaultConfig
from ecrin.vault.ports import Asked, Hold
from ecrin.vault.service import Vault
from ecrin.vault.slots.securitykey import SecurityKeySlot
from vault.core.conftest import PASSCODE, Bench
from vault.secret_service import SecretServiceDaemon


def with_key(bench: Bench, *keys: SoftAuthenticator) -> Vault:
    slot = SecurityKeySlot(lambda: list(keys))
    vault = bench.vault(platform=replace(bench.platform, openers=[slot]))
    vault.on_passcode_requested(answer)
    return vault


def answer(request: PasscodeRequest) -> str:
    return {Asked.PIN: "4321", Asked.NEW_PASSCODE: "1234", Asked.PASSCODE: "1234"}[request.asked]


async def test_a_security_key_opens_the_vault_before_a_passcode_is_asked_for(bench: Bench) -> None:
    key = SoftAuthenticator(pin="4321")
    vault = with_key(bench, key)
    await vault.initialize(PASSCODE)
    await vault.set_value("token", "s3cret")
    assert (await vault.add_slot("security-key")).info.hold is Hold.HARDWARE
    await vault.lock()
    vault.on_passcode_requested(lambda request: answer(request) if request.asked is Asked.PIN else None)
    await vault.unlock()
    assert await vault.get_value("token") == "s3cret"


async def test_where_the_key_is_not_plugged_in_the_passcode_is_asked_for(bench: Bench) -> None:
    vault = with_key(bench, SoftAuthenticator(pin="4321"))
    await vault.initialize(PASSCODE)
    await vault.add_slot("security-key")
    await vault.close()
    without = with_key(bench)
    await without.initialize()
    with pytest.raises(SecurityKeyUnavailable):
        await without.unlock(slot="security-key")
    await without.unlock()
    assert not await without.is_locked()


async def test_a_wrong_pin_is_the_keys_to_count_and_wipes_nothing(bench: Bench) -> None:
    vault = with_key(bench, SoftAuthenticator(pin="4321"))
    await vault.initialize(PASSCODE.change(wipe_after=1))
    await vault.add_slot("security-key")
    await vault.lock()
    with pytest.raises(SlotRefused):
        await vault.unlock("9999", slot="security-key")
    await vault.unlock()
    assert [slot.failures for slot in await vault.slots()] == [0, 0]


async def test_a_key_store_that_is_locked_is_said_and_the_code_opens(
    bench: Bench, secret_service: SecretServiceDaemon
) -> None:
    vault = bench.vault(platform=replace(bench.platform, key_store=SecretService(prompt_ms=1)))
    await vault.initialize(PASSCODE, "1234")
    await vault.set_value("token", "s3cret")
    code = (await vault.add_slot("recovery")).code
    await vault.lock()
    secret_service.lock()
    with pytest.raises(KeyStoreLocked):
        await vault.unlock("1234")
    await vault.unlock(code, slot="recovery", accept_old_copy=True)
    assert await vault.get_value("token") == "s3cret"
    secret_service.unlock()
    await vault.lock()
    await vault.unlock("1234")


async def test_two_vaults_of_one_app_share_the_real_key_store_and_leave_nothing_there(
    bench: Bench, secret_service: SecretServiceDaemon
) -> None:
    vaults = [bench.vault(platform=replace(bench.platform, key_store=SecretService())) for _ in range(2)]
    for vault, key in zip(vaults, ("one", "two"), strict=True):
        await vault.initialize(VaultConfig(key=key))
        await vault.set_value("token", key)
    assert [await vault.get_value("token") for vault in vaults] == ["one", "two"]
    for vault in vaults:
        await vault.clear()
    assert secret_service.paths() == []
