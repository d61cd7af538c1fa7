"""What PostgreSQL's SQLSTATE codes mean to the rest of Écrin (PostgreSQL documentation, appendix A).

PostgreSQL and its driver put values into their messages ("Key (email)=(...) already exists"), so none of their text is
passed on, save for classes 42 (the statement is wrong) and 28 and 3D (the door stays shut), which name only the schema.
"""

from ecrin.errors import (
    Conflict,
    InvalidRequest,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageReadOnly,
    StorageUnavailable,
)

UNSTORABLE = "A value is outside of what the database can store (a number too large, or a NUL in text)."

_RETRIED = {"40001", "40P01"}
_EXACT: dict[str, type[StorageError]] = {
    "53100": StorageFull,
    "25006": StorageReadOnly,
    "55P03": StorageBusy,
    "57014": StorageBusy,
    "XX001": StorageDamaged,
    "XX002": StorageDamaged,
}
_UNAVAILABLE = ("08", "53", "57P", "28", "3D")
_MESSAGE = ("42", "28", "3D")


def is_retried(error: BaseException) -> bool:
    """Say whether the transaction lost against another one and may simply be run again."""
    return getattr(error, "sqlstate", None) in _RETRIED


def fault(error: BaseException, where: str, *, alive: bool) -> StorageError | InvalidRequest:
    """Return our error for one of the driver or the system.

    `where` is host, port and name of the database, `alive` whether the connection can still be used.
    """
    state = getattr(error, "sqlstate", None)
    if state is None and alive and not isinstance(error, OSError):
        return StorageError(f"{where}: {error}")  # the driver about how it is used; it quotes no values here
    if state is None:
        return StorageUnavailable(f"{where}: the database server does not answer ({type(error).__name__}).")
    if state == "23505":
        return Conflict(getattr(error, "constraint_name", None))
    if state.startswith("22"):
        return _wrong_value(error, where)
    said = f"SQLSTATE {state}: {error}" if state.startswith(_MESSAGE) else f"SQLSTATE {state}"
    if state in _EXACT:
        return _EXACT[state](f"{where}: {_EXACT[state].sentence} ({said})")
    if state.startswith(_UNAVAILABLE):
        return StorageUnavailable(f"{where}: the database server refuses ({said}).")
    constraint = getattr(error, "constraint_name", None)
    return StorageError(f"{where}: {said}" + (f", constraint {constraint}" if constraint else ""))


def _wrong_value(error: BaseException, where: str) -> StorageError | InvalidRequest:
    """Tell a value of the wrong Python type, our own fault, from one that does not fit, the caller's."""
    cause = error.__cause__
    if isinstance(cause, OverflowError | UnicodeError) or getattr(error, "sqlstate", "") in {"22003", "22021"}:
        return InvalidRequest(UNSTORABLE)
    return StorageError(f"{where}: a value has a type that the statement does not take.")
