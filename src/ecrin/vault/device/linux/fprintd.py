"""fprintd: the fingerprint reader, over D-Bus (interfaces net.reactivated.Fprint.Manager and .Device, fprintd 1.90+).

It answers yes or no, and no key comes out: a gate. It says neither how good a reader is nor whether it compares inside
of itself, so the strength is WEAK. It knows no lockout; whoever asks bounds the tries. It has no window: the app shows
what to do, as `tell` says. It gives fingers by their names: one that is deleted and enrolled anew under the same name,
between two looks, is the same set to us.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrin.vault.device.linux import fprint_words as words
from ecrin.vault.device.linux.bus import (
    DBUS,
    PROPERTIES,
    Method,
    ServiceFailed,
    ask,
    connect,
    connected,
    leave,
    listen,
    when_cut,
)
from ecrin.vault.device.model import Biometry, Notice, Permission, PromptTexts, SensorState, Strength
from ecrin.vault.device.ports import Tell

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

NAME = "net.reactivated.Fprint"
_DEVICE = "net.reactivated.Fprint.Device"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_DEFAULT = Method(NAME, "/net/reactivated/Fprint/Manager", "net.reactivated.Fprint.Manager", "GetDefaultDevice")
_STATUS = f"type='signal',sender='{NAME}',interface='{_DEVICE}',member='VerifyStatus'"
_OWNER = f"type='signal',sender='{DBUS}',member='NameOwnerChanged',arg0='{NAME}'"
_ENROLLED = f"type='signal',sender='{NAME}',interface='{_DEVICE}',member='EnrollStatus'"
_PLUGGED = f"type='signal',sender='{NAME}',interface='{_OBJECTS}'"
_SELF = ""  # the user who asks; the fingers of others are root's to see
_STOP_S = 5.0  # a driver that does not let go is left: fprintd sees that we are gone


@dataclass(frozen=True, slots=True)
class _Reader:
    path: str

    def method(self, member: str, signature: str = "") -> Method:
        return Method(NAME, self.path, _DEVICE, member, signature)


class Fprintd:
    """The user's fingerprint reader; `address` is that of a bus instead of the system's.

    polkit lets in the user of a local session that is active, and root.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address

    async def state(self) -> SensorState:
        """Return what the reader is like; raises `BiometricsUnavailable` if there is no fprintd or no reader.

        Where polkit does not let this session near it, the permission is DENIED and what is enrolled is not known.
        """
        permission, enrolled = Permission.GRANTED, b""
        async with self._reader() as (bus, reader):
            try:
                enrolled = await _enrolled(bus, reader)
            except ServiceFailed as failed:
                if failed.name != words.PERMISSION_DENIED:
                    raise
                permission = Permission.DENIED
        return SensorState(frozenset({Biometry.FINGERPRINT}), Strength.WEAK, permission, enrolled)

    async def verify(self, texts: PromptTexts, tell: Tell) -> None:
        """Wait for one touch that can be read; see `Sensor`. No `texts` are shown: there is no window.

        Raises `BiometricsUnavailable` while another program uses the reader. It is given back whatever happens.
        """
        async with self._reader() as (bus, reader):
            await listen(bus, (_STATUS, _OWNER))
            claimed = await ask(bus, reader.method("Claim", "s"), _SELF)
            try:
                result = await _result(bus, reader, str(claimed.sender), tell)
            finally:
                await _give_back(bus, reader)
        if (error := words.ending(result)) is not None:
            raise error

    async def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` when anybody enrols, and when a reader comes or goes.

        That a finger was deleted fprintd does not tell: the next `state` does, and it is asked before a finger counts.
        """
        with _translated():
            bus = await connect(self._address)
            try:
                await listen(bus, (_ENROLLED, _PLUGGED))
            except BaseException:
                await leave(bus)
                raise

        def hear(message: "Message") -> None:
            enrolled = message.member == "EnrollStatus" and message.signature == "sb" and message.body[1]
            if enrolled or message.member in {"InterfacesAdded", "InterfacesRemoved"}:
                changed()

        bus.add_message_handler(hear)
        return bus.disconnect

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[tuple["MessageBus", _Reader]]:
        with _translated():
            async with connected(self._address) as bus:
                yield bus, _Reader(str((await ask(bus, _DEFAULT)).body[0]))


async def _enrolled(bus: "MessageBus", reader: _Reader) -> bytes:
    get = Method(NAME, reader.path, PROPERTIES, "Get", "ss")
    device = (await ask(bus, get, _DEVICE, "name")).body[0].value
    try:
        fingers = (await ask(bus, reader.method("ListEnrolledFingers", "s"), _SELF)).body[0]
    except ServiceFailed as failed:
        if failed.name != words.NO_ENROLLED_PRINTS:
            raise
        fingers = []
    return words.mark(device, fingers)


async def _result(bus: "MessageBus", reader: _Reader, fprintd: str, tell: Tell) -> str:
    """Return the last word about one touch. Only `fprintd`, as the bus names it, is believed: anybody may send signals.

    Signals of the reader's last user have been delivered before the reply to our claim, so none of them is heard here.
    """
    heard: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()

    def hear(message: "Message") -> None:
        if message.member == "VerifyStatus" and message.sender == fprintd and message.path == reader.path:
            heard.put_nowait((message.body[0], message.body[1]))
        elif message.member == "NameOwnerChanged" and message.sender == DBUS and message.body[1] == fprintd:
            heard.put_nowait((words.GONE, True))

    bus.add_message_handler(hear)
    when_cut(bus, lambda: heard.put_nowait((words.GONE, True)))
    await ask(bus, reader.method("VerifyStart", "s"), "any")
    tell(Notice.TOUCH_SENSOR)
    while True:
        result, done = await heard.get()
        if done:
            return result
        tell(Notice.RETRY_TOUCH)


async def _give_back(bus: "MessageBus", reader: _Reader) -> None:
    """Stop and release; a fprintd that is gone holds nothing."""
    for member in ("VerifyStop", "Release"):
        with suppress(ServiceFailed):
            await ask(bus, reader.method(member), patience_s=_STOP_S)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ServiceFailed as failed:
        raise words.refusal(failed) from None
