"""A project and its settings, frozen."""

from dataclasses import dataclass, field, fields, replace

from ecrin.base.clock import Instant
from ecrin.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What an operator decides for a project.

    `session_idle_days` is how long a session may rest, `session_absolute_days` how long it may live at all;
    `min_password_length` is in characters; `authorized_domains` are hosts that links in mails may lead to.
    """

    allow_duplicate_emails: bool = False
    email_enumeration_protection: bool = True
    password_enabled: bool = True
    email_link_enabled: bool = True
    anonymous_enabled: bool = True
    sign_up_enabled: bool = True
    min_password_length: int = 8
    authorized_domains: tuple[str, ...] = ("localhost", "127.0.0.1")
    session_idle_days: int = 60
    session_absolute_days: int = 365

    def changed(self, changes: dict[str, object]) -> "ProjectSettings":
        """Return the settings with changes; raises `InvalidRequest` for an unknown name or a value out of range."""
        known = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        for name, value in changes.items():
            if known.get(name) is not type(value):
                raise InvalidRequest(f"The setting '{name[:60]}' is unknown or has another type.")
        return replace(self, **changes).checked()  # type: ignore[arg-type]

    def checked(self) -> "ProjectSettings":
        """Return the settings themselves; raises `InvalidRequest` for a value out of range."""
        if not 6 <= self.min_password_length <= 128:
            raise InvalidRequest("min_password_length must be 6 to 128.")
        if not 1 <= self.session_idle_days <= self.session_absolute_days <= 3650:
            raise InvalidRequest("session_idle_days must be 1 or more, and session_absolute_days no less, up to 3650.")
        return self


@dataclass(frozen=True, slots=True)
class Project:
    """A user pool with its settings; `number` is the decimal alias that Google's replies carry."""

    id: str
    number: int
    display_name: str
    api_keys: tuple[str, ...]
    created_at: Instant
    settings: ProjectSettings = field(default_factory=ProjectSettings)
