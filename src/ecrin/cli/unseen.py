"""What nobody shall see: passcodes, passphrases and values come by a hidden prompt or a file descriptor.

Never by an argument or a variable of the environment: other programs read those.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ecrin.cli.output import printable

if TYPE_CHECKING:
    from ecrin.vault.model import PasscodeRequest

F = TypeVar("F", bound=Callable[..., object])
MAX_LINE = 64 * 1024  # bytes; more than a passcode may have
HOW = "There is no terminal to ask on: hand it over by a file descriptor, as --help says."
QUESTIONS = {
    "passcode": "Passcode",
    "new-passcode": "New passcode",
    "pin": "PIN of the security key",
    "device-passcode": "Passcode of your account on this device",
    "recovery-code": "Recovery code",
}


def fd_option(name: str, what: str) -> Callable[[F], F]:
    """Add an option for a file descriptor whose next line is a secret; the command gets that line, or None.

    Descriptors are read in the order of the command line; several options may name the same one.
    """
    text = f"Read {what} from this file descriptor, up to the end of the line."
    return click.option(name, metavar="N", type=click.IntRange(0), callback=_line_of, help=text)


class Unseen:
    """Answers what a vault asks for (`on_passcode_requested`), and the same again if it asks twice.

    `given` answers the first thing that is asked to open the vault.
    """

    def __init__(self, given: bytearray | None = None) -> None:
        self.given = given is not None
        self._given = given
        self._answers: dict[str, bytearray] = {}

    def take_new(self, passcode: bytearray | None) -> None:
        """Answer with this one, if there is one, when a new passcode is asked for."""
        if passcode is not None:
            self._answers["new-passcode"] = passcode

    def __call__(self, request: "PasscodeRequest") -> bytearray:
        """Return what was given or is typed now; raises as `typed`."""
        asked = request.asked.value
        if asked not in self._answers:
            given = None if request.setup else self._given
            self._answers[asked] = given if given is not None else typed(_question(request), twice=request.setup)
            self._given = self._given if given is None else None
        return self._answers[asked]

    def forget(self) -> None:
        """Wipe all answers."""
        for answer in (*self._answers.values(), self._given or bytearray()):
            answer[:] = bytes(len(answer))


def typed(question: str, *, twice: bool = False) -> bytearray:
    """Ask at the terminal without showing what is typed; raises `PasscodeMissing` where there is none, `Abort`."""
    from ecrin.vault.errors import InvalidConfig, PasscodeMissing

    if not _terminal():
        raise PasscodeMissing(f"Nobody can be asked: {question}.", hint=HOW)
    with interruptible(), _stoppable():
        try:
            answer = str(click.prompt(printable(question), hide_input=True, confirmation_prompt=twice, err=True))
            return bytearray(answer.encode())
        except UnicodeError:
            raise InvalidConfig("What was typed is no text.") from None


def piped(most: int) -> bytes:
    """Return standard input to its end, which may never come: `most` bytes and one, by which a caller sees it."""
    with interruptible():
        return sys.stdin.buffer.read(most + 1)


def _question(request: "PasscodeRequest") -> str:
    question, left = QUESTIONS[request.asked.value], request.attempts_left
    if left is None or request.setup:
        return question
    return f"{question} ({left} {'try' if left == 1 else 'tries'} left, then the vault is wiped)"


def _line_of(ctx: click.Context, param: click.Parameter, descriptor: int | None) -> bytearray | None:
    if descriptor is None or ctx.resilient_parsing:
        return None
    from ecrin.vault.errors import PasscodeMissing

    try:
        line = _line(descriptor)
    except OSError as error:
        raise click.BadParameter(
            f"File descriptor {descriptor} cannot be read: {error.strerror}.", param=param
        ) from None
    if not line:
        raise PasscodeMissing(
            f"File descriptor {descriptor} gave nothing.", hint=f"{param.opts[0]} reads a line of it."
        )
    return line


def _line(descriptor: int) -> bytearray:
    """Return the next line; byte by byte, since what comes after it is not ours."""
    line = bytearray()
    while len(line) < MAX_LINE and (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
        line += byte
    if line.endswith(b"\r"):
        del line[-1:]
    return line


def _terminal() -> bool:
    """Say whether a hidden prompt can be shown: it goes to the terminal, wherever standard input is from."""
    try:
        os.close(_console())
    except OSError:
        return sys.stdin.isatty()
    return True


def _console() -> int:
    return os.open(os.ctermid() if hasattr(os, "ctermid") else "CONIN$", os.O_RDWR)  # the latter is Windows'


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let Ctrl-Z stop what waits in here with a terminal that shows what is typed, and hide it again after `fg`."""
    if not hasattr(signal, "SIGTSTP") or signal.getsignal(signal.SIGTSTP) != signal.SIG_DFL:  # Windows, or no shell
        yield
        return
    signal.signal(signal.SIGTSTP, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)


def _stop(*_: object) -> None:
    import termios

    with suppress(OSError, termios.error), os.fdopen(_console(), "rb", buffering=0) as console:
        before, shown = termios.tcgetattr(console), termios.tcgetattr(console)
        shown[3] |= termios.ECHO
        termios.tcsetattr(console, termios.TCSANOW, shown)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)  # returns after `fg`; no handler of SIGCONT: another thread may take that
        signal.signal(signal.SIGTSTP, _stop)
        termios.tcsetattr(console, termios.TCSAFLUSH, before)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end what waits in here at once; an event loop would only note it down and wait on."""
    before: Any = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
