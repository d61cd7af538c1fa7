"""The first example of docs/vault.md as it is written, run at a terminal with a real key store and fingerprint reader.

What a new user does with it: a new passcode, a finger, a wrong one, a wrong passcode, Ctrl-C, Ctrl-D.
"""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.terminal import CTRL_C, Terminal
from ecrin.vault.rules import FREE_TRIES, delay_ms
from vault.fprint import Reader, finger_reader, system_bus
from vault.secret_service import SecretServiceDaemon, secret_service, secret_service_daemon

__all__ = ["secret_service", "secret_service_daemon"]

PAGE = (Path(__file__).parents[3] / "docs/vault.md").read_text("utf-8")
EXAMPLE = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)[0]
PASSCODE, ANOTHER_PASSCODE = "correct horse", "battery staple"
MINE, ANOTHER = "finger-A", "finger-B"
TOUCH, AGAIN = "(touch-sensor)", "(not-recognized)\r\n(touch-sensor)"
CTRL_D = "\x04"
CANCELED = "The user cancelled."
OPENED = "s3cret\r\nlocked: closed\r\n"
TRIES = 5


class Guide:
    """The example in a file, and a home in which it is run."""

    def __init__(self, home: Path, **env: str) -> None:
        self.vault = home / "data/com.example.notes/vaults/default.ecrin-vault"
        self._home = home
        self._env = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), **env}
        self.write(EXAMPLE)

    def write(self, example: str) -> None:
        (self._home / "notes.py").write_text(example, "utf-8")

    def run(self) -> Terminal:
        return Terminal(sys.executable, "notes.py", cwd=self._home, **self._env)

    def set_up(self) -> str:
        """Run it for the first time; return what was shown."""
        with self.run() as seen:
            choose(seen)
            assert seen.ended() == 0, seen.shown
        return seen.shown


def choose(seen: Terminal) -> None:
    """Type a new passcode, twice."""
    for question in ("New passcode:", "Again:"):
        seen.wait_for_hidden(question)
        seen.type(PASSCODE)


def reach(seen: Terminal, question: str) -> None:
    """Answer what comes before a question."""
    if question == "Again:":
        seen.wait_for_hidden("New passcode:")
        seen.type(PASSCODE)
    seen.wait_for_hidden(question)


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    with system_bus() as address:
        yield address


@pytest.fixture
def reader(bus: str) -> Iterator[Reader]:
    """A reader that knows no finger."""
    with finger_reader(bus) as found:
        yield found


@pytest.fixture
def guide(secret_service: SecretServiceDaemon, reader: Reader, tmp_path: Path) -> Guide:
    """A user who has not enrolled a finger."""
    return Guide(tmp_path, DBUS_SYSTEM_BUS_ADDRESS=reader.address, **secret_service.environment)


@pytest.fixture
def with_finger(guide: Guide, reader: Reader) -> Guide:
    """A user who has, and has run the example once."""
    reader.enrol(MINE)
    guide.set_up()
    return guide


def test_the_promised_twenty_lines_are_no_more() -> None:
    main = EXAMPLE.partition("async def main() -> None:\n")[2].partition("\n\n")[0]
    assert 10 < len(main.splitlines()) <= 20


def test_the_first_run_takes_a_new_passcode_and_keeps_the_token(guide: Guide, reader: Reader) -> None:
    reader.enrol(MINE)
    shown = guide.set_up()
    assert shown == f"New passcode: \r\nAgain: \r\n{OPENED}"
    assert guide.vault.exists()


def test_a_new_passcode_with_a_typo_is_asked_for_anew(guide: Guide) -> None:
    answers = {"New passcode:": PASSCODE, "Again:": "corect horse", "They differ. New": ANOTHER_PASSCODE}
    with guide.run() as seen:
        for question, typed in answers.items():
            seen.wait_for_hidden(question)
            seen.type(typed)
        seen.wait_for_hidden("Again:")
        assert not guide.vault.exists()
        seen.type(ANOTHER_PASSCODE)
        assert seen.ended() == 0, seen.shown
    with guide.run() as seen:
        seen.wait_for_hidden("Passcode:")
        seen.type(ANOTHER_PASSCODE)
        assert seen.ended() == 0, seen.shown


def test_a_later_run_opens_with_the_finger(with_finger: Guide, reader: Reader) -> None:
    with with_finger.run() as seen:
        seen.wait_for(TOUCH)
        reader.finger(MINE)
        assert seen.ended() == 0, seen.shown
    assert seen.shown == f"{TOUCH}\r\n{OPENED}"


def test_a_finger_that_is_not_recognized_leaves_the_passcode(with_finger: Guide, reader: Reader) -> None:
    with with_finger.run() as seen:
        for notice in (TOUCH, AGAIN, AGAIN):
            seen.wait_for(notice)
            reader.finger(ANOTHER)
        seen.wait_for_hidden("Passcode:")
        seen.type(PASSCODE)
        assert seen.ended() == 0, seen.shown
    assert seen.shown.endswith(OPENED)


