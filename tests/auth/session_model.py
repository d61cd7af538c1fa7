"""What the design says about sessions, as a small machine of its own (design: sessions and refresh tokens).

Written from the words and not from the code: tokens are numbers, everything is in memory, times are milliseconds.
"""

from dataclasses import dataclass, field

GRACE = 10_000
DAY = 86_400_000
IDLE = 60 * DAY
LIFE = 365 * DAY

ENDED = "TOKEN_EXPIRED"
DISABLED = "USER_DISABLED"


@dataclass
class ModelSession:
    """One signed-in device: which token is the newest, and when those before it were rotated away."""

    started: int
    newest: int = 0
    rotated: dict[int, int] = field(default_factory=dict)
    late: bool = False
    late_generations_running: int = 0
    used: int = 0
    over: bool = False

    def __post_init__(self) -> None:
        self.used = self.started

    def present(self, token: int, now: int) -> int | str:
        """Return the number of the token that is handed out, or the refusal."""
        if self.over or now >= self.used + IDLE or now >= self.started + LIFE:
            self.over = True
            return ENDED
        if token == self.newest:
            self._rotate(now)
        elif not self._in_grace(token, now) and not self._late_parent(token):
            self.over = True
            return ENDED
        return self.newest

    def _rotate(self, now: int) -> None:
        if not self.late:
            self.late_generations_running = 0
        self.late = False
        recent = [t for t in self.rotated if abs(now - self.rotated[t]) < GRACE]
        self.rotated = {t: at for t, at in self.rotated.items() if recent and t >= min(recent)}
        self.rotated[self.newest] = self.used = now
        self.newest += 1

    def _in_grace(self, token: int, now: int) -> bool:
        return token in self.rotated and abs(now - self.rotated[token]) < GRACE

    def _late_parent(self, token: int) -> bool:
        if token != self.newest - 1:
            return False
        if not self.late:
            self.late = True
            self.late_generations_running += 1
        return self.late_generations_running < 3


@dataclass
class ModelAccount:
    """One user and their devices."""

    sessions: list[ModelSession] = field(default_factory=list)
    disabled: bool = False
    valid_since: int = 0

    def sign_in(self, now: int) -> ModelSession | str:
        """Return a new session, or the refusal."""
        if self.disabled:
            return DISABLED
        self.sessions.append(ModelSession(now))
        return self.sessions[-1]

    def refresh(self, session: ModelSession, token: int, now: int) -> int | str:
        """Return the number of the token that is handed out, or the refusal."""
        if self.disabled:
            return DISABLED
        if session.started // 1000 < self.valid_since:
            session.over = True
        return session.present(token, now)

    def revoke(self, now: int) -> None:
        """End every session that there is: an administrator's word, or a new password."""
        self.valid_since = now // 1000
        for session in self.sessions:
            session.over = True
