"""The sync face: the same verbs, the same vault, and a lock in time while the program does something else."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path

import pytest

from ecrin.crypto.profiles import CHEAPEST
from ecrin.errors import EcrinError
from ecrin.testing.device import simulated_platform
from ecrin.vault.device.linux.clock import LinuxClock
from ecrin.vault.errors import PasscodeMismatch, VaultLocked, VaultNotInitialized
from ecrin.vault.model import LockEvent
from ecrin.vault.service import Vault
from ecrin.vault.sync import SyncVault
from vault.core.conftest import APP, PASSCODE


def vault(folder: Path) -> SyncVault:
    return SyncVault(Vault(APP, platform=simulated_platform(folder, clock=LinuxClock()), profile=CHEAPEST))


def test_values_are_kept_without_an_event_loop(tmp_path: Path) -> None:
    with vault(tmp_path) as found:
        found.initialize(PASSCODE, "1234")
        found.set_value("token", "s3cret")
        found.lock()
        with pytest.raises(PasscodeMismatch):
            found.unlock("9999")
        with pytest.raises(VaultLocked):
            found.get_value("token")
        found.unlock("1234")
        assert (found.get_value("token"), found.get_keys(), found.is_empty()) == ("s3cret", ["token"], False)


def test_it_locks_itself_while_the_program_does_something_else(tmp_path: Path) -> None:
    with vault(tmp_path) as found:
        locked, events = threading.Event(), list[LockEvent]()
        found.vault.on_lock(lambda event: (events.append(event), locked.set())[0])
        found.initialize(PASSCODE.change(lock_after_background_ms=20), "1234")
        found.background()
        assert locked.wait(30)
        assert events[0].timeout


def test_several_threads_use_one_vault(tmp_path: Path) -> None:
    with vault(tmp_path) as found:
        found.initialize(PASSCODE, "1234")

        def write(number: int) -> None:
            for turn in range(20):
                found.set_value(f"{number}-{turn}", number)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found.get_keys()) == 80


def test_closing_it_twice_is_no_error_and_leaves_no_thread(tmp_path: Path) -> None:
    found = vault(tmp_path)
    found.initialize(PASSCODE, "1234")
    found.close()
    found.close()
    for _ in range(100):
        if not any(thread.name.startswith("ecrin-vault") for thread in threading.enumerate()):
            return
        time.sleep(0.01)
    raise AssertionError([thread.name for thread in threading.enumerate()])


def test_a_listener_that_calls_the_vault_it_is_called_by_is_told_so(tmp_path: Path) -> None:
    with vault(tmp_path) as found:
        told: list[str] = []

        def calls_back(_: LockEvent) -> None:
            with pytest.raises(RuntimeError) as refused:
                found.is_locked()
            told.append(str(refused.value))

        found.vault.on_lock(calls_back)
        found.initialize(PASSCODE, "1234")
        found.lock()
        assert told == ["A listener cannot wait for the vault that calls it."]


def test_a_listener_that_fails_leaves_no_thread(tmp_path: Path) -> None:
    def fails(_: object) -> None:
        raise ValueError("the app's own fault")

    found = vault(tmp_path)
    found.initialize(PASSCODE, "1234")
    found.vault.on_lock(fails)
    with pytest.raises(ValueError, match="own fault"):
        found.close()
    assert not found._thread.is_alive()


def test_what_was_closed_says_so(tmp_path: Path) -> None:
    found = vault(tmp_path)
    found.initialize(PASSCODE, "1234")
    assert found.config == PASSCODE
    found.close()
    with pytest.raises(VaultNotInitialized, match="closed"):
        found.get_value("token")


def test_every_verb_of_the_vault_is_there() -> None:
    verbs = {name for name in vars(Vault) if not name.startswith(("_", "on_"))}
    assert verbs <= vars(SyncVault).keys()


def test_a_thread_that_calls_while_another_one_closes_gets_an_answer(tmp_path: Path) -> None:
    for turn in range(10):
        found = vault(tmp_path / str(turn))
        found.initialize(PASSCODE, "1234")
        asked = threading.Event()

        def ask(found: SyncVault = found, asked: threading.Event = asked) -> None:
            with suppress(VaultNotInitialized, VaultLocked, CancelledError):
                while True:
                    found.get_value("token")
                    asked.set()

        asking = threading.Thread(target=ask)
        asking.start()
        asked.wait()
        found.close()
        asking.join(30)
        assert not asking.is_alive()


def test_two_threads_close_it_at_once(tmp_path: Path) -> None:
    found, failures = vault(tmp_path), list[Exception]()
    found.initialize(PASSCODE, "1234")

    def close() -> None:
        try:
            found.close()
        except Exception as error:  # noqa: BLE001  whatever it is
            failures.append(error)

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def in_a_child(call: Callable[[], object]) -> str:
    """Return the code of what a call raises in a forked process."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            call()
        except EcrinError as error:
            os.write(writer, error.code.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as said:
        return said.read()


def test_a_forked_process_is_told_that_the_vault_is_not_its_own(tmp_path: Path) -> None:
    with vault(tmp_path) as found:
        found.initialize(PASSCODE, "1234")
        assert in_a_child(lambda: found.get_value("token")) == "VAULT_NOT_INITIALIZED"
        assert in_a_child(lambda: asyncio.run(found.vault.get_value("token"))) == "VAULT_NOT_INITIALIZED"


def test_a_listener_cannot_close_what_calls_it(tmp_path: Path) -> None:
    with vault(tmp_path) as found:
        refused: list[str] = []

        def close() -> None:
            with suppress(RuntimeError):
                found.close()
                refused.append("not")

        found.vault.on_unlock(close)
        found.initialize(PASSCODE, "1234")
        found.set_value("token", "s3cret")
        assert refused == []
