"""The key store of Linux: the Secret Service of gnome-keyring, KWallet or KeePassXC, by `secretstorage`.

An item is a secret with the attributes `application` (ecrin), `service` and `item`, in the default collection, which is
made if there is none. A collection that is locked is unlocked by the service's own prompt. Any process of the user's
session may read what is unlocked: the key store keeps secrets from other users and from whoever has the disk.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.errors import KeyStoreUnavailable
from ecrin.vault.device.linux.secretbus import Talk
from ecrin.vault.device.linux.secretwire import packed, unpacked
from ecrin.vault.device.ports import MAX_ITEM
from ecrin.vault.memory import SecretRoom
from ecrin.vault.threads import in_thread

TRIES = 5
Answer = TypeVar("Answer")


class SecretService:
    """The Secret Service of this user's session; each call opens a connection of its own, since calls are rare.

    `prompt_ms` is how long a person has to answer the prompt of a locked key store, in milliseconds; after that, and
    where no prompt can be shown, `KeyStoreLocked` is raised. A prompt outlives its call, so that it still unlocks.
    """

    name = "Secret Service"

    def __init__(self, prompt_ms: int = 60_000) -> None:
        self._prompt_s = prompt_ms / 1000

    async def get(self, service: str, item: str) -> SecretRoom | None:
        """Return an item in a room that the caller closes, the newest if there are several; None if there is none."""
        return await self._talk(lambda talk: _get(talk, _attributes(service, item)))

    async def set(self, service: str, item: str, secret: Buffer) -> None:
        """Keep an item, in the place of one that is there; raises `ValueError` unless it has 1 to `MAX_ITEM` bytes."""
        if not 1 <= len(secret) <= MAX_ITEM:
            raise ValueError(f"An item has 1 to {MAX_ITEM} bytes.")
        await self._talk(lambda talk: _set(talk, _attributes(service, item), secret))

    async def delete(self, service: str, item: str) -> None:
        """Remove an item, and all others of its name; one that is not there is no error."""
        await self._talk(lambda talk: _delete(talk, talk.found(_attributes(service, item))))

    async def _talk(self, verb: Callable[[Talk], Answer]) -> Answer:
        talk = Talk(self._prompt_s)
        return await in_thread(partial(_run, talk, verb), stop=talk.stop)


def _run(talk: Talk, verb: Callable[[Talk], Answer]) -> Answer:
    with talk():
        return verb(talk)


def _attributes(service: str, item: str) -> dict[str, str]:
    return {"application": "ecrin", "service": service, "item": item}


def _get(talk: Talk, attributes: dict[str, str]) -> SecretRoom | None:
    from secretstorage import ItemNotFoundException

    for _ in range(TRIES):
        paths = talk.found(attributes)
        if not paths:
            return None
        with suppress(ItemNotFoundException):  # another process has removed it since
            newest = max(paths, key=lambda path: int(talk.read(path, "Item", "Modified")))
            (structure,) = talk.call(newest, "Item", "GetSecret", "o", talk.session.object_path)
            return unpacked(talk.session, structure)
    raise KeyStoreUnavailable("The item was removed again and again while it was read.")


def _set(talk: Talk, attributes: dict[str, str], secret: Buffer) -> None:
    """Keep the new item before others of its name go, so that one is there whenever this is cut short."""
    collection = talk.default() or talk.new_default()
    label = f"{attributes['service']} (Écrin): {attributes['item']}"
    kept = talk.create(collection, label, attributes, packed(talk.session, secret))
    _delete(talk, [path for path in talk.found(attributes) if path != kept])


def _delete(talk: Talk, paths: list[str]) -> None:
    from secretstorage import ItemNotFoundException

    for path in paths:
        with suppress(ItemNotFoundException):
            (prompt,) = talk.call(path, "Item", "Delete")
            talk.confirmed(prompt)
