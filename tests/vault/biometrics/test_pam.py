"""PAM itself, with a real user and rules that do not delay (pam_unix)."""

import os
import pwd
import secrets
import subprocess
from pathlib import Path

import pytest

from ecrin.vault.device.errors import DevicePasscodeNotSet, NotInteractive, NotRecognized, Unsupported
from ecrin.vault.device.linux.pam import PamPasscode
from ecrin.vault.device.model import PromptTexts
from vault.biometrics.conftest import Account
from vault.stranger import NOBODY, as_user
from vault.test_memory import needs_maps, traces

TEXTS = PromptTexts()
ERRANDS = "vault.biometrics.errands"


def passcode(text: str) -> bytearray:
    return bytearray(text.encode())


async def test_the_passcode_of_the_user_is_right(account: Account) -> None:
    await PamPasscode(account.service, account.name).verify(passcode(account.passcode), TEXTS)


async def test_another_passcode_is_not_recognized(account: Account) -> None:
    with pytest.raises(NotRecognized):
        await PamPasscode(account.service, account.name).verify(passcode("correct horse"), TEXTS)


async def test_no_passcode_is_not_recognized(account: Account) -> None:
    with pytest.raises(NotRecognized):
        await PamPasscode(account.service, account.name).verify(passcode(""), TEXTS)


async def test_a_passcode_is_not_cut_at_a_nul(account: Account) -> None:
    with pytest.raises(NotRecognized):
        await PamPasscode(account.service, account.name).verify(passcode(account.passcode + "\0x"), TEXTS)


async def test_the_caller_keeps_its_own_copy(account: Account) -> None:
    typed = passcode(account.passcode)
    await PamPasscode(account.service, account.name).verify(typed, TEXTS)
    assert typed == passcode(account.passcode)


@pytest.mark.parametrize(("suffix", "error"), [("", ""), ("x", "NotRecognized")])
def test_a_user_without_rights_can_be_asked_for_the_own_passcode(account: Account, suffix: str, error: str) -> None:
    uid = pwd.getpwnam(account.name).pw_uid
    assert as_user(uid, ERRANDS, "passcode", account.service, "", account.passcode + suffix) == error


def test_a_user_without_rights_cannot_try_the_passcode_of_another(account: Account) -> None:
    assert as_user(NOBODY, ERRANDS, "passcode", account.service, account.name, account.passcode) == "Unsupported"


def test_a_user_who_has_no_passcode_is_told_so(account: Account) -> None:
    assert as_user(NOBODY, ERRANDS, "passcode", account.service, "", "x") == "DevicePasscodeNotSet"


async def test_a_user_who_does_not_exist_is_not_judged(account: Account) -> None:
    with pytest.raises(Unsupported):
        await PamPasscode(account.service, f"{account.name}-not").verify(passcode("x"), TEXTS)


async def test_a_user_with_a_passcode_has_one(account: Account) -> None:
    assert await PamPasscode(account.service, account.name).is_set()


async def test_a_locked_account_has_none(account: Account) -> None:
    subprocess.run(["usermod", "--lock", account.name], check=True)
    try:
        assert not await PamPasscode(account.service, account.name).is_set()
    finally:
        subprocess.run(["usermod", "--unlock", account.name], check=True)


async def test_an_account_without_a_passcode_lets_nobody_in(account: Account) -> None:
    subprocess.run(["passwd", "-q", "-d", account.name], check=True)
    try:
        with pytest.raises(DevicePasscodeNotSet):
            await PamPasscode(account.service, account.name).verify(passcode("anything"), TEXTS)
    finally:
        subprocess.run(["chpasswd"], input=f"{account.name}:{account.passcode}".encode(), check=True)


async def test_an_expired_account_is_told_apart_from_a_wrong_passcode(account: Account) -> None:
    subprocess.run(["chage", "-d", "0", account.name], check=True)
    try:
        with pytest.raises(NotInteractive):
            await PamPasscode(account.service, account.name).verify(passcode(account.passcode), TEXTS)
    finally:
        subprocess.run(["chage", "-d", "20000", account.name], check=True)


async def test_rules_that_ask_nothing_let_nobody_in(account: Account) -> None:
    """Such as pam_rootok, or a passcode that may be empty: a yes to nothing typed says nothing."""
    rules = Path("/etc/pam.d", f"{account.service}-permit")
    rules.write_text("auth required pam_permit.so\naccount required pam_permit.so\n")
    try:
        with pytest.raises(DevicePasscodeNotSet, match="without asking"):
            await PamPasscode(rules.name, account.name).verify(passcode("anything"), TEXTS)
    finally:
        rules.unlink()


@needs_maps
async def test_a47_a_passcode_that_was_judged_is_nowhere_but_with_the_caller(account: Account) -> None:
    typed = bytearray(secrets.choice(b"abcdefghijklmnop") for _ in range(200))  # of a size that is seldom used again
    masked = bytes(byte ^ 0xFF for byte in typed)
    with subprocess.Popen(["chpasswd"], stdin=subprocess.PIPE) as changing:
        assert changing.stdin is not None
        for part in (account.name.encode(), b":", typed, b"\n"):
            os.write(changing.stdin.fileno(), part)
    try:
        await PamPasscode(account.service, account.name).verify(typed, TEXTS)
        held = traces(masked)
        typed[:] = bytes(len(typed))
        assert (held, traces(masked)) == (1, 0)
    finally:
        subprocess.run(["chpasswd"], input=f"{account.name}:{account.passcode}".encode(), check=True)
