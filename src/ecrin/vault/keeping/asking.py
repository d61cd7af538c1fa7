"""Whom a vault asks: the app, for what people type."""

import inspect
import unicodedata
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal, TypeVar

from ecrin.vault.device.errors import UserCanceled
from ecrin.vault.device.model import Notice, PromptTexts
from ecrin.vault.errors import InvalidConfig, PasscodeMissing
from ecrin.vault.keeping.guesses import Guesses
from ecrin.vault.model import PasscodeRequest
from ecrin.vault.ports import Asked

Typed = str | bytes | bytearray
Answer = Typed | None
Asker = Callable[[PasscodeRequest], Answer | Awaitable[Answer]]
Form = Literal["NFC", "NFKC"]
T = TypeVar("T")

MAX_TYPED = 4096  # characters
_NEW = {Asked.NEW_PASSCODE}
_CALLED = {Asked.PIN: "PIN", Asked.RECOVERY_CODE: "recovery code"}


class Ask:
    """Answers one enrolment or one try (`ecrin.vault.ports.Asking`).

    `given` is what the call was handed, used once; else `asker`, the app's, is called. `guesses` counts tries; a slot
    that is being made has none.
    """

    def __init__(
        self,
        texts: PromptTexts,
        given: Typed | None,
        asker: Asker | None,
        tell: Callable[[Notice], None],
        guesses: Guesses | None = None,
    ) -> None:
        self.texts = texts
        self._given = given
        self._asker = asker
        self._tell = tell
        self._guesses = guesses

    async def secret(self, asked: Asked) -> bytearray:
        """Return what was given or is typed now; raises `PasscodeMissing`, `UserCanceled`, `InvalidConfig`."""
        given, self._given = self._given, None
        if given is None:
            given = await self._from_app(asked)
        form: Form = "NFC" if asked is Asked.PIN else "NFKC"  # CTAP 2.1 §6.5.5 wants a PIN in NFC
        return normal(given, form, _CALLED.get(asked, "passcode"))

    async def trying(self, *, seen: bool = False) -> None:
        """Count a guess on disk; raises `TryLater`, `TooManyAttempts`."""
        if self._guesses is not None:
            await self._guesses.count(seen=seen)

    def tell(self, notice: Notice) -> None:
        """Hand a notice to the app."""
        self._tell(notice)

    async def _from_app(self, asked: Asked) -> Typed:
        if self._asker is None:
            raise PasscodeMissing
        left = await self._guesses.ready() if self._guesses is not None else None
        answer = self._asker(PasscodeRequest(asked, asked in _NEW, left))
        if inspect.isawaitable(answer):
            answer = await answer
        if answer is None:
            raise UserCanceled
        return answer


def normal(typed: Typed, form: Form = "NFKC", what: str = "passcode") -> bytearray:
    """Return the UTF-8 of what was typed, in a normal form; `what` is what it should have been.

    Raises `PasscodeMissing` for nothing, `InvalidConfig` for what is too long or no text.
    """
    size = f"{what} has 1 to {MAX_TYPED} characters."
    if not typed:  # None too: what a caller passes on that was never typed
        raise PasscodeMissing(f"Nothing was typed: a {size}", hint="Type one; this was not counted.")
    if isinstance(typed, str | bytes | bytearray):  # else bytes(1234) would be a passcode, of as many zeros
        with suppress(UnicodeError):  # raised outside: what Python says of it holds the passcode
            text = typed if isinstance(typed, str) else typed.decode()
            if len(text) > MAX_TYPED:
                raise InvalidConfig(f"A {size}", hint="Choose a shorter one; this was not counted.")
            return bytearray(unicodedata.normalize(form, text).encode())
    raise InvalidConfig(f"A {what} is a text, or its UTF-8.", hint="Hand it over as it was typed.")
