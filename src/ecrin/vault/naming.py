"""What an app id and the key of a vault may be: both become names of files and of items in a key store. Pure.

An app id is a reverse domain name, as in the updates (protocol sheet §1). Names that Windows keeps for its devices are
refused on every system, so that what works on one works on all.
"""

import re
from hashlib import sha256

from ecrin.vault.errors import InvalidConfig

MAX_APP_ID = 128
MAX_KEY = 64
_APP_ID = re.compile(r"[a-z0-9]+(\.[\w-]+)+", re.IGNORECASE | re.ASCII)
_KEY = re.compile(r"[\w-][\w.-]*", re.ASCII)
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.ASCII)
_ANOTHER = "Choose another."


def check_app_id(app_id: str) -> None:
    """Raise `InvalidConfig` for what is no reverse domain name of at most 128 characters."""
    if not _is(_APP_ID, MAX_APP_ID, app_id):
        raise InvalidConfig(
            f"An app's id is a reverse domain name of at most {MAX_APP_ID} characters, such as com.example.notes,"
            " whose first part is no name that Windows reserves (CON, NUL, ...).",
            hint=_ANOTHER,
        )


def check_key(key: str) -> None:
    """Raise `InvalidConfig` for what is no key of a vault: 1 to 64 of A-Z a-z 0-9 . _ -, the first no dot."""
    if not _is(_KEY, MAX_KEY, key):
        raise InvalidConfig(
            f"The key of a vault has 1 to {MAX_KEY} letters (A to Z), digits, dots, hyphens or underscores, does not"
            " begin with a dot, and is no name that Windows reserves (CON, NUL, ...).",
            hint=_ANOTHER,
        )


def _is(form: re.Pattern[str], at_most: int, name: object) -> bool:
    if not isinstance(name, str) or len(name) > at_most:
        return False
    return form.fullmatch(name) is not None and not _DEVICE.fullmatch(name)


def file_name(name: str) -> str:
    """Return what a file or folder of this name is called: another one for each, also where case is ignored.

    macOS and Windows take "Notes" and "notes" for one. So a name with capitals is written small, with a part of its
    hash behind a sign that no name has.
    """
    small = name.lower()
    return small if small == name else f"{small}~{sha256(name.encode()).hexdigest()[:8]}"
