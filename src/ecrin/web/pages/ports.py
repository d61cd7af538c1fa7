"""What the pages need from the rooms behind them."""

from collections.abc import Sequence
from typing import Protocol

from ecrin.base.clock import Instant
from ecrin.base.origin import Origin
from ecrin.governance.projects.model import Project


class CodeInfo(Protocol):
    """What a code from a mail is for.

    `purpose` is PASSWORD_RESET, VERIFY_EMAIL, EMAIL_SIGNIN, VERIFY_AND_CHANGE_EMAIL or RECOVER_EMAIL. `continue_url`
    was checked when the code was made; the one in the address of a page is never used.
    """

    @property
    def purpose(self) -> str:
        """One of the five purposes."""
        ...

    @property
    def email(self) -> str:
        """The account's address."""
        ...

    @property
    def new_email(self) -> str | None:
        """The address it changes to."""
        ...

    @property
    def project_id(self) -> str:
        """The project it belongs to."""
        ...

    @property
    def continue_url(self) -> str | None:
        """Where the app waits."""
        ...


class OutOfBand(Protocol):
    """The verbs of codes. All raise a `Refused` such as `InvalidOobCode` or `ExpiredOobCode`."""

    async def inspect(self, code: str) -> CodeInfo:
        """Return what the code is for, and leave it as it is."""
        ...

    async def apply(self, code: str, by: Origin) -> CodeInfo:
        """Do what the code is for, and use it up."""
        ...

    async def reset_password(self, code: str, new_password: str, by: Origin) -> CodeInfo:
        """Set a new password, and use the code up; a password that is refused leaves the code as it is."""
        ...


class Projects(Protocol):
    """Where a project's name and settings are."""

    def get(self, project_id: str) -> Project:
        """Return a project; raises a `Refused` where there is none."""
        ...


class ShownLetter(Protocol):
    """A letter as the mailbox of `ecrin dev` shows it."""

    @property
    def id(self) -> str:
        """The id of its row."""
        ...

    @property
    def project_id(self) -> str:
        """The project it belongs to."""
        ...

    @property
    def template(self) -> str:
        """Which letter it is."""
        ...

    @property
    def recipient(self) -> str:
        """Whom it is for."""
        ...

    @property
    def subject(self) -> str:
        """Its subject."""
        ...

    @property
    def link(self) -> str:
        """The link to open."""
        ...

    @property
    def code(self) -> str:
        """The code in the link, or ""."""
        ...

    @property
    def text(self) -> str:
        """Its text part."""
        ...

    @property
    def html(self) -> str:
        """Its HTML part."""
        ...

    @property
    def at(self) -> Instant:
        """When it was written."""
        ...


class Letters(Protocol):
    """Where the letters of the last hour are (`ecrin.ops.mail.mailbox.Mailbox`)."""

    async def letters(self, now: Instant) -> Sequence[ShownLetter]:
        """Return them, the newest first."""
        ...
