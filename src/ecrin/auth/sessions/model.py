"""A session, frozen."""

from dataclasses import dataclass

from ecrin.base.clock import Instant


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in device.

    `counter` numbers the newest refresh token. `rotations` are the times at which the tokens before it were rotated
    away, the latest first, as far back as the grace period reaches. `late` says that the parent of the newest token
    came back late, `late_run` how many generations running that was so. `claims` is the JSON text of session claims,
    or "". `auth_time` is in seconds, all other times in milliseconds since the epoch.
    """

    id: bytes
    project_id: str
    account_id: str
    provider: str
    claims: str
    auth_time: int
    counter: int
    rotations: tuple[Instant, ...]
    late: bool
    late_run: int
    created_at: Instant
    used_at: Instant
    idle_at: Instant
    expires_at: Instant
    ended_at: Instant | None = None
    end_reason: str | None = None
