"""The life of a code: drawn, hashed, mailed, found, used up once."""

import secrets
from dataclasses import dataclass

from ecrin.auth.errors import InvalidOobCode
from ecrin.auth.outofband import rules, store
from ecrin.auth.outofband.model import Code, IssuedCode, Purpose, Wanted
from ecrin.auth.outofband.ports import CodeLetter, Courier
from ecrin.base.clock import Clock, Instant
from ecrin.base.events import AccountUpdated, CodeIssued, CodeUsed, Event, Events
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.governance.projects.model import Project
from ecrin.storage.keyring.service import Keyring
from ecrin.storage.sql.port import Database, Tx

LABEL = "oob-code"
CODE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Issue:
    """Whom a code is for: the address it goes to, the account it acts on, whether it is mailed, or only made."""

    email: str
    account_id: str | None
    mailed: bool = True
    real: bool = True


@dataclass(frozen=True, slots=True)
class Links:
    """The pages that links open: those in mails, for people, and those shown to administrators and developers."""

    mailed: str
    shown: str


class CodeBook:
    """Issues and uses codes; `keep_readable` belongs to `ecrin dev`."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        courier: Courier,
        events: Events[Tx],
        clock: Clock,
        *,
        links: Links,
        keep_readable: bool,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._courier = courier
        self._events = events
        self._clock = clock
        self._links = links
        self._keep_readable = keep_readable

    async def issue_in(
        self, tx: Tx, project: Project, issue: Issue, wanted: Wanted, by: Origin, now: Instant
    ) -> IssuedCode:
        """Make a code and post its letter. One that is not `real` costs the same and opens nothing (attack A24)."""
        text = secrets.token_urlsafe(CODE_BYTES)
        code = Code(
            hash=self._keyring.token_hash(text, LABEL, now),
            project_id=project.id,
            account_id=issue.account_id,
            purpose=wanted.purpose,
            email=issue.email,
            new_email=wanted.new_email,
            continue_url=wanted.continue_url,
            created_at=now,
            expires_at=now + rules.LIFETIMES[wanted.purpose] if issue.real else now,
            readable=Secret(text) if self._keep_readable else None,
        )
        await store.insert(tx, code, self._keyring.columns())
        if issue.mailed:
            link = self._link(self._links.mailed, project, code, text, wanted)
            await self._courier.post(tx, _letter(project, code, link, wanted.locale, deliver=issue.real), now)
        await self._events.emit(tx, CodeIssued(project.id, issue.account_id or "", wanted.purpose), by, now)
        shown = self._link(self._links.shown, project, code, text, wanted)
        return IssuedCode(issue.email, Secret(text), Secret(shown))

    async def find(self, text: str, purpose: Purpose | None = None) -> Code:
        """Return a code that is good now; raises `InvalidOobCode`, `ExpiredOobCode`."""
        return await self._database.read(lambda tx: self.find_in(tx, text, purpose, self._clock.now()))

    async def find_in(self, tx: Tx, text: str, purpose: Purpose | None, now: Instant) -> Code:
        """Return a code that is good as the unit sees it; raises as `find`."""
        for code_hash in self._keyring.token_hashes(text, LABEL, now):
            if code := await store.by_hash(tx, code_hash):
                return rules.require_good(code, purpose, now)
        raise InvalidOobCode

    async def use_in(self, tx: Tx, code: Code, by: Origin, now: Instant) -> None:
        """Use a code up, once: raises `InvalidOobCode` if somebody was faster (attack A23)."""
        if not await store.use(tx, code, now):
            raise InvalidOobCode
        await self._events.emit(tx, CodeUsed(code.project_id, code.account_id or "", code.purpose), by, now)

    async def void_in(self, tx: Tx, project_id: str, account_id: str, purpose: Purpose, now: Instant) -> None:
        """Use up every other code of an account for a purpose."""
        await store.void(tx, project_id, account_id, purpose, now)

    async def on_event(self, tx: Tx, event: Event, by: Origin, now: Instant) -> None:
        """Void a change of address where sessions end: a listener of events.

        Its letter is in the mailbox of whoever asked for it, who may be the one who is put out (attacks A10, A17).
        """
        if isinstance(event, AccountUpdated) and "valid_since" in event.changed:
            await store.void(tx, event.project_id, event.subject, Purpose.VERIFY_AND_CHANGE_EMAIL, now)

    async def readable(self, project: Project) -> list[tuple[Code, str]]:
        """Return the codes that are good now with their links: `ecrin dev` shows them, `serve` has none to show."""
        now = self._clock.now()
        codes = await self._database.scan(lambda tx: store.readable(tx, project.id, self._keyring.columns(), now))
        shown = self._links.shown
        return [(c, self._link(shown, project, c, c.readable.reveal(), Wanted(c.purpose))) for c in codes if c.readable]

    def wake(self) -> None:
        """Say that letters were committed."""
        self._courier.wake()

    def _link(self, base: str, project: Project, code: Code, text: str, wanted: Wanted) -> str:
        key, lang = wanted.api_key or project.api_keys[0], wanted.locale or "en"
        return rules.link(base, text, code.purpose, key, lang, code.continue_url)


def _letter(project: Project, code: Code, link: str, locale: str, *, deliver: bool) -> CodeLetter:
    changing = code.purpose is Purpose.VERIFY_AND_CHANGE_EMAIL and code.new_email is not None
    return CodeLetter(
        project_id=project.id,
        project_name=project.display_name,
        purpose=code.purpose,
        locale=locale,
        recipient=code.new_email if changing and code.new_email else code.email,
        email=code.email,
        new_email=code.new_email,
        link=link,
        good_until=code.created_at + rules.LIFETIMES[code.purpose],  # alike for codes that are not real
        deliver=deliver,
    )
