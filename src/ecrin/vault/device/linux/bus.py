"""D-Bus: a connection for an errand, a method's answer, signals; and no wait for a service without an end.

There are two ways to ask. `connect`, `ask` and `listen` are for a service that has to answer: the bus starts it if it
can (D-Bus specification, "Message Bus Starting Services"), and what goes wrong is raised. `reach`, `call`, `match` and
`get` are for what may be there or not: nothing is started, and what does not answer soon has nothing to say.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

SYSTEM, SESSION = "system", "session"
DBUS = "org.freedesktop.DBus"
PROPERTIES = "org.freedesktop.DBus.Properties"
DBUS_ERROR = "org.freedesktop.DBus.Error."
ABSENT = frozenset({"ServiceUnknown", "NameHasNoOwner", "NoReply", "NoServer", "Timeout", "Disconnected"})
PATIENCE_S = 25.0  # what D-Bus itself waits for; a service may have to be started
_BRIEFLY_S = 2.0


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an object of a service; `signature` is that of what it is given."""

    name: str
    path: str
    interface: str
    member: str
    signature: str = ""


_ADD_MATCH = Method(DBUS, "/org/freedesktop/DBus", DBUS, "AddMatch", "s")
_HAS_OWNER = Method(DBUS, "/org/freedesktop/DBus", DBUS, "NameHasOwner", "s")


class ServiceFailed(Exception):
    """A service refused, by an error's name, or did not answer. Adapters turn it into an error of the device."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    @property
    def absent(self) -> bool:
        """Whether nobody is there to answer."""
        short = self.name.removeprefix(DBUS_ERROR)
        return short != self.name and (short in ABSENT or short.startswith("Spawn."))


async def connect(
    address: str | None, which: str = SYSTEM, *, descriptors: bool = False, patience_s: float = PATIENCE_S
) -> "MessageBus":
    """Return a connection to the bus at `address`, else to the system's or the session's; raises `ServiceFailed`.

    With `descriptors` messages may carry open files, which whoever hears them has to close.
    """
    from dbus_fast import AuthError, BusType, InvalidAddressError
    from dbus_fast.aio import MessageBus

    kind = BusType.SYSTEM if which == SYSTEM else BusType.SESSION
    try:
        async with asyncio.timeout(patience_s):
            return await MessageBus(bus_address=address, bus_type=kind, negotiate_unix_fd=descriptors).connect()
    except (OSError, EOFError, AuthError, InvalidAddressError, KeyError):  # KeyError: no HOME to look for a bus in
        raise ServiceFailed(DBUS_ERROR + "NoServer") from None


@asynccontextmanager
async def connected(address: str | None) -> AsyncIterator["MessageBus"]:
    """Give a connection for as long as the context lasts; raises as `connect`."""
    bus = await connect(address)
    try:
        yield bus
    finally:
        await leave(bus)


async def leave(bus: "MessageBus") -> None:
    """End a connection, and with it what a service holds for us; what it was used for is known by then."""
    bus.disconnect()
    with suppress(OSError, EOFError):
        await _cut(bus)


def when_cut(bus: "MessageBus", call: Callable[[], None]) -> None:
    """Call once the connection has ended, by us or by the bus."""

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            task.exception()  # seen: why it ended does not matter
        call()

    asyncio.ensure_future(_cut(bus)).add_done_callback(ended)


async def ask(
    bus: "MessageBus", method: Method, *body: Any, start: bool = True, patience_s: float | None = PATIENCE_S
) -> "Message":
    """Return a method's reply; raises `ServiceFailed`. Without `patience_s` it waits for a person."""
    from dbus_fast import Message, MessageFlag, MessageType

    message = Message(
        destination=method.name,
        path=method.path,
        interface=method.interface,
        member=method.member,
        flags=MessageFlag.NONE if start else MessageFlag.NO_AUTOSTART,
        signature=method.signature,
        body=list(body),
    )
    try:
        async with asyncio.timeout(patience_s):
            reply = await bus.call(message)
    except TimeoutError:
        raise ServiceFailed(DBUS_ERROR + "Timeout") from None
    except (OSError, EOFError):
        raise ServiceFailed(DBUS_ERROR + "Disconnected") from None
    if reply is None:
        raise ServiceFailed(DBUS_ERROR + "Disconnected")
    if reply.message_type is MessageType.ERROR:
        raise ServiceFailed(reply.error_name or DBUS_ERROR + "Failed")
    return reply


async def listen(bus: "MessageBus", rules: Iterable[str]) -> None:
    """Ask for the signals that rules match. A signal may also come unasked, from anybody: look at its sender."""
    for rule in rules:
        await ask(bus, _ADD_MATCH, rule)


async def reach(which: str) -> "MessageBus | None":
    """Return a connection to the system's or the session's bus, for the caller to disconnect; None if there is none."""
    try:
        return await connect(None, which, descriptors=True, patience_s=_BRIEFLY_S)
    except ServiceFailed:
        return None


async def call(bus: "MessageBus", method: Method, *body: Any) -> list[Any] | None:
    """Return what a method answers (a descriptor as such), or None: nobody has this name, it refuses, it is silent."""
    try:
        reply = await ask(bus, method, *body, start=False, patience_s=_BRIEFLY_S)
    except ServiceFailed:
        return None
    return list(reply.unix_fds if reply.signature == "h" else reply.body)


async def has_owner(bus: "MessageBus", name: str) -> bool:
    """Return whether a service of this name runs."""
    answer = await call(bus, _HAS_OWNER, name)
    return answer is not None and bool(answer[0])


async def match(bus: "MessageBus", rule: str) -> None:
    """Ask for the signals that a rule matches, as `listen` does."""
    await call(bus, _ADD_MATCH, rule)


async def get(bus: "MessageBus", name: str, path: str, interface: str, prop: str) -> Any:
    """Return a property's value, or None."""
    answer = await call(bus, Method(name, path, PROPERTIES, "Get", "ss"), interface, prop)
    return None if answer is None else answer[0].value


async def _cut(bus: "MessageBus") -> None:
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
