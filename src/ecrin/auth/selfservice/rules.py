"""What users may change about themselves, and what needs a fresh proof of who they are. Pure.

The request type has no other fields: a user cannot verify their own address, grant claims or undo a ban (attack A18).
"""

from dataclasses import dataclass

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import (
    Changes,
    checked_display_name,
    checked_photo_url,
    normal_email,
    unlinked,
    without,
)
from ecrin.auth.errors import OperationNotAllowed
from ecrin.base.secret import Secret
from ecrin.governance.projects.model import Project


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks to change; None means "leave it", "" removes a name or a photo."""

    display_name: str | None = None
    photo_url: str | None = None
    email: str | None = None
    password: Secret[str] | None = None
    delete_attributes: frozenset[str] = frozenset()
    delete_providers: frozenset[str] = frozenset()

    @property
    def sensitive(self) -> bool:
        """Return whether the wish changes how one signs in."""
        deleted = self.delete_attributes & {"EMAIL", "PASSWORD"} or self.delete_providers & {"password"}
        return self.email is not None or self.password is not None or bool(deleted)


def changes_of(wish: Wish, account: Account, project: Project) -> Changes:
    """Return the changes that a wish means, a new password aside; what it sets and takes away at once is gone.

    Raises `InvalidEmail`, `InvalidDisplayName`, `InvalidPhotoUrl`, and `OperationNotAllowed` for a new address that
    must be proved first (with enumeration protection; protocol sheet §5.3).
    """
    changes = Changes()
    if wish.display_name is not None:
        changes["display_name"] = checked_display_name(wish.display_name)
    if wish.photo_url is not None:
        changes["photo_url"] = checked_photo_url(wish.photo_url)
    if wish.email is not None:
        changes["email"] = _new_email(normal_email(wish.email), account, project)
    changes = without(changes, wish.delete_attributes)
    changes.update(unlinked(account, wish.delete_providers))
    return changes


def _new_email(email: str, account: Account, project: Project) -> str:
    replaces = account.email is not None and email != account.email
    if replaces and project.settings.email_enumeration_protection:
        raise OperationNotAllowed("Please verify the new email before changing email.")
    return email


def provider_after(before: str, wish: Wish) -> str:
    """Return the sign-in provider of the session that a change starts: a password makes a user nameable."""
    return "password" if wish.password is not None and before == "anonymous" else before
