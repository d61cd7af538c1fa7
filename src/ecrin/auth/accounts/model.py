"""An account and its identities, frozen."""

from dataclasses import dataclass, field

from ecrin.base.clock import Instant
from ecrin.base.secret import Secret


@dataclass(frozen=True, slots=True)
class Identity:
    """The account at a provider: `raw_id` is the provider's own name for the user, never empty."""

    provider_id: str
    raw_id: str
    federated_id: str | None = None
    email: str | None = None
    display_name: str | None = None
    photo_url: str | None = None
    phone_number: str | None = None
    screen_name: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what must be unique in a project."""
        return self.provider_id, self.raw_id


@dataclass(frozen=True, slots=True)
class Account:
    """A user of a project.

    Times are milliseconds since the epoch, except `valid_since`, which is seconds as tokens count them. `claims` is the
    JSON text of the custom claims, or "". `password` is the stored hash (a PHC string).
    """

    project_id: str
    id: str
    created_at: Instant
    email: str | None = None
    email_verified: bool = False
    initial_email: str | None = None
    email_link_signin: bool = False
    phone_number: str | None = None
    display_name: str | None = None
    photo_url: str | None = None
    disabled: bool = False
    custom_auth: bool = False
    claims: str = ""
    identities: tuple[Identity, ...] = ()
    password: Secret[str] | None = field(default=None, repr=False)
    password_updated_at: Instant | None = None
    valid_since: int | None = None
    last_login_at: Instant | None = None
    last_refresh_at: Instant | None = None

    @property
    def anonymous(self) -> bool:
        """Return whether nothing names this user outside the project."""
        named = self.email or self.phone_number or self.identities or self.custom_auth
        return not named and self.password is None


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """A page of a project's accounts: the sort column, its direction, an offset and a limit; or exact matches."""

    sort_by: str = "USER_ID"
    descending: bool = False
    offset: int = 0
    limit: int = 500
    email: str | None = None
    user_id: str | None = None
    phone_number: str | None = None
