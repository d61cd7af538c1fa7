"""The files of an export of the Firebase emulator, as firebase-tools 15 writes them.

firebase-export-metadata.json    where the part about Auth lies
auth_export/accounts.json        the accounts, as accounts:batchGet returns them
auth_export/config.json          two settings of the project
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ecrin.errors import ConfigurationError
from ecrin.ops.instance import write_private

METADATA = "firebase-export-metadata.json"
AUTH = "auth_export"
ACCOUNTS = "accounts.json"
CONFIG = "config.json"
T = TypeVar("T")


class Part(msgspec.Struct):
    """Where one emulator's files lie in the export."""

    path: str = AUTH


class Metadata(msgspec.Struct):
    """What the export holds."""

    auth: Part | None = None


class SignIn(msgspec.Struct, rename="camel"):
    """The part of the configuration about sign-in."""

    allow_duplicate_emails: bool = False


class Privacy(msgspec.Struct, rename="camel"):
    """The part of the configuration about e-mail privacy."""

    enable_improved_email_privacy: bool = False


class Config(msgspec.Struct, rename="camel"):
    """The configuration of the project."""

    sign_in: SignIn = msgspec.field(default_factory=SignIn)
    email_privacy_config: Privacy = msgspec.field(default_factory=Privacy)


class Provider(msgspec.Struct, rename="camel"):
    """The account at a provider."""

    provider_id: str = ""
    raw_id: str = ""
    federated_id: str | None = None
    email: str | None = None
    display_name: str | None = None
    photo_url: str | None = None
    phone_number: str | None = None
    screen_name: str | None = None


class User(msgspec.Struct, rename="camel", kw_only=True):
    """One account; times are milliseconds, `valid_since` is seconds, both may be text."""

    local_id: str
    created_at: int = 0
    email: str | None = None
    email_verified: bool = False
    initial_email: str | None = None
    email_link_signin: bool = False
    phone_number: str | None = None
    display_name: str | None = None
    photo_url: str | None = None
    disabled: bool = False
    custom_auth: bool = False
    custom_attributes: str | None = None
    provider_user_info: list[Provider] = []
    password_hash: str = ""
    password_updated_at: float | None = None
    valid_since: int | None = None
    last_login_at: int | None = None
    last_refresh_at: datetime | None = None
    mfa_info: list[Any] = []
    tenant_id: str | None = None


class Accounts(msgspec.Struct):
    """All accounts."""

    users: list[User] = []


def prepare(folder: Path) -> None:
    """Make the folder of a later export; raises `ConfigurationError` if it could not be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigurationError(f"The folder {folder} cannot be written.")


def read(folder: Path) -> tuple[list[User], Config | None]:
    """Return the accounts and the configuration; raises `ConfigurationError` if the folder is no sound export."""
    metadata = _decoded(folder, METADATA, Metadata)
    if metadata.auth is None:
        raise ConfigurationError(f"The export {folder} has no accounts in it.")
    part = folder / metadata.auth.path
    config = _decoded(part, CONFIG, Config) if (part / CONFIG).exists() else None
    return _decoded(part, ACCOUNTS, Accounts).users, config


def write(folder: Path, users: list[dict[str, Any]], config: Config) -> None:
    """Write an export for its owner alone, since it holds hashes; the file that names the others comes last.

    Raises `ConfigurationError`.
    """
    prepare(folder / AUTH)
    accounts = {"kind": "identitytoolkit#DownloadAccountResponse", "users": users}
    write_private(folder / AUTH / ACCOUNTS, _text(accounts))
    write_private(folder / AUTH / CONFIG, _text(msgspec.to_builtins(config)))
    write_private(folder / METADATA, _text({"version": "ecrin", "auth": {"version": "ecrin", "path": AUTH}}))


def _decoded(folder: Path, name: str, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode((folder / name).read_bytes(), type=wanted, strict=False)
    except OSError as error:
        raise ConfigurationError(
            f"{folder / name} cannot be read: {error.strerror}.", hint="Name the folder of an emulator export."
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        known = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise ConfigurationError(f"{folder / name} is not as the emulator writes it: {known}.") from None


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