def test_without_an_enrolled_finger_the_passcode_opens(guide: Guide) -> None:
    assert "passcode only: No finger or face is enrolled on this device.\r\n" in guide.set_up()
    with guide.run() as seen:
        seen.wait_for_hidden("Passcode:")
        seen.type(PASSCODE)
        assert seen.ended() == 0, seen.shown
    assert seen.shown == f"Passcode: \r\n{OPENED}"


def test_a_finger_that_was_deleted_leaves_the_passcode(with_finger: Guide, reader: Reader) -> None:
    reader.forget()
    with with_finger.run() as seen:
        seen.wait_for_hidden("Passcode:")
        seen.type(PASSCODE)
        assert seen.ended() == 0, seen.shown
    assert seen.shown.endswith(OPENED)


def test_five_wrong_passcodes_wipe_the_vault(guide: Guide) -> None:
    guide.set_up()
    for failures in range(TRIES - 1):
        time.sleep(delay_ms(failures) / 1000)
        with guide.run() as seen:
            seen.wait_for_hidden("Passcode:")
            seen.type("wrong")
            if failures + 1 < FREE_TRIES:
                seen.wait_for_hidden("This is not the passcode.\r\nPasscode:")
                seen.type(CTRL_C)
            assert seen.ended() == 1
        assert ("has to wait" in seen.shown) == (failures + 1 >= FREE_TRIES)
        assert guide.vault.exists()
    time.sleep(delay_ms(TRIES - 1) / 1000)
    with guide.run() as seen:
        seen.wait_for_hidden("Passcode:")
        seen.type("wrong")
        assert seen.ended() == 1
    assert "There were too many failed tries; the vault was wiped" in seen.shown
    assert list(guide.vault.parent.glob("default*")) == []


def test_after_a_wipe_nothing_is_left_and_it_begins_anew(guide: Guide, secret_service: SecretServiceDaemon) -> None:
    guide.write(EXAMPLE.replace("wipe_after=5", "wipe_after=1"))
    guide.set_up()
    assert secret_service.paths()
    with guide.run() as seen:
        seen.wait_for_hidden("Passcode:")
        seen.type("wrong")
        assert seen.ended() == 1
    assert secret_service.paths() == []
    assert guide.set_up().endswith(OPENED)


@pytest.mark.parametrize(("key", "said"), [(CTRL_C, "stopped"), (CTRL_D, CANCELED)], ids=["ctrl-c", "ctrl-d"])
@pytest.mark.parametrize("question", ["New passcode:", "Again:", "Passcode:"])
def test_ctrl_c_or_ctrl_d_at_a_question_ends_it_at_once(guide: Guide, question: str, key: str, said: str) -> None:
    if question == "Passcode:":
        guide.set_up()
    with guide.run() as seen:
        reach(seen, question)
        seen.type(key)
        assert seen.ended() == 1
        assert seen.echoes
    assert said in seen.shown
    assert "Traceback" not in seen.shown
    assert guide.vault.exists() == (question == "Passcode:")


def test_ctrl_c_at_the_sensor_ends_it_and_gives_the_reader_back(with_finger: Guide, reader: Reader) -> None:
    with with_finger.run() as seen:
        seen.wait_for(TOUCH)
        seen.type(CTRL_C)
        assert seen.ended() == 1
    assert "stopped" in seen.shown
    assert "Traceback" not in seen.shown
    test_a_later_run_opens_with_the_finger(with_finger, reader)


def test_it_locks_itself_when_nothing_used_it(guide: Guide) -> None:
    """A minute is two seconds here; the variant waits for the lock before it reads."""
    read = '        print(await vault.get_value("token"))\n'
    wait = "        idle = asyncio.Event()\n        vault.on_lock(lambda _: idle.set())\n        await idle.wait()\n"
    assert (EXAMPLE.count(read), EXAMPLE.count("60_000")) == (1, 1)
    guide.write(EXAMPLE.replace(read, wait + read).replace("60_000", "2_000"))
    with guide.run() as seen:
        choose(seen)
        assert seen.ended() == 1
    assert "locked: idle\r\nThe vault is locked. Call `unlock` first.\r\n" in seen.shown
    assert "s3cret" not in seen.shown


def test_without_a_key_store_it_says_so_and_keeps_nothing(reader: Reader, tmp_path: Path) -> None:
    nowhere = f"unix:path={tmp_path}/no-bus"
    guide = Guide(tmp_path, DBUS_SYSTEM_BUS_ADDRESS=reader.address, DBUS_SESSION_BUS_ADDRESS=nowhere)
    with guide.run() as seen:
        choose(seen)
        assert seen.ended() == 1
    assert "Start it (on Linux: gnome-keyring, KWallet or KeePassXC)" in seen.shown
    assert "Traceback" not in seen.shown
    assert not guide.vault.exists()
