"""systemd-logind: which session is this process's, and a delay of sleep until the vault has been locked.

After org.freedesktop.login1(5). A process of a desktop's user manager belongs to no session itself; then it is the one
on the user's display.
"""

import os
from typing import TYPE_CHECKING

from ecrin.vault.device.linux.bus import Method, call, get

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"
_USER = "org.freedesktop.login1.User"
_GET_SESSION = Method(NAME, PATH, MANAGER, "GetSession", "s")
_GET_SESSION_BY_PID = Method(NAME, PATH, MANAGER, "GetSessionByPID", "u")
_GET_USER = Method(NAME, PATH, MANAGER, "GetUser", "u")
_INHIBIT = Method(NAME, PATH, MANAGER, "Inhibit", "ssss")


async def session_path(bus: "MessageBus") -> str | None:
    """Return the path of this process's session, None if there is none."""
    named = os.environ.get("XDG_SESSION_ID")
    answer = await call(bus, _GET_SESSION, named) if named else None
    answer = answer or await call(bus, _GET_SESSION_BY_PID, os.getpid())
    return str(answer[0]) if answer else await _display(bus)


async def delay_sleep(bus: "MessageBus") -> int | None:
    """Return a descriptor that holds sleep up (for at most InhibitDelayMaxSec) until it is closed; None if refused."""
    answer = await call(bus, _INHIBIT, "sleep", "ecrin", "Locks the vault", "delay")
    return int(answer[0]) if answer else None


async def _display(bus: "MessageBus") -> str | None:
    user = await call(bus, _GET_USER, os.getuid())
    display = await get(bus, NAME, str(user[0]), _USER, "Display") if user else None
    return str(display[1]) if display and display[0] else None
