"""The data folder: who may enter, who is in, the master key, the socket. All of it belongs to its owner alone."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecrin.base.encoding import b64url, unb64url
from ecrin.base.secret import Secret
from ecrin.errors import ConfigurationError, DataFolderBusy, InvalidRequest, MasterKeyMissing, MasterKeyRejected

KEY_BYTES = 32
LOCK = "lock"
OWNER_ONLY = 0o700
SOCKET_PATH_BYTES = 103  # what every system takes: 107 on Linux (unix(7)), 103 on macOS and the BSDs


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Make the folder (0700) if it is not there, and hold it for this process alone.

    Raises `ConfigurationError` if it cannot be used, `DataFolderBusy` if another process holds it.
    """
    try:
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        _close_to_others(folder)
        held = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {folder} cannot be used: {error.strerror}.", hint="Name another with --data."
        ) from None
    try:
        _lock(held, folder)
        yield
    finally:
        os.close(held)


def _close_to_others(folder: Path) -> None:
    """Take the folder from others; one that holds other things (/tmp, a home) is not ours to close."""
    if not stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return
    if any(folder.iterdir()) and not (folder / LOCK).exists():
        raise ConfigurationError(
            f"The folder {folder} is open to others and holds other things.",
            hint="Name a folder of its own with --data, or take it from others with chmod 700.",
        )
    folder.chmod(OWNER_ONLY)


def _lock(held: int, folder: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise DataFolderBusy(f"Another ecrin process is using {folder}.") from None


@contextmanager
def socket_address(path: Path) -> Iterator[Path]:
    """Give a name under which the socket can be bound and reached, however deep its folder lies.

    A socket's address holds about a hundred bytes only; a longer path is reached through its folder's descriptor.
    Raises `ConfigurationError` where the system has no such names.
    """
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        yield path
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        near = Path(f"/proc/self/fd/{folder}")
        if not near.exists():
            raise ConfigurationError(
                f"The path {path} is too long for a socket.", hint=f"Use one of {SOCKET_PATH_BYTES} bytes at most."
            )
        yield near / path.name
    finally:
        os.close(folder)


def create_master_key(path: Path) -> None:
    """Write a new master key, on disk before anything is sealed with it; one that is there already stays."""
    if not path.exists():
        write_private(path, b64url(secrets.token_bytes(KEY_BYTES)) + "\n")


def read_master_key(path: Path) -> Secret[bytes]:
    """Return the master key.

    Raises `MasterKeyMissing`, which names the file, and `MasterKeyRejected` if it is no key or others may read it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        raise MasterKeyMissing(f"The master key file {path} is missing.") from None
    except (OSError, UnicodeDecodeError):
        raise MasterKeyRejected(f"The master key file {path} cannot be read.") from None
    if mode & 0o077:
        raise MasterKeyRejected(f"Others may read the master key file {path} (mode {mode:o}).")
    try:
        key = unb64url(text)
    except InvalidRequest:
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyRejected(f"The file {path} does not hold a master key.")
    return Secret(key)


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole or not at all, and return once file and folder are on disk.

    Raises `ConfigurationError` that names the file.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        _write_through(new, text)
        new.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ConfigurationError(f"The file {path} cannot be written: {error.strerror}.") from None


def _write_through(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
