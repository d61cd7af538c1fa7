"""What an administrator asks of an account, and what that changes. Pure."""

from dataclasses import dataclass, replace

from ecrin.auth.accounts import rules
from ecrin.auth.accounts.model import Account, Identity
from ecrin.auth.accounts.rules import Changes
from ecrin.base.clock import Instant
from ecrin.base.secret import Secret


@dataclass(frozen=True, slots=True)
class Edit:
    """What an administrator sets and takes away; None means "leave it", "" removes a name or a photo.

    `claims` is JSON text. `valid_since` is in seconds, the other times are in milliseconds since the epoch.
    """

    email: str | None = None
    email_verified: bool | None = None
    phone_number: str | None = None
    display_name: str | None = None
    photo_url: str | None = None
    disabled: bool | None = None
    claims: str | None = None
    password: Secret[str] | None = None
    valid_since: int | None = None
    created_at: Instant | None = None
    last_login_at: Instant | None = None
    identity: Identity | None = None
    delete_attributes: frozenset[str] = frozenset()
    delete_providers: frozenset[str] = frozenset()


def values_of(edit: Edit) -> Changes:
    """Return what an edit sets, the password aside.

    Raises `InvalidEmail`, `InvalidPhoneNumber`, `InvalidDisplayName`, `InvalidPhotoUrl`, and as `checked_claims`.
    """
    values = Changes()
    if edit.email is not None:
        values["email"] = rules.normal_email(edit.email)
    if edit.phone_number is not None:
        values["phone_number"] = rules.checked_phone(edit.phone_number)
    if edit.display_name is not None:
        values["display_name"] = rules.checked_display_name(edit.display_name)
    if edit.photo_url is not None:
        values["photo_url"] = rules.checked_photo_url(edit.photo_url)
    if edit.claims is not None:
        values["claims"] = rules.checked_claims(edit.claims)
    for name in ("email_verified", "disabled", "valid_since", "created_at", "last_login_at"):
        if (value := getattr(edit, name)) is not None:
            values[name] = value
    return values


def changes_of(edit: Edit, values: Changes, account: Account) -> Changes:
    """Return what an edit changes in an account: its values, less what it takes away, and the identity it links."""
    changes = rules.without(Changes(**values), edit.delete_attributes)
    changes.update(rules.unlinked(account, edit.delete_providers))
    if edit.identity is not None:
        left = replace(account, identities=changes.get("identities", account.identities))
        changes["identities"] = rules.linked(left, edit.identity)
    return changes


def new_account(project_id: str, account_id: str, values: Changes, now: Instant) -> Account:
    """Return an account that has these values from the first; raises `InvalidLocalId`."""
    blank = Account(project_id, rules.checked_local_id(account_id), now)
    account = replace(blank, **values)
    return replace(account, password_updated_at=now) if account.password else account
