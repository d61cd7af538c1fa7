"""Whether the user of a Mac is there: the notifications of the workspace and of the screen lock, and the last input.

Notifications are delivered by the run loop of the main thread. An app with a window has one running, which is left to
it; in a program of asyncio alone, the watch gives it a turn twice a second, for which it has to be started on the main
thread.
"""

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache
from typing import Any

from ecrin.vault.device.errors import Unsupported
from ecrin.vault.device.libraries import library
from ecrin.vault.device.macos.items import foundation
from ecrin.vault.device.macos.pool import pool
from ecrin.vault.device.model import Signal
from ecrin.vault.threads import in_thread

Heard = Callable[[Signal], None]

_TURN_S = 0.5
_CORE_GRAPHICS = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"
_SESSION_STATE, _ANY_INPUT = 0, 0xFFFFFFFF  # kCGEventSourceStateCombinedSessionState, kCGAnyInputEventType
_OF_SCREEN = {  # not documented by Apple, and the same for many years
    "com.apple.screenIsLocked": Signal.SCREEN_LOCKED,
    "com.apple.screenIsUnlocked": Signal.SCREEN_UNLOCKED,
}
_AT_ONCE = 4  # NSNotificationSuspensionBehaviorDeliverImmediately
_OF_WORKSPACE = {
    "NSWorkspaceWillSleepNotification": Signal.SLEEP,
    "NSWorkspaceDidWakeNotification": Signal.WAKE,
}


class MacPresence:
    """What the system says."""

    async def watch(self, heard: Heard) -> Callable[[], None]:
        """Call `heard` for each signal, in this event loop; return what ends that.

        Raises `Unsupported` on another thread than the main one.
        """
        if not foundation().NSThread.isMainThread():
            raise Unsupported("On macOS, signals are heard on the main thread only.")
        workspace = library("AppKit", "pyobjc-framework-Cocoa").NSWorkspace.sharedWorkspace().notificationCenter()
        screen = foundation().NSDistributedNotificationCenter.defaultCenter()
        tell = _in_loop(heard)
        with ExitStack() as held:
            for name, signal in _OF_WORKSPACE.items():
                held.callback(workspace.removeObserver_, _observe(workspace, name, signal, tell))
            for name, signal in _OF_SCREEN.items():
                held.callback(screen.removeObserver_, _observe_at_once(screen, name, signal, tell))
            held.callback(asyncio.get_running_loop().create_task(_turns()).cancel)
            return held.pop_all().close

    async def idle_ms(self) -> int:
        """Return for how many milliseconds the user has touched nothing; raises `Unsupported`."""
        return await in_thread(_idle_ms)


def _in_loop(heard: Heard) -> Heard:
    """Return what calls `heard` in the event loop, and raises nothing: that would end the process there."""
    loop = asyncio.get_running_loop()

    def tell(signal: Signal) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(heard, signal)

    return tell


def _observe(center: Any, name: str, signal: Signal, tell: Heard) -> Any:
    return center.addObserverForName_object_queue_usingBlock_(name, None, None, lambda _: tell(signal))


def _observe_at_once(center: Any, name: str, signal: Signal, tell: Heard) -> Any:
    """Observe a center that keeps what it has to tell from an app that is not in front, unless it is asked not to."""
    observer = _observer(foundation().NSObject).alloc().init()
    observer.tell = lambda: tell(signal)
    center.addObserver_selector_name_object_suspensionBehavior_(observer, "told:", name, None, _AT_ONCE)
    return observer


@cache  # Objective-C knows a class by its name, and once
def _observer(base: Any) -> Any:
    class EcrinObserver(base):  # type: ignore[misc]
        """What a selector is sent to: this center takes no block together with a way to suspend."""

        def told_(self, _notification: Any) -> None:
            self.tell()

    return EcrinObserver


async def _turns() -> None:
    frame = foundation()
    loop = frame.NSRunLoop.mainRunLoop()
    while True:
        if loop.currentMode() is None:  # nobody else runs it: in a turn of its own it would run this task's loop again
            with pool():
                loop.runMode_beforeDate_(frame.NSDefaultRunLoopMode, frame.NSDate.date())
        await asyncio.sleep(_TURN_S)


def _idle_ms() -> int:
    try:
        seconds = ctypes.CDLL(_CORE_GRAPHICS).CGEventSourceSecondsSinceLastEventType
    except (OSError, AttributeError) as error:
        raise Unsupported("This system does not say when the last input was.") from error
    seconds.restype, seconds.argtypes = ctypes.c_double, (ctypes.c_int32, ctypes.c_uint32)
    return int(seconds(_SESSION_STATE, _ANY_INPUT) * 1000)
