"""How long the user has touched nothing, by whoever knows it: GNOME's compositor, the screen saver on X11, logind.

logind measures terminals alone. In a graphical session it knows what the desktop tells it, which most never do: its
hint is not used there, for "not idle" would keep a vault open for ever. The same goes for screen savers on Wayland.
"""

import os
import time

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.linux import logind
from ecrin.vault.device.linux.bus import SESSION, SYSTEM, Method, call, get, reach

_MUTTER = Method(
    "org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core", "org.gnome.Mutter.IdleMonitor", "GetIdletime"
)
_SAVER = Method(
    "org.freedesktop.ScreenSaver",
    "/org/freedesktop/ScreenSaver",
    "org.freedesktop.ScreenSaver",
    "GetSessionIdleTime",  # in milliseconds where there is one (KDE)
)


async def idle_ms() -> int:
    """Return for how many milliseconds nothing was touched; raises `Unsupported` where nobody knows."""
    for source in (_by_desktop, _by_terminal):
        found = await source()
        if found is not None:
            return found
    raise Unsupported("Nothing here measures for how long the user has touched nothing.")


async def _by_desktop() -> int | None:
    bus = await reach(SESSION)
    if bus is None:
        return None
    try:
        for method in (_MUTTER,) if "WAYLAND_DISPLAY" in os.environ else (_MUTTER, _SAVER):
            answer = await call(bus, method)
            if answer is not None:
                return int(answer[0])
    finally:
        bus.disconnect()
    return None


async def _by_terminal() -> int | None:
    bus = await reach(SYSTEM)
    if bus is None:
        return None
    try:
        session = await logind.session_path(bus)
        if session is None or await get(bus, logind.NAME, session, logind.SESSION, "Type") != "tty":
            return None
        since_us = await get(bus, logind.NAME, session, logind.SESSION, "IdleSinceHintMonotonic")
    finally:
        bus.disconnect()
    return max(0, time.monotonic_ns() // 1_000_000 - since_us // 1_000) if since_us else None
