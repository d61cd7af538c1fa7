"""What out-of-band codes need from outside: somebody who carries the letter."""

from dataclasses import dataclass, field
from typing import Protocol

from ecrin.auth.outofband.model import Purpose
from ecrin.base.clock import Instant
from ecrin.storage.sql.port import Tx


@dataclass(frozen=True, slots=True)
class CodeLetter:
    """A letter that holds a code, good until `good_until`.

    One with `deliver=False` costs the same work and is never sent (attack A24).
    """

    project_id: str
    project_name: str
    purpose: Purpose
    locale: str
    recipient: str = field(repr=False)
    email: str = field(repr=False)
    new_email: str | None = field(repr=False)
    link: str = field(repr=False)
    good_until: Instant
    deliver: bool = True


class Courier(Protocol):
    """Carries letters. What is posted in a transaction is sent once that is committed, and only then."""

    async def post(self, tx: Tx, letter: CodeLetter, now: Instant) -> None:
        """Take the letter; raises `OperationNotAllowed` if this instance has no way to send mail."""
        ...

    def wake(self) -> None:
        """Say that letters were committed."""
        ...
