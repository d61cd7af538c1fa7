"""A talk with the Secret Service over D-Bus (freedesktop Secret Service API 0.2), by `secretstorage`; it blocks.

Nothing here waits for ever: a service that is stuck, or a prompt that nobody answers, ends in an error of the device.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ecrin.vault.device.errors import KeyStoreLocked, KeyStoreUnavailable

REPLY_S = 25.0  # as long as D-Bus clients wait by habit: a service may have to be started first
LOOK_UP_S = 0.2  # while a prompt waits: how soon a cancelled task is seen
NOT_ENCRYPTED = "The key store would take secrets over the bus in the clear."
_PREFIX = "org.freedesktop.Secret."
_PATH = "/org/freedesktop/secrets"
_REPLACE = True


class Talk:
    """One connection to the session bus, for one verb, which `stop` ends from another thread.

    `prompt_s` is how long a person has to answer a prompt of the key store, in seconds.
    """

    def __init__(self, prompt_s: float) -> None:
        self._prompt_s = prompt_s
        self._ended = False
        self._bus: Any = None

    @contextmanager
    def __call__(self) -> Iterator["Talk"]:
        """Open the connection and close it; what goes wrong becomes an error of the device."""
        with _as_ours():
            import secretstorage

            self._bus = secretstorage.dbus_init()
            try:
                self.session = self._open_session()
                yield self
            finally:
                self._bus.close()

    def stop(self) -> None:
        """Let the verb wait for no prompt and make no further call."""
        self._ended = True

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: object) -> Any:
        """Call a method of the service."""
        from secretstorage.util import DBusAddressWrapper

        return DBusAddressWrapper(path, _PREFIX + interface, self).call(method, signature, *body)

    def read(self, path: str, interface: str, name: str) -> Any:
        """Read a property of the service."""
        from secretstorage.util import DBusAddressWrapper

        return DBusAddressWrapper(path, _PREFIX + interface, self).get_property(name)

    def found(self, attributes: dict[str, str]) -> list[str]:
        """Return the paths of all items with these attributes, in whatever collection; all are unlocked."""
        self.default()
        unlocked, locked = self.call(_PATH, "Service", "SearchItems", "a{ss}", attributes)
        for path in locked:
            self._unlock(path, "Item")
        return [*unlocked, *locked]

    def default(self) -> str | None:
        """Unlock the default collection and return its path, or None if there is none."""
        (path,) = self.call(_PATH, "Service", "ReadAlias", "s", "default")
        if path == "/":
            return None
        self._unlock(path, "Collection")  # while it is locked, some services do not find what is in it
        return str(path)

    def new_default(self) -> str:
        """Make a default collection, for which the service asks its user, and return its path."""
        label = {_PREFIX + "Collection.Label": ("s", "Default")}
        path, prompt = self.call(_PATH, "Service", "CreateCollection", "a{sv}s", label, "default")
        return str(path if path != "/" else self.confirmed(prompt))

    def create(self, collection: str, label: str, attributes: dict[str, str], secret: tuple[Any, ...]) -> str:
        """Keep an item, in the place of one with the same attributes in this collection; return its path."""
        texts = {_PREFIX + "Item.Label": ("s", label), _PREFIX + "Item.Attributes": ("a{ss}", attributes)}
        path, prompt = self.call(collection, "Collection", "CreateItem", "a{sv}(oayays)b", texts, secret, _REPLACE)
        return str(path if path != "/" else self.confirmed(prompt))

    def confirmed(self, prompt: str) -> Any:
        """Wait for a person's answer if there is a prompt, and return it; raises `KeyStoreLocked` for a no."""
        from secretstorage.util import exec_prompt

        if prompt == "/":
            return None
        try:
            dismissed, (_, answer) = exec_prompt(self, prompt)
        except TimeoutError:
            # No `Dismiss`: gnome-keyring 42 crashes on it. The prompt stays, and unlocks the store when it is answered.
            raise KeyStoreLocked("The key store is locked, and nobody answered its prompt.") from None
        if dismissed:
            raise KeyStoreLocked
        return answer

    def send_and_get_reply(self, message: Any) -> Any:
        """Return the reply to a message of the library's; raises `KeyStoreUnavailable` if there is none in time."""
        if self._ended:  # between two calls only: services do not like a caller that leaves before the reply
            raise KeyStoreUnavailable("The call was cancelled.")
        try:
            return self._bus.send_and_get_reply(message, timeout=REPLY_S)
        except TimeoutError:
            raise KeyStoreUnavailable(f"The key store has not answered for {REPLY_S:.0f} s.") from None

    def filter(self, rule: Any) -> Any:
        """Collect messages for the library."""
        return self._bus.filter(rule)

    def recv_until_filtered(self, queue: Any, *, timeout: float | None = None) -> Any:
        """Wait for the answer to a prompt for the library; raises `TimeoutError` if there is none in time."""
        deadline = time.monotonic() + (timeout or self._prompt_s)
        while not self._ended and (left := deadline - time.monotonic()) > 0:
            with suppress(TimeoutError):
                return self._bus.recv_until_filtered(queue, timeout=min(left, LOOK_UP_S))
        raise TimeoutError

    def _open_session(self) -> Any:
        from secretstorage.util import open_session

        session = open_session(self)
        if not session.encrypted:  # the library settles for that by itself
            raise KeyStoreUnavailable(NOT_ENCRYPTED)
        return session

    def _unlock(self, path: str, interface: str) -> None:
        if self.read(path, interface, "Locked"):
            _, prompt = self.call(_PATH, "Service", "Unlock", "ao", [path])
            self.confirmed(prompt)
            if self.read(path, interface, "Locked"):
                raise KeyStoreLocked


@contextmanager
def _as_ours() -> Iterator[None]:
    """Turn what the library and the bus raise into errors of the device."""
    from jeepney import DBusErrorResponse  # type: ignore[import-untyped]
    from secretstorage import SecretStorageException

    try:
        yield
    except DBusErrorResponse as error:
        if str(error.name).endswith(".IsLocked"):
            raise KeyStoreLocked from None
        raise KeyStoreUnavailable(f"The key store refuses: {error.name}.") from None
    except SecretStorageException as error:
        raise KeyStoreUnavailable(f"The key store does not answer: {error}.") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise KeyStoreUnavailable(f"The session bus does not answer: {error}.") from None
