"""A locked key store asks by the desktop's own prompt: gcr's, on a virtual screen, with a hand that types."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from ecrin.vault.device.errors import KeyStoreLocked
from ecrin.vault.device.linux.secretservice import SecretService
from vault.keystore.contract import read
from vault.secret_service import BUS, PASSWORD, SecretServiceDaemon, absent

APP = "com.example.notes"
TITLE = "Unlock Login Keyring"


class Hand:
    """Somebody at the keyboard of a screen."""

    def __init__(self, display: str) -> None:
        self._display = display

    def shown(self) -> bool:
        """Return whether the prompt is on the screen."""
        return bool(self._do("search", "--onlyvisible", "--name", TITLE))

    def press(self, key: str) -> None:
        self._do("key", key)

    def type(self, text: str) -> None:
        self._do("key", "ctrl+a")
        self._do("type", "--delay", "15", text)
        self._do("key", "Return")

    def _do(self, *command: str) -> str:
        environment = {**os.environ, "DISPLAY": self._display}
        done = subprocess.run(["xdotool", *command], env=environment, capture_output=True, text=True, check=False)
        return done.stdout


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A virtual screen."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: the prompt of the key store is shown and answered with it")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as screen:
        try:
            assert screen.stdout is not None
            yield f":{screen.stdout.readline().strip()}"
        finally:
            screen.terminate()


@pytest.fixture
def hand(display: str) -> Hand:
    return Hand(display)


@pytest.fixture
def key_store(display: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretServiceDaemon]:
    """A key store that has an item and is locked."""
    if why := absent():
        pytest.skip(why)
    daemon = SecretServiceDaemon(display)
    try:
        daemon.start()
        daemon.add(b"secret", service=APP, item="one")
        daemon.lock()
        monkeypatch.setenv(BUS, daemon.address)
        yield daemon
    finally:
        daemon.close()


async def appears(hand: Hand) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(hand.shown):
            await asyncio.sleep(0.1)


async def disappears(hand: Hand) -> None:
    while await asyncio.to_thread(hand.shown):
        await asyncio.sleep(0.1)


async def answer(hand: Hand, waiting: "asyncio.Future[object]", *, escape: bool = False) -> None:
    """Answer the prompt until it is gone: one that is just being drawn loses keys, one that is busy must have none."""
    async with asyncio.timeout(90):
        while not waiting.done():
            if await asyncio.to_thread(hand.shown):
                await asyncio.sleep(0.5)
                await asyncio.to_thread(*((hand.press, "Escape") if escape else (hand.type, PASSWORD.decode())))
                await asyncio.wait([waiting], timeout=5)
            await asyncio.wait([waiting], timeout=0.1)


@pytest.mark.usefixtures("key_store")
async def test_the_right_password_gives_the_item(hand: Hand) -> None:
    waiting = asyncio.ensure_future(read(SecretService(), APP, "one"))
    await answer(hand, waiting)
    assert await waiting == b"secret"


@pytest.mark.usefixtures("key_store")
async def test_a_prompt_that_was_cancelled_leaves_the_key_store_locked(hand: Hand) -> None:
    waiting = asyncio.ensure_future(read(SecretService(), APP, "one"))
    await answer(hand, waiting, escape=True)
    with pytest.raises(KeyStoreLocked):
        await waiting


async def test_a_task_that_was_cancelled_leaves_a_prompt_that_still_unlocks(
    key_store: SecretServiceDaemon, hand: Hand
) -> None:
    waiting = asyncio.ensure_future(read(SecretService(), APP, "one"))
    await appears(hand)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    later = asyncio.ensure_future(disappears(hand))
    await answer(hand, later)
    assert key_store.keyring is not None
    assert (key_store.keyring.poll(), await read(SecretService(), APP, "one")) == (None, b"secret")
