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
T = TypeVar("T")

MAX_TYPED = 4096  # characters
_NEW = {Asked.NEW_PASSCODE}


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
        return normal(given, "NFC" if asked is Asked.PIN else "NFKC")  # CTAP 2.1 §6.5.5 wants a PIN in NFC

    async def trying(self) -> None:
        """Count a guess on disk; raises `TryLater`, `TooManyAttempts`."""
        if self._guesses is not None:
            await self._guesses.count()

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


def normal(typed: Typed, form: Literal["NFC", "NFKC"] = "NFKC") -> bytearray:
    """Return the UTF-8 of what was typed, in a normal form; raises `InvalidConfig` for nothing, or what is no text."""
    with suppress(UnicodeError):  # raised outside: what Python says of it holds the passcode
        text = typed if isinstance(typed, str) else bytes(typed).decode()
        if not 1 <= len(text) <= MAX_TYPED:
            raise InvalidConfig(f"A passcode has 1 to {MAX_TYPED} characters.")
        return bytearray(unicodedata.normalize(form, text).encode())
    raise InvalidConfig("A passcode is a text.")
