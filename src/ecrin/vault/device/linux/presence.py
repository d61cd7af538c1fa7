"""Whether the user is there, as logind and the desktop say: a locked screen, sleep, how long nothing was touched.

logind says Lock, Unlock, LockedHint and PrepareForSleep on the system bus (org.freedesktop.login1(5)), screen savers
say ActiveChanged on the session bus. One lock may be told more than once. Only what the service itself broadcasts is
believed: anybody on a bus may send a signal of any name to one connection.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.linux import idle, logind
from ecrin.vault.device.linux.bus import PROPERTIES, SESSION, SYSTEM, has_owner, match, reach
from ecrin.vault.device.linux.sleep import SleepDelay
from ecrin.vault.device.model import Signal

if TYPE_CHECKING:
    from dbus_fast import Message

Heard = Callable[[Signal], None]

_SAVERS = ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver")
_LOGIND_RULES = (
    f"type='signal',sender='{logind.NAME}',interface='{logind.MANAGER}',member='PrepareForSleep'",
    f"type='signal',sender='{logind.NAME}',interface='{logind.SESSION}'",
    f"type='signal',sender='{logind.NAME}',interface='{PROPERTIES}',arg0='{logind.SESSION}'",
)


class LinuxPresence:
    """What logind and the desktop say."""

    async def watch(self, heard: Heard) -> Callable[[], None]:
        """Call `heard` for each signal, in this event loop; return what ends that (there too, and once).

        Raises `Unsupported` where neither logind nor a screen saver runs. If a bus goes away, its signals end.
        """
        with ExitStack() as held:
            listening = (await _hear_logind(held, heard), await _hear_savers(held, heard))
            if not any(listening):
                raise Unsupported("Neither logind nor a screen saver runs here: screen lock and sleep are not heard.")
            return held.pop_all().close

    async def idle_ms(self) -> int:
        """Return for how many milliseconds the user has touched nothing; raises `Unsupported` where nobody knows."""
        return await idle.idle_ms()


async def _hear_logind(held: ExitStack, heard: Heard) -> bool:
    bus = await reach(SYSTEM)
    if bus is None:
        return False
    held.callback(bus.disconnect)
    session, delay = await logind.session_path(bus), SleepDelay(bus)
    held.callback(delay.end)
    bus.add_message_handler(partial(_on_logind, session, delay, heard))
    for rule in _LOGIND_RULES:
        await match(bus, rule)
    await delay.hold()
    return await has_owner(bus, logind.NAME)


async def _hear_savers(held: ExitStack, heard: Heard) -> bool:
    bus = await reach(SESSION)
    if bus is None:
        return False
    held.callback(bus.disconnect)
    bus.add_message_handler(partial(_on_saver, heard))
    for name in _SAVERS:
        await match(bus, f"type='signal',sender='{name}',interface='{name}',member='ActiveChanged'")
    return any([await has_owner(bus, name) for name in _SAVERS])


def _on_logind(session: str | None, delay: SleepDelay, heard: Heard, message: "Message") -> None:
    if not _broadcast(message):
        return
    signal = _of_manager(message) or (_of_session(message) if session in (None, message.path) else None)
    if signal is Signal.SLEEP:
        delay.release_soon()
    if signal is Signal.WAKE:
        delay.hold_again()
    if signal is not None:
        heard(signal)


def _on_saver(heard: Heard, message: "Message") -> None:
    if _broadcast(message) and message.member == "ActiveChanged" and message.signature == "b":
        heard(Signal.SCREEN_LOCKED if message.body[0] else Signal.SCREEN_UNLOCKED)


def _of_manager(message: "Message") -> Signal | None:
    if (message.interface, message.member, message.signature) == (logind.MANAGER, "PrepareForSleep", "b"):
        return Signal.SLEEP if message.body[0] else Signal.WAKE
    return None


def _of_session(message: "Message") -> Signal | None:
    if message.interface == logind.SESSION:
        return {"Lock": Signal.SCREEN_LOCKED, "Unlock": Signal.SCREEN_UNLOCKED}.get(str(message.member))
    if message.interface == PROPERTIES and message.signature == "sa{sv}as" and "LockedHint" in message.body[1]:
        return Signal.SCREEN_LOCKED if message.body[1]["LockedHint"].value else Signal.SCREEN_UNLOCKED
    return None


def _broadcast(message: "Message") -> bool:
    """Return whether this is a signal to everybody: those come by the rules above, which name the sender."""
    from dbus_fast import MessageType

    if message.message_type is not MessageType.SIGNAL:
        return False
    for descriptor in message.unix_fds:  # nobody has anything to hand us
        os.close(descriptor)
    return message.destination is None
