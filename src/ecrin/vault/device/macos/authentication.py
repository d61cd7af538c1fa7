"""LocalAuthentication: who is there, by the system's own prompt (LAContext). It says yes or no: no key comes out."""

import asyncio
from contextlib import suppress
from typing import Any

from ecrin.vault.device.libraries import library
from ecrin.vault.device.macos.pool import in_pool
from ecrin.vault.device.macos.status import of_authentication
from ecrin.vault.device.model import PromptTexts

BIOMETRICS, OWNER = 1, 2  # LAPolicyDeviceOwnerAuthenticationWithBiometrics, LAPolicyDeviceOwnerAuthentication


def context(texts: PromptTexts | None = None) -> Any:
    """Return a new LAContext whose prompt has these words."""
    made = library("LocalAuthentication", "pyobjc-framework-LocalAuthentication").LAContext.alloc().init()
    if texts is not None:
        made.setLocalizedCancelTitle_(texts.cancel)
        made.setLocalizedFallbackTitle_(texts.fallback)  # empty: no such button
        made.setLocalizedReason_(reason(texts))
    return made


def reason(texts: PromptTexts) -> str:
    """Return what the prompt says the app wants: macOS has room for one sentence, and insists on it."""
    return texts.reason or texts.description or texts.subtitle or texts.title or PromptTexts().title


def refusal(asked: Any, policy: int) -> int:
    """Return the LAError for which a policy cannot be evaluated here now, 0 if it can."""
    able, error = asked.canEvaluatePolicy_error_(policy, None)
    return 0 if able else int(error.code())


async def evaluate(policy: int, texts: PromptTexts) -> None:
    """Show the prompt and wait; raises what `of_authentication` makes of an LAError. Cancelling takes it away."""
    asked, loop = await in_pool(lambda: context(texts)), asyncio.get_running_loop()
    answered: asyncio.Future[int] = loop.create_future()

    def reply(passed: bool, error: Any) -> None:  # on a thread of the system's
        with suppress(RuntimeError):  # the loop is closed; what leaves a block of the system's ends the process
            loop.call_soon_threadsafe(_settle, answered, 0 if passed else int(error.code()))

    asked.evaluatePolicy_localizedReason_reply_(policy, reason(texts), reply)
    try:
        code = await answered
    except asyncio.CancelledError:
        asked.invalidate()
        raise
    if code:
        raise of_authentication(code)


def _settle(answered: asyncio.Future[int], code: int) -> None:
    if not answered.done():
        answered.set_result(code)
