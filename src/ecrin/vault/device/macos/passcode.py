"""The password of the user's account on a Mac, by the system's own prompt: a gate, which a finger passes too."""

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.macos.authentication import OWNER, context, evaluate, refusal
from ecrin.vault.device.macos.pool import in_pool
from ecrin.vault.device.macos.status import NO_PASSCODE
from ecrin.vault.device.model import PromptTexts


class MacPasscode:
    """The account's password; LocalAuthentication offers Touch ID or a watch first where the user set that up."""

    asks_itself = True

    async def is_set(self) -> bool:
        """Return whether the account has a password."""
        return await in_pool(lambda: refusal(context(), OWNER)) != NO_PASSCODE

    async def verify(self, passcode: Buffer, texts: PromptTexts) -> None:
        """Show the system's prompt; `passcode` is not looked at."""
        del passcode
        await evaluate(OWNER, texts)
