"""What another user does: see `vault.stranger`. Each returns the name of the error that it met, or ""."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from ecrin.errors import EcrinError
from ecrin.vault.device.linux.fprintd import Fprintd
from ecrin.vault.device.linux.pam import PamPasscode
from ecrin.vault.device.linux.polkit import PolkitPasscode
from ecrin.vault.device.model import PromptTexts


async def met(work: Awaitable[object]) -> str:
    try:
        await work
    except EcrinError as error:
        return type(error).__name__
    return ""


async def touch(address: str) -> str:
    return await met(Fprintd(address).verify(PromptTexts(), lambda _: None))


async def permission(address: str) -> str:
    return (await Fprintd(address).state()).permission


async def passcode(service: str, user: str, typed: str) -> str:
    return await met(PamPasscode(service, user or None).verify(bytearray(typed.encode()), PromptTexts()))


async def prompt(address: str, action: str) -> str:
    return await met(PolkitPasscode(action, address).verify(b"", PromptTexts()))


async def asks(address: str, action: str) -> bool:
    return await PolkitPasscode(action, address).is_set()


async def prompt_and_leave(address: str, action: str, folder: str) -> str:
    """Cancel the check once the window is open, as a file says, and stay until it is closed."""
    task = asyncio.ensure_future(PolkitPasscode(action, address).verify(b"", PromptTexts()))
    await there(Path(folder, "opened"))
    task.cancel()
    await asyncio.wait([task])
    await there(Path(folder, "closed"))
    return "CancelledError" if task.cancelled() else ""


async def there(file: Path) -> None:
    async with asyncio.timeout(20):
        while not file.exists():
            await asyncio.sleep(0.01)
