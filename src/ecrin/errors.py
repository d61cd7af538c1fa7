"""Every error Écrin raises, in one tree.

    EcrinError                     code, status, sentence, hint
    ├── ConfigurationError         the instance cannot start or act as it is set up
    ├── StorageError               the database cannot do it now
    │   └── Conflict               a row that must be unique exists already
    ├── CryptoError                bytes that are not what they claim to be
    ├── Refused                    the request is understood and answered with no
    │   ├── InvalidRequest         400  the request itself is wrong
    │   ├── Unauthenticated        401  nobody, or nobody we know, asks
    │   ├── PermissionDenied       403  somebody asks for what is not theirs
    │   ├── NotFound               404
    │   └── TooManyRequests        429
    ├── Overloaded                 503  come back after `retry_after` seconds
    └── NotImplementedYet          501  a known call of a later version

Features add leaves in their own `errors.py` (`ecrin.auth.errors`). The code is stable: programs may compare it.
"""

from typing import ClassVar


class EcrinError(Exception):
    """The root of the tree.

    `code` is stable and meant for programs, `status` is the HTTP status, `sentence` (the first line of a class's
    docstring) says what happened and `hint` what to do. `detail` narrows the sentence down for one case; it never
    holds a secret.
    """

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    sentence: ClassVar[str] = "Something went wrong inside the server."
    hint: ClassVar[str] = "Look at the server's log under the request id."

    def __init_subclass__(cls) -> None:
        if cls.__doc__ and "sentence" not in cls.__dict__:
            cls.sentence = cls.__doc__.splitlines()[0]

    def __init__(self, detail: str | None = None, *, hint: str | None = None) -> None:
        super().__init__(detail or self.sentence)
        self.detail = detail
        self.advice = hint or self.hint
        self.add_note(f"{self.advice} [{self.code}]")  # a traceback shows it (PEP 678)

    def __str__(self) -> str:
        return self.detail or self.sentence


class ConfigurationError(EcrinError):
    """The instance is not set up for this."""

    code = "CONFIGURATION"
    hint = "Check the setting that the message names; docs/settings.md lists them all."


class MasterKeyMissing(ConfigurationError):
    """The master key file is missing."""

    code = "MASTER_KEY_MISSING"
    hint = "Put the file back from your backup of keys, or name it with ECRIN_MASTER_KEY_FILE."


class MasterKeyRejected(ConfigurationError):
    """The master key file cannot be used."""

    code = "MASTER_KEY_REJECTED"
    hint = "It must hold this instance's key and be readable by its owner only (chmod 600)."


class DataFolderBusy(ConfigurationError):
    """Another ecrin process is using this data folder."""

    code = "DATA_FOLDER_BUSY"
    hint = "Stop that process first, or name another folder with --data."


class DatabaseBusy(ConfigurationError):
    """Another ecrin process is using this database."""

    code = "DATABASE_BUSY"
    hint = "Stop that process first, or name another database with ECRIN_DATABASE_URL."


class DatabaseNewer(ConfigurationError):
    """The database was written by a newer version of ecrin."""

    code = "DATABASE_NEWER"
    hint = "Install that version or a later one; a database is never migrated backwards."


class MissingExtra(ConfigurationError):
    """This needs an optional part of ecrin that is not installed."""

    code = "MISSING_EXTRA"
    hint = "Install it with: pip install 'ecrin[server]'"


class StorageError(EcrinError):
    """The database could not complete the operation; nothing was written."""

    code = "STORAGE_FAILED"
    status = 503
    hint = "Look at the server's log; check the disk and the database."


class StorageFull(StorageError):
    """The disk that holds the database is full; nothing was written."""

    code = "STORAGE_FULL"
    hint = "Free some space on that disk; writing goes on by itself then."


class StorageReadOnly(StorageError):
    """The database cannot be written; nothing was written."""

    code = "STORAGE_READ_ONLY"
    hint = "Check the owner, the mode and the mount of the file and its folder; reads go on."


class StorageBusy(StorageError):
    """Another process holds the database's write lock; nothing was written."""

    code = "STORAGE_BUSY"
    hint = "Find the process that has the file open (backup, sqlite3 shell) and let it finish."


class StorageDamaged(StorageError):
    """The database file is damaged."""

    code = "STORAGE_DAMAGED"
    hint = "Stop the server, keep the file, and restore the last backup."


class StorageUnavailable(StorageError):
    """The database server does not answer."""

    code = "STORAGE_UNAVAILABLE"
    hint = "Check that it runs and that ECRIN_DATABASE_URL names it."


class Conflict(StorageError):
    """A record with this key exists already."""

    code = "CONFLICT"
    status = 409
    hint = "Use another key, or change the record that is there."


class CryptoError(EcrinError):
    """The data failed its cryptographic check."""

    code = "CRYPTO_REJECTED"
    status = 400
    hint = "It was changed, cut, moved, or made by somebody else."


class DecryptionFailed(CryptoError):
    """The ciphertext does not authenticate."""

    code = "DECRYPTION_FAILED"


class SignatureInvalid(CryptoError):
    """The signature is not valid."""

    code = "SIGNATURE_INVALID"


class KeyUnknown(CryptoError):
    """The key that is named is not in the key set."""

    code = "KEY_UNKNOWN"


class PasswordMismatch(CryptoError):
    """The password does not match."""

    code = "PASSWORD_MISMATCH"
    hint = "Try again, or reset the password."


class Refused(EcrinError):
    """The request was refused."""

    code = "REFUSED"
    status = 400
    hint = "Change the request."


class InvalidRequest(Refused):
    """The request is not well-formed."""

    code = "INVALID_ARGUMENT"
    hint = "Compare it with the documentation of the call."


class Unauthenticated(Refused):
    """The request carries no credential that this server accepts."""

    code = "UNAUTHENTICATED"
    status = 401
    hint = "Send `Authorization: Bearer` with a token that is valid here."


class PermissionDenied(Refused):
    """The credential does not allow this."""

    code = "PERMISSION_DENIED"
    status = 403
    hint = "Use a credential whose scope covers the project and the action."


class NotFound(Refused):
    """There is nothing under this name."""

    code = "NOT_FOUND"
    status = 404
    hint = "Check the spelling of the path and of the id."


class TooManyRequests(Refused):
    """A quota is used up."""

    code = "TOO_MANY_REQUESTS"
    status = 429
    hint = "Wait and try again."


class Overloaded(EcrinError):
    """The server is busy."""

    code = "OVERLOADED"
    status = 503
    hint = "Try again after the time that Retry-After names."
    retry_after: ClassVar[int] = 2


class NotImplementedYet(EcrinError):
    """This version of ecrin does not serve this call yet."""

    code = "NOT_IMPLEMENTED"
    status = 501
    hint = "See CHANGELOG.md for what each version serves."
