"""polkitd itself; the agent, which on a desktop is the window that asks, is the test's."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import pytest
from dbus_fast import Message, Variant
from dbus_fast.aio import MessageBus

from ecrin.vault.device.errors import NotInteractive, Unsupported
from ecrin.vault.device.linux.bus import Method, ask, connected
from ecrin.vault.device.linux.polkit import NAME, PolkitPasscode, policy
from ecrin.vault.device.model import PromptTexts
from vault.fprint import POLKITD, need, system_bus
from vault.stranger import NOBODY, answer, as_user, begin

ERRANDS = "vault.biometrics.errands"
ACTION = "org.freedesktop.policykit.exec"  # polkit's own, by its rules nobody but root may without being asked
AUTHORITY = ("/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority")
REGISTER = Method(NAME, *AUTHORITY, "RegisterAuthenticationAgent", "(sa{sv})ss")
RESPOND = Method(NAME, *AUTHORITY, "AuthenticationAgentResponse2", "us(sa{sv})")
AGENT = "/agent"


class Agent:
    """A window that asks somebody, who does `act`: types it right, types it wrong, or closes the window."""

    def __init__(self, bus: MessageBus, act: str, folder: Path | None = None) -> None:
        self.asked: list[str] = []
        self._closed = asyncio.Event()
        self._folder = folder
        self._bus = bus
        self._act = act
        self._tasks: set[asyncio.Task[None]] = set()
        bus.add_message_handler(self._hear)

    async def sit_at(self, pid: int) -> None:
        """Be the window of a process."""
        started = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
        process = {"pid": Variant("u", pid), "start-time": Variant("t", started)}
        await ask(self._bus, REGISTER, ("unix-process", process), "en", AGENT)

    def _hear(self, message: Message) -> bool:
        if message.path != AGENT:
            return False
        if message.member == "CancelAuthentication":
            self._closed.set()
            self._note("closed")
            self._bus.send(Message.new_method_return(message))
        elif message.member == "BeginAuthentication":
            self._tasks.add(asyncio.ensure_future(self._begin(message)))
        return True

    async def _begin(self, message: Message) -> None:
        action, _, _, _, cookie, identities = message.body
        self.asked.append(action)
        self._note("opened")
        if self._act == "wait":
            await self._closed.wait()
        if self._act == "right":
            await ask(self._bus, RESPOND, os.getuid(), cookie, identities[0])
        if self._act == "close":
            reply = Message.new_error(message, f"{NAME}.Error.Cancelled", "closed")
        else:
            reply = Message.new_method_return(message)
        await self._bus.send(reply)

    def _note(self, what: str) -> None:
        """Tell a process that cannot be told otherwise."""
        if self._folder is not None:
            (self._folder / what).touch()


async def prompted(bus: str, act: str) -> tuple[str, list[str]]:
    """Return what a user meets who is prompted and does `act`, and what was asked."""
    async with connected(bus) as connection:
        agent = Agent(connection, act)
        child = begin(NOBODY, ERRANDS, "prompt", bus, ACTION)
        await agent.sit_at(child.pid)
        return await asyncio.to_thread(answer, child), agent.asked


async def test_a_passcode_that_the_desktop_took_is_a_yes(bus: str) -> None:
    assert await prompted(bus, "right") == ("", [ACTION])


async def test_a_passcode_that_the_desktop_refused_is_not_recognized(bus: str) -> None:
    assert await prompted(bus, "wrong") == ("NotRecognized", [ACTION])


async def test_a_window_that_is_closed_is_a_cancellation(bus: str) -> None:
    assert await prompted(bus, "close") == ("UserCanceled", [ACTION])


async def test_a_check_that_is_cancelled_takes_the_window_away(bus: str) -> None:
    with TemporaryDirectory(prefix="ecrin-window-") as folder:
        Path(folder).chmod(0o755)
        async with connected(bus) as connection:
            agent = Agent(connection, "wait", Path(folder))
            child = begin(NOBODY, ERRANDS, "prompt_and_leave", bus, ACTION, folder)
            await agent.sit_at(child.pid)
            assert await asyncio.to_thread(answer, child) == "CancelledError"


def test_without_a_desktop_nobody_is_asked(bus: str) -> None:
    assert as_user(NOBODY, ERRANDS, "prompt", bus, ACTION) == "NotInteractive"


async def test_a_yes_that_nobody_was_asked_for_is_none(bus: str) -> None:
    """Root may all, and some actions are for everybody: that says nothing about who is there."""
    with pytest.raises(NotInteractive, match="without asking"):
        await PolkitPasscode(ACTION, bus).verify(b"", PromptTexts())


def test_there_is_a_prompt_for_whom_polkit_would_ask(bus: str) -> None:
    assert as_user(NOBODY, ERRANDS, "asks", bus, ACTION) is True


async def test_there_is_no_prompt_for_root(bus: str) -> None:
    assert not await PolkitPasscode(ACTION, bus).is_set()


async def test_an_action_that_was_not_installed_is_named(bus: str) -> None:
    with pytest.raises(Unsupported, match=r"com\.example\.none"):
        await PolkitPasscode("com.example.none", bus).is_set()


async def test_without_polkit_there_is_no_prompt(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="does not answer"):
        await PolkitPasscode(ACTION, f"unix:path={tmp_path}/none").is_set()


def test_the_policy_of_an_app_asks_each_time_for_the_users_own_passcode() -> None:
    root = ElementTree.fromstring(policy("com.example.notes.unlock", "Open <Notes> & more"))
    allowed = {rule.text for rule in root.iterfind("action/defaults/*")}
    assert (root.find("action").get("id"), allowed) == ("com.example.notes.unlock", {"auth_self"})


def test_polkit_takes_the_policy_of_an_app() -> None:
    action = f"com.example.ecrin.test-{os.getpid()}"
    need(POLKITD)
    file = Path("/usr/share/polkit-1/actions", f"{action}.policy")
    file.write_text(policy(action, "Open <Notes> & more"))
    try:
        with system_bus() as address:
            assert as_user(NOBODY, ERRANDS, "asks", address, action) is True
    finally:
        file.unlink()
