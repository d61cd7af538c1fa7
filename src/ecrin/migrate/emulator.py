"""Accounts from and to an export of the Firebase emulator, for `ecrin dev --import` and `--export-on-exit`.

The emulator writes passwords in the clear inside a fake hash: they are hashed at import. What we write is our own hash,
which the emulator loads and cannot sign in with.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecrin.auth.accounts import rules
from ecrin.auth.accounts.bulk import BulkService
from ecrin.auth.accounts.model import Account, Identity
from ecrin.auth.accounts.service import AccountService
from ecrin.base.encoding import unb64url
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.crypto.passwords import Profile, argon2id, hash_password
from ecrin.errors import ConfigurationError, CryptoError, InvalidRequest, Refused
from ecrin.governance.projects.model import Project
from ecrin.governance.projects.service import ProjectService
from ecrin.migrate import emulator_files as files
from ecrin.migrate.emulator_files import Config, Privacy, Provider, SignIn, User
from ecrin.web.identitytoolkit.users import user_json

BY = Origin("import")
PAGE = 1000
# Quick, for thousands of passwords that lie in the clear beside it anyway; the next sign-in makes the real hash.
SEED = Profile(memory_kib=1024, time_cost=1, parallelism=1)
_FAKE = re.compile(r"fakeHash:salt=[^:]*:password=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many accounts were imported, and what this version could not keep of them."""

    accounts: int
    without_password: int
    without_second_factor: int

    def losses(self) -> list[str]:
        """Return a sentence for each kind of loss."""
        counted = (
            (self.without_password, "lost a password: its hash is of an unknown kind."),
            (self.without_second_factor, "lost second factors, which this version does not keep."),
        )
        return [f"{count} of them {what}" for count, what in counted if count]


async def load(project: Project, projects: ProjectService, bulk: BulkService, folder: Path) -> Loaded:
    """Import the accounts and the settings of an export into a project; accounts that are there are replaced.

    Raises `ConfigurationError` if the folder is no sound export or an account in it is refused; nothing of the
    thousand that it belongs to is imported then.
    """
    users, config = files.read(folder)
    rows = await asyncio.to_thread(_accounts, project.id, users)
    if config is not None:
        await projects.update(project.id, _settings(config), BY)
    for start in range(0, len(rows), PAGE):
        await _import(bulk, rows[start : start + PAGE])
    lost = sum(bool(user.password_hash) and row.password is None for user, row in zip(users, rows, strict=True))
    return Loaded(len(rows), lost, sum(bool(user.mfa_info) for user in users))


async def save(project: Project, accounts: AccountService, folder: Path) -> int:
    """Write the accounts and the settings of a project as an export; return how many accounts there are."""
    users: list[dict[str, Any]] = []
    while page := await accounts.page(project.id, users[-1]["localId"] if users else "", PAGE):
        users += [user_json(account, hashes=True) for account in page]
    settings = project.settings
    config = Config(SignIn(settings.allow_duplicate_emails), Privacy(settings.email_enumeration_protection))
    files.write(folder, users, config)
    return len(users)


async def _import(bulk: BulkService, page: list[Account]) -> None:
    try:
        errors = await bulk.import_accounts(page, BY, overwrite=True, sanity_check=False)
    except Refused as error:
        raise ConfigurationError(f"The export is refused: {error}.") from None
    if errors:
        raise ConfigurationError(f"The export's account {errors[0].account_id} is refused: {errors[0].message}.")


def _settings(config: Config) -> dict[str, object]:
    return {
        "allow_duplicate_emails": config.sign_in.allow_duplicate_emails,
        "email_enumeration_protection": config.email_privacy_config.enable_improved_email_privacy,
    }


def _accounts(project_id: str, users: Sequence[User]) -> list[Account]:
    """Return the accounts; takes about a millisecond for each password."""
    rows = []
    for user in users:
        try:
            rows.append(_account(project_id, user))
        except Refused as error:
            raise ConfigurationError(f"The export's account {user.local_id} is refused: {error}") from None
    return rows


def _account(project_id: str, user: User) -> Account:
    if user.tenant_id:
        raise InvalidRequest("it belongs to a tenant, which this version does not serve.")
    providers = [p for p in user.provider_user_info if p.provider_id not in {"password", "phone"}]
    return Account(
        project_id,
        rules.checked_local_id(user.local_id),
        user.created_at,
        email=rules.normal_email(user.email) if user.email else None,
        email_verified=user.email_verified,
        initial_email=user.initial_email,
        email_link_signin=user.email_link_signin,
        phone_number=rules.checked_phone(user.phone_number) if user.phone_number else None,
        display_name=rules.checked_display_name(user.display_name or ""),
        photo_url=rules.checked_photo_url(user.photo_url or ""),
        disabled=user.disabled,
        custom_auth=user.custom_auth,
        claims=rules.checked_claims(user.custom_attributes or ""),
        identities=tuple(_identity(p) for p in providers),
        password=_password(user.password_hash),
        password_updated_at=_whole(user.password_updated_at),
        valid_since=user.valid_since,
        last_login_at=user.last_login_at,
        last_refresh_at=_whole(user.last_refresh_at.timestamp() * 1000 if user.last_refresh_at else None),
    )


def _password(stored: str) -> Secret[str] | None:
    """Return a hash that sign-in can verify; None where there is none, or one of an unknown kind."""
    fake = _FAKE.fullmatch(stored)
    if fake is not None:
        return Secret(hash_password(fake[1], SEED))
    try:
        text = unb64url(stored).decode("ascii")
        argon2id.needs_rehash(text, SEED)
    except (InvalidRequest, CryptoError, UnicodeDecodeError):
        return None
    return Secret(text)


def _identity(given: Provider) -> Identity:
    return rules.checked_identity(
        Identity(
            given.provider_id,
            given.raw_id,
            given.federated_id,
            given.email,
            given.display_name,
            given.photo_url,
            given.phone_number,
            given.screen_name,
        )
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)
