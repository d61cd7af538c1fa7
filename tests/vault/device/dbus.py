"""Private D-Bus daemons for a test, and python3-dbusmock's doubles of foreign services on them.

logind cannot run in a container, and a desktop has no screen there: these alone are doubles, of other people's code.
"""

import contextlib
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from vault.listening import reached

DBUS = "org.freedesktop.DBus"
MOCK = "org.freedesktop.DBus.Mock"
LOGIND, LOGIND_PATH, MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
Started = subprocess.Popen[bytes]


def need_dbusmock() -> None:
    """Skip where the daemon or the doubles are not installed; they run under the system's own Python."""
    try:
        found = subprocess.run(["/usr/bin/python3", "-c", "import dbusmock"], capture_output=True, check=False)
        there = found.returncode == 0 and Path("/usr/bin/dbus-daemon").exists()
    except OSError:
        there = False
    if not there:
        pytest.skip("python3-dbusmock is not installed: apt-get install python3-dbusmock dbus-daemon")


class Buses:
    """A system bus and a session bus of this test's own; every process ends with `end`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[Started] = []

    def address(self, which: str) -> str:
        return f"unix:path={self.folder}/{which}"

    def daemon(self, which: str) -> Started:
        command = ["/usr/bin/dbus-daemon", "--session", "--nofork", f"--address={self.address(which)}"]
        started = self._run(command)
        reached(self.folder / which).close()
        return started

    async def double(self, which: str, name: str, *arguments: str) -> Started:
        """Start a double and wait until it has its name."""
        command = ["/usr/bin/python3", "-m", "dbusmock", f"--{which}", *arguments]
        started = self._run(command)
        bus = await self.bus(which)
        try:
            deadline = time.monotonic() + 20
            while not (await send(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", "s", name))[
                0
            ]:
                assert started.poll() is None, "the double ended"
                assert time.monotonic() < deadline, "the double did not come up"
                time.sleep(0.02)
        finally:
            bus.disconnect()
        return started

    async def bus(self, which: str) -> MessageBus:
        return await MessageBus(bus_address=self.address(which)).connect()

    def environment(self) -> dict[str, str]:
        return {
            "DBUS_SYSTEM_BUS_ADDRESS": self.address("system"),
            "DBUS_SESSION_BUS_ADDRESS": self.address("session"),
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
        }

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def _run(self, command: list[str]) -> Started:
        started = subprocess.Popen(
            command, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        self.processes.append(started)
        return started


async def left(bus: MessageBus) -> None:
    """Leave a bus, which may be gone."""
    bus.disconnect()
    with contextlib.suppress(EOFError, OSError):
        await bus.wait_for_disconnect()


async def send(
    bus: MessageBus, name: str, path: str, interface: str, member: str, signature: str, *body: Any
) -> list[Any]:
    """Call a method; an error of the other side fails the test."""
    reply = await bus.call(Message(name, path, interface, member, signature=signature, body=list(body)))
    assert reply is not None
    assert reply.message_type is MessageType.METHOD_RETURN, reply.body
    return list(reply.body)


class Logind:
    """The double of logind, with one session."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus

    async def add_session(self, name: str, uid: int) -> str:
        added = await send(
            self.bus, LOGIND, LOGIND_PATH, MOCK, "AddSession", "ssusb", name, "seat0", uid, "somebody", True
        )
        return str(added[0])

    async def add_user(self, uid: int, display: str) -> None:
        """Add a user whose display shows a session that is still to come."""
        properties = {
            "Display": Variant("(so)", [display, f"{LOGIND_PATH}/session/{display}"]),
            "Sessions": Variant("a(so)", []),
        }
        path, interface = f"{LOGIND_PATH}/user/{uid}", f"{LOGIND}.User"
        await send(self.bus, LOGIND, LOGIND_PATH, MOCK, "AddObject", "ssa{sv}a(ssss)", path, interface, properties, [])
        method = (MANAGER, "GetUser", "u", "o", f'ret = "{path}"')  # the template's own adds a number to a string
        await send(self.bus, LOGIND, LOGIND_PATH, MOCK, "AddMethod", "sssss", *method)

    async def session(self, path: str, member: str, signature: str = "", *body: Any) -> None:
        await send(self.bus, LOGIND, path, "org.freedesktop.login1.Session", member, signature, *body)

    async def set(self, path: str, **properties: Variant) -> None:
        await send(
            self.bus, LOGIND, path, MOCK, "UpdateProperties", "sa{sv}", "org.freedesktop.login1.Session", properties
        )

    async def sleep(self, going: bool) -> None:
        body = [Variant("b", going)]
        await send(self.bus, LOGIND, LOGIND_PATH, MOCK, "EmitSignal", "sssav", MANAGER, "PrepareForSleep", "b", body)

    async def inhibitors(self) -> list[Any]:
        return list((await send(self.bus, LOGIND, LOGIND_PATH, MANAGER, "ListInhibitors", ""))[0])
