"""The Secret Service when it is locked, away, stuck, killed, or shared; against a real gnome-keyring."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrin.vault.device.errors import KeyStoreLocked, KeyStoreUnavailable
from ecrin.vault.device.linux import secretbus
from ecrin.vault.device.linux.secretservice import SecretService
from ecrin.vault.memory import SecretRoom
from vault.keystore.contract import read
from vault.secret_service import BUS, SecretServiceDaemon
from vault.test_memory import drawn, needs_maps, traces

APP = "com.example.notes"
SECRETS = 12
STORE = SecretService()
PROMPTER, PLAIN = (str(Path(__file__).with_name(name)) for name in ("silent_prompter.py", "plain_service.py"))
OTHER = """
import asyncio, sys
from ecrin.vault.device.linux.secretservice import SecretService
async def main():
    for _ in range(int(sys.argv[2])):
        await SecretService().set("com.example.notes", "one", sys.argv[1].encode() * 32)
asyncio.run(main())
"""


@pytest.fixture
def silent_prompter(secret_service: SecretServiceDaemon) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([sys.executable, PROMPTER], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "silent\n"
            yield process
        finally:
            process.kill()


async def hears(prompter: "subprocess.Popen[str]", call: str) -> None:
    """Wait until the prompter has been called so."""
    assert prompter.stdout is not None
    async with asyncio.timeout(20):
        while (line := await asyncio.to_thread(prompter.stdout.readline)) != f"{call}\n":
            assert line, "the prompter has ended"


@pytest.mark.parametrize("item", ["one", "unknown"])
async def test_where_no_prompt_can_be_shown_a_locked_key_store_is_locked(
    secret_service: SecretServiceDaemon, item: str
) -> None:
    await STORE.set(APP, "one", b"secret")
    secret_service.lock()
    with pytest.raises(KeyStoreLocked):
        await STORE.get(APP, item)
    with pytest.raises(KeyStoreLocked):
        await STORE.set(APP, item, b"other")
    with pytest.raises(KeyStoreLocked):
        await STORE.delete(APP, item)


async def test_what_was_locked_is_there_after_the_unlock(secret_service: SecretServiceDaemon) -> None:
    await STORE.set(APP, "one", b"secret")
    secret_service.lock()
    secret_service.unlock()
    assert await read(STORE, APP, "one") == b"secret"


@pytest.mark.usefixtures("silent_prompter")
async def test_a_prompt_that_nobody_answers_ends_as_locked(secret_service: SecretServiceDaemon) -> None:
    secret_service.lock()
    with pytest.raises(KeyStoreLocked, match="nobody answered"):
        await SecretService(prompt_ms=200).get(APP, "one")


async def test_a_cancelled_task_does_not_wait_for_the_prompt_and_the_key_store_lives_on(
    secret_service: SecretServiceDaemon, silent_prompter: "subprocess.Popen[str]"
) -> None:
    secret_service.lock()
    waiting = asyncio.ensure_future(SecretService(prompt_ms=600_000).set(APP, "one", b"secret"))
    await hears(silent_prompter, "PerformPrompt")
    waiting.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    secret_service.unlock()
    assert await STORE.get(APP, "one") is None


async def test_a50_a_service_that_takes_secrets_in_the_clear_is_given_none(
    secret_service: SecretServiceDaemon,
) -> None:
    secret_service.kill()
    with subprocess.Popen([sys.executable, PLAIN], stdout=subprocess.PIPE, text=True) as service:
        try:
            await hears(service, "plain")
            with pytest.raises(KeyStoreUnavailable, match="in the clear"):
                await STORE.set(APP, "one", b"secret")
        finally:
            service.kill()
        assert service.stdout is not None
        assert service.stdout.read().split() == ["OpenSession", "OpenSession"]


async def test_a_key_store_that_is_stuck_is_unavailable(
    secret_service: SecretServiceDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secretbus, "REPLY_S", 0.3)
    assert secret_service.keyring is not None
    secret_service.keyring.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(KeyStoreUnavailable, match="has not answered"):
            await STORE.get(APP, "one")
    finally:
        secret_service.keyring.send_signal(signal.SIGCONT)


@pytest.mark.parametrize(
    "address", [None, "", "unix:path=/nonexistent/bus", "tcp:host=127.0.0.1,port=1", "unix:path=/dev/null", "nonsense"]
)
async def test_without_a_bus_it_is_unavailable_with_a_hint(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(BUS, raising=False)
    if address is not None:
        monkeypatch.setenv(BUS, address)
    with pytest.raises(KeyStoreUnavailable) as caught:
        await STORE.get(APP, "one")
    assert "gnome-keyring, KWallet or KeePassXC" in caught.value.advice


async def test_a_bus_without_a_service_is_unavailable_and_what_was_kept_comes_back_with_it(
    secret_service: SecretServiceDaemon,
) -> None:
    await STORE.set(APP, "one", b"secret")
    secret_service.kill()
    with pytest.raises(KeyStoreUnavailable):
        await STORE.get(APP, "one")
    secret_service.start()
    assert await read(STORE, APP, "one") == b"secret"


async def test_a_bus_that_is_gone_is_unavailable_and_the_next_bus_is_used(secret_service: SecretServiceDaemon) -> None:
    await STORE.set(APP, "one", b"secret")
    secret_service.stop()
    with pytest.raises(KeyStoreUnavailable):
        await STORE.set(APP, "one", b"other")
    secret_service.start()
    assert await read(STORE, APP, "one") == b"secret"


async def test_a_service_that_dies_during_the_call_is_unavailable(
    secret_service: SecretServiceDaemon, silent_prompter: "subprocess.Popen[str]"
) -> None:
    secret_service.lock()
    waiting = asyncio.ensure_future(STORE.get(APP, "one"))
    await hears(silent_prompter, "BeginPrompting")
    secret_service.stop()
    with pytest.raises(KeyStoreUnavailable):
        await waiting


async def test_of_several_items_of_one_name_the_newest_is_read_and_a_set_leaves_one(
    secret_service: SecretServiceDaemon,
) -> None:
    await STORE.set(APP, "one", b"old")
    time.sleep(1.1)  # the service tells times in seconds
    secret_service.add(b"new", service=APP, item="one")
    newest = await read(STORE, APP, "one")
    await STORE.set(APP, "one", b"newest")
    assert (newest, await read(STORE, APP, "one")) == (b"new", b"newest")
    assert len(secret_service.paths(service=APP)) == 1


async def test_a_delete_removes_all_items_of_the_name(secret_service: SecretServiceDaemon) -> None:
    for secret in (b"1", b"2", b"3"):
        secret_service.add(secret, service=APP, item="one")
    await STORE.delete(APP, "one")
    assert secret_service.paths(service=APP) == []


async def test_an_empty_item_of_another_program_is_no_secret(secret_service: SecretServiceDaemon) -> None:
    secret_service.add(b"", service=APP, item="one")
    with pytest.raises(KeyStoreUnavailable, match="no secret"):
        await STORE.get(APP, "one")


async def test_an_item_that_another_process_keeps_is_read(secret_service: SecretServiceDaemon) -> None:
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", OTHER, "a", "1"], check=True)
    assert await read(STORE, APP, "one") == b"a" * 32


async def test_two_processes_that_write_one_item_leave_one_whole_secret(secret_service: SecretServiceDaemon) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", OTHER, letter, "15"]) for letter in "ab"]
    seen = set()
    try:
        while any(writer.poll() is None for writer in writers):
            seen.add(await read(STORE, APP, "one"))
    finally:
        codes = [writer.wait(30) for writer in writers]
    assert codes == [0, 0]
    assert seen <= {None, b"a" * 32, b"b" * 32}
    assert len(secret_service.paths(service=APP)) == 1


async def test_calls_at_the_same_time_do_not_disturb_each_other(secret_service: SecretServiceDaemon) -> None:
    items = [f"item {number}" for number in range(8)]
    await asyncio.gather(*(STORE.set(APP, item, item.encode()) for item in items))
    assert await asyncio.gather(*(read(STORE, APP, item) for item in items)) == [item.encode() for item in items]


@needs_maps
async def test_a47_secrets_that_were_kept_and_read_leave_nothing_in_memory(
    secret_service: SecretServiceDaemon,
) -> None:
    masked, rooms = [], []
    for _ in range(SECRETS):  # what is not wiped is overwritten by chance sooner or later: one would prove little
        first = SecretRoom(100)
        masked.append(drawn(first))
        await STORE.set(APP, "one", first.view)
        first.close()
        rooms.append(await STORE.get(APP, "one"))
    there = traces(masked[-1])
    for room in rooms:
        assert room is not None
        room.close()
    assert (there, sum(traces(secret) for secret in masked)) == (1, 0)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: it hears what crosses the bus")
async def test_a50_no_secret_crosses_the_bus_in_the_clear(secret_service: SecretServiceDaemon) -> None:
    secret = secrets.token_hex(32).encode()
    log = secret_service.home / "talk"
    environment = {**os.environ, "ECRIN_SECRET": secret.decode()}
    program = (
        "import asyncio, os; from ecrin.vault.device.linux.secretservice import SecretService as S;"
        "s = os.environ['ECRIN_SECRET'].encode();"
        "asyncio.run(S().set('com.example.notes', 'one', s)); asyncio.run(S().get('com.example.notes', 'one'))"
    )
    tracing = ["strace", "-f", "-s", "100000", "-xx", "-e", "trace=sendto,sendmsg,recvfrom,recvmsg", "-o", str(log)]
    await asyncio.to_thread(subprocess.run, [*tracing, sys.executable, "-c", program], env=environment, check=True)
    spelled = "".join(f"\\x{byte:02x}" for byte in b"com.example.notes")
    assert spelled in log.read_text()  # the witness hears the talk
    assert "".join(f"\\x{byte:02x}" for byte in secret) not in log.read_text()
