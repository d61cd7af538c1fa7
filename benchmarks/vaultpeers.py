"""What else keeps secrets on a device, each as its own documentation says, on the same values.

Where a peer has files, a `set` is on disk when it returns: SQLCipher with WAL and `synchronous=FULL`, a Fernet file
written beside, synced and renamed. The key is given; nobody derives one but pykeepass, which does so at every save.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.result import Unavailable


class SqlCipher:
    """SQLCipher 4, one table, the key given raw."""

    name = "SQLCipher"

    def __init__(self, path: Path) -> None:
        self._path, self._key = path, secrets.token_hex(32)
        self._connection = self.connect()
        self._connection.execute("CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL)")

    def connect(self) -> Any:
        """Open the file."""
        try:
            import sqlcipher3  # type: ignore[import-untyped]
        except ImportError:
            raise Unavailable("sqlcipher3 is not installed") from None
        connection = sqlcipher3.connect(str(self._path), isolation_level=None)
        connection.execute(f"PRAGMA key = \"x'{self._key}'\"")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def get(self, name: str) -> str:
        """Return a value."""
        found: bytes = self._connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()[0]
        return found.decode()

    def put(self, values: Mapping[str, str]) -> None:
        """Keep values in one transaction."""
        pairs = [(name, value.encode()) for name, value in values.items()]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)", pairs)
        self._connection.execute("COMMIT")

    def read_anew(self, name: str) -> None:
        """Open the file on a connection of its own, and read one value."""
        with closing(self.connect()) as connection:
            connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()

    def check_anew(self) -> None:
        """Open the file on a connection of its own, and check every page, as the vault checks every entry."""
        with closing(self.connect()) as connection:
            assert connection.execute("PRAGMA cipher_integrity_check").fetchall() == []


class FernetFiles:
    """A folder of files, each a Fernet token (cryptography.io)."""

    name = "Fernet files"

    def __init__(self, folder: Path) -> None:
        from cryptography.fernet import Fernet

        folder.mkdir()
        self._folder, self._fernet = folder, Fernet(Fernet.generate_key())

    def get(self, name: str) -> str:
        """Return a value."""
        with open(self._path(name), "rb") as file:  # noqa: PTH123  the peer is as fast as it can be
            return self._fernet.decrypt(file.read()).decode()

    def put(self, values: Mapping[str, str]) -> None:
        """Keep values, file by file; then the folder is synced."""
        for name, value in values.items():
            self._write(self._path(name), self._fernet.encrypt(value.encode()))
        place = os.open(self._folder, os.O_RDONLY)
        os.fsync(place)
        os.close(place)

    def _write(self, path: str, token: bytes) -> None:
        with open(f"{path}.new", "wb") as file:  # noqa: PTH123
            file.write(token)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{path}.new", path)  # noqa: PTH105

    def _path(self, name: str) -> str:
        return f"{self._folder}/{base64.urlsafe_b64encode(name.encode()).decode()}"


class KeePass:
    """A KeePass file (KDBX 4, Argon2) by pykeepass: it is written as a whole, and its key derived each time."""

    name = "pykeepass"

    def __init__(self, path: Path) -> None:
        try:
            from pykeepass import create_database  # type: ignore[import-untyped]
        except ImportError:
            raise Unavailable("pykeepass is not installed") from None
        self._database = create_database(str(path), password=secrets.token_hex(16))

    def get(self, name: str) -> str:
        """Return a value."""
        found = self._database.find_entries(title=name, first=True)
        return str(found.password)

    def put(self, values: Mapping[str, str]) -> None:
        """Change values, or add them, and save the file."""
        for name, value in values.items():
            found = self._database.find_entries(title=name, first=True)
            if found is None:
                self._database.add_entry(self._database.root_group, name, "", value)
            else:
                found.password = value
        self._database.save()


class Keyring:
    """`keyring` with its Secret Service backend: what most Python programs use."""

    name = "keyring"

    def __init__(self, _: Path) -> None:
        try:
            from keyring.backends.SecretService import Keyring as Backend
        except ImportError:
            raise Unavailable("keyring is not installed") from None
        self._backend: Any = Backend()  # type: ignore[no-untyped-call]

    def get(self, name: str) -> str:
        """Return a value."""
        return str(self._backend.get_password("bench-keyring", name))

    def put(self, values: Mapping[str, str]) -> None:
        """Keep values, one by one."""
        for name, value in values.items():
            self._backend.set_password("bench-keyring", name, value)


class SecretStorage:
    """`SecretStorage` on one connection, which is the fastest way to the same daemon."""

    name = "SecretStorage"

    def __init__(self, _: Path) -> None:
        import secretstorage

        self._collection = secretstorage.get_default_collection(secretstorage.dbus_init())

    def get(self, name: str) -> str:
        """Return a value."""
        item = next(self._collection.search_items({"application": "bench", "name": name}))
        secret: bytes = item.get_secret()
        return secret.decode()

    def put(self, values: Mapping[str, str]) -> None:
        """Keep values, one by one."""
        for name, value in values.items():
            attributes = {"application": "bench", "name": name}
            self._collection.create_item(name, attributes, value.encode(), replace=True)
