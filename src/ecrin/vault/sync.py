"""The vault for programs without an event loop: each call drives the coroutine of the same name to its end.

The loop runs in a thread of its own, so that a vault locks itself in time while the program does something else.
Listeners are called in that thread, and cannot call what is here.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from ecrin.vault.errors import VaultNotInitialized
from ecrin.vault.keeping.verbs import FORKED
from ecrin.vault.model import VaultConfig
from ecrin.vault.service import Vault

P = ParamSpec("P")
T = TypeVar("T")


def _driven(
    method: Callable[Concatenate[Vault, P], Coroutine[Any, Any, T]],
) -> "Callable[Concatenate[SyncVault, P], T]":
    @wraps(method)
    def call(self: "SyncVault", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._drive(method(self.vault, *args, **kwargs))

    return cast("Callable[Concatenate[SyncVault, P], T]", call)


class SyncVault:
    """Drives `vault`; its events are used on `vault` itself.

    Use it in a `with` block, or `close` it: that locks the vault and ends the thread.
    """

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._loop = asyncio.new_event_loop()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ecrin-vault-loop", daemon=True)
        self._thread.start()

    initialize = _driven(Vault.initialize)
    load = _driven(Vault.load)
    is_empty = _driven(Vault.is_empty)
    is_locked = _driven(Vault.is_locked)
    set_value = _driven(Vault.set_value)
    set_values = _driven(Vault.set_values)
    get_value = _driven(Vault.get_value)
    remove_value = _driven(Vault.remove_value)
    get_keys = _driven(Vault.get_keys)
    lock = _driven(Vault.lock)
    unlock = _driven(Vault.unlock)
    foreground = _driven(Vault.foreground)
    touch = _driven(Vault.touch)
    clear = _driven(Vault.clear)
    wipe = _driven(Vault.wipe)
    export_vault = _driven(Vault.export_vault)
    export_vault_unsafe = _driven(Vault.export_vault_unsafe)
    import_vault = _driven(Vault.import_vault)
    slots = _driven(Vault.slots)
    add_slot = _driven(Vault.add_slot)
    remove_slot = _driven(Vault.remove_slot)
    set_custom_passcode = _driven(Vault.set_custom_passcode)
    rotate = _driven(Vault.rotate)
    update_config = _driven(Vault.update_config)
    protection = _driven(Vault.protection)

    @property
    def config(self) -> VaultConfig:
        """As `Vault.config`."""
        return self.vault.config

    def path(self, key: str = "default") -> Path:
        """As `Vault.path`."""
        return self.vault.path(key)

    def exists(self, key: str = "default") -> bool:
        """As `Vault.exists`."""
        return self.vault.exists(key)

    def background(self) -> None:
        """As `Vault.background`."""
        self._drive(self._background())

    def close(self) -> None:
        """Lock the vault, let go of its file, and end the thread; a second time does nothing.

        What other threads wait for is cancelled.
        """
        self._check()
        with self._gate:
            first, self._closed = not self._closed, True
        try:
            if first:
                _result(self._handed(self.vault.close()))
        finally:  # a listener may have failed
            if first:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _background(self) -> None:
        self.vault.background()

    def _drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns; an interruption (Ctrl-C) cancels it."""
        try:
            self._check()
            with self._gate:
                self._check_open()
                future = self._handed(work)
        except BaseException:
            work.close()
            raise
        return _result(future)

    def _check(self) -> None:
        if threading.current_thread() is self._thread:  # it would wait for itself for ever
            raise RuntimeError("A listener cannot wait for the vault that calls it.")

    def _check_open(self) -> None:
        if self._closed:
            raise VaultNotInitialized("This object was closed.", hint="Make another `SyncVault`.")

    def _handed(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if not self._thread.is_alive():
            work.close()
            raise VaultNotInitialized(FORKED, hint="Make another `SyncVault` in this process.")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        while left := asyncio.all_tasks(self._loop):  # what other threads wait for
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.wait(left))
        self._loop.close()


def _result(future: Future[T]) -> T:
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
