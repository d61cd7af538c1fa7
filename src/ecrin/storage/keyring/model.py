"""What the instance has keys for, and for how long what they protect may live."""

from dataclasses import dataclass
from enum import StrEnum

from ecrin.base.clock import DAY, HOUR

CENTURY = 36525 * DAY


class Purpose(StrEnum):
    """One key set each."""

    ID_TOKEN = "id-token"  # noqa: S105
    SESSION_COOKIE = "session-cookie"
    REFRESH_TOKEN = "refresh-token"  # noqa: S105
    TOKEN_HASH = "token-hash"  # noqa: S105
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Policy:
    """How long (ms) a key is published before it signs, and how long it verifies after its last signature."""

    asymmetric: bool
    publish_for: int
    verify_for: int


# Key documents are cached for an hour; what a key protects decides how long its predecessor is needed. Hashes and
# sealed columns have no end of their own, so their old keys stay until an emergency rotation.
POLICIES = {
    Purpose.ID_TOKEN: Policy(asymmetric=True, publish_for=2 * HOUR, verify_for=HOUR + HOUR // 12),
    Purpose.SESSION_COOKIE: Policy(asymmetric=True, publish_for=2 * HOUR, verify_for=14 * DAY + HOUR),
    Purpose.REFRESH_TOKEN: Policy(asymmetric=False, publish_for=0, verify_for=3650 * DAY),
    Purpose.TOKEN_HASH: Policy(asymmetric=False, publish_for=0, verify_for=CENTURY),
    Purpose.COLUMN: Policy(asymmetric=False, publish_for=0, verify_for=CENTURY),
}
KEY_DOCUMENT_MAX_AGE = HOUR
