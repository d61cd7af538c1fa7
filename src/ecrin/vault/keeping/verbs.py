"""What every verb of a vault does around its work: refuse in a forked process, tell `on_error` what it raises."""

import os
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from ecrin.errors import EcrinError
from ecrin.vault.errors import VaultBusy, VaultNotInitialized
from ecrin.vault.keeping.keeper import Keeper
from ecrin.vault.opened.draft import Rekeyed

FORKED = "This object belongs to the process that this one was forked from."


class Kept(Protocol):
    """Whose verbs they are: a vault that was made in the process `_process`."""

    _keeper: Keeper
    _process: int


V = TypeVar("V", bound=Kept)
P = ParamSpec("P")
T = TypeVar("T")


def verb(
    method: Callable[Concatenate[V, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[V, P], Coroutine[Any, Any, T]]:
    """Return the verb that does what `method` does."""

    @wraps(method)
    async def told(self: V, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._process != os.getpid():
            raise VaultNotInitialized(FORKED, hint="Make another object in this process.")
        try:
            try:
                return await method(self, *args, **kwargs)
            except Rekeyed:
                raise VaultBusy("Another process is rotating the key of this vault.") from None
        except EcrinError as error:
            self._keeper.events.failed.tell(error)
            raise

    return told
