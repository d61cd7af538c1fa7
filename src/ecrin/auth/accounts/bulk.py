"""Many accounts at once: import and delete. One unit each; a row that is refused does not stop the others."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.accounts.store import AccountStore
from ecrin.auth.errors import (
    DuplicateEmail,
    DuplicateLocalId,
    DuplicateRawId,
    EmailExists,
    FederatedUserIdAlreadyLinked,
    LocalIdListExceedsLimit,
    MissingUserAccount,
    PhoneNumberExists,
    UserNotFound,
)
from ecrin.base.clock import Clock, Instant, seconds
from ecrin.base.events import AccountUpdated, Events
from ecrin.base.origin import Origin
from ecrin.storage.sql.port import Database, Tx

MAX_ROWS = 1000
TAKEN = "localId belongs to an existing account - can not overwrite."
NOT_DISABLED = "NOT_DISABLED : Disable the account before batch deletion."
_PROSE = {
    EmailExists: "email exists in other account in database",
    PhoneNumberExists: "phone number exists in other account in database",
    FederatedUserIdAlreadyLinked: "raw id exists in other account in database",
}


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row of a bulk call was refused; `index` counts the rows of the call from 0."""

    index: int
    message: str
    account_id: str = ""


class BulkService:
    """Imports and deletes many accounts of a project."""

    def __init__(
        self,
        database: Database,
        accounts: AccountService,
        store: AccountStore,
        events: Events[Tx],
        clock: Clock,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._store = store
        self._events = events
        self._clock = clock

    async def import_accounts(
        self,
        rows: Sequence[Account | RowError],
        by: Origin,
        *,
        overwrite: bool,
        sanity_check: bool,
        unique_emails: bool = True,
    ) -> list[RowError]:
        """Write accounts as they are given and return the rows that were refused, those that came as errors included.

        Sessions of an account that is overwritten end, those that began before `valid_since` where that is given; a
        revocation is never taken back. Raises `MissingUserAccount`, `LocalIdListExceedsLimit`, `DuplicateLocalId` and,
        with `sanity_check`, `DuplicateRawId` and (with `unique_emails`) `DuplicateEmail`.
        """
        if not rows:
            raise MissingUserAccount
        if len(rows) > MAX_ROWS:
            raise LocalIdListExceedsLimit
        accounts = [row for row in rows if isinstance(row, Account)]
        _refuse_duplicates(accounts, emails=sanity_check and unique_emails, identities=sanity_check)
        now = self._clock.now()

        async def unit(tx: Tx) -> list[RowError]:
            errors = [row for row in rows if isinstance(row, RowError)]
            for index, row in enumerate(rows):
                if isinstance(row, Account) and (message := await self._import(tx, row, by, now, overwrite)):
                    errors.append(RowError(index, message, row.id))
            return sorted(errors, key=lambda e: e.index)

        return await self._database.write(unit)

    async def delete_accounts(self, project_id: str, ids: Sequence[str], by: Origin, *, force: bool) -> list[RowError]:
        """Delete accounts; unknown ids are ignored, and one that is not disabled is refused unless forced.

        Raises `LocalIdListExceedsLimit`.
        """
        if len(ids) > MAX_ROWS:
            raise LocalIdListExceedsLimit
        now = self._clock.now()

        async def unit(tx: Tx) -> list[RowError]:
            errors = []
            for index, account_id in enumerate(ids):
                account = await self._store.get(tx, project_id, account_id)
                if account and not (account.disabled or force):
                    errors.append(RowError(index, NOT_DISABLED, account_id))
                elif account:
                    await self._accounts.delete_in(tx, project_id, account_id, by, now)
            return errors

        return await self._database.write(unit)

    async def delete_all(self, project_id: str, by: Origin) -> None:
        """Delete every account of a project: the emulator's reset."""
        now = self._clock.now()

        async def unit(tx: Tx) -> int:
            page = await self._store.page(tx, project_id, "", MAX_ROWS)
            for account in page:
                await self._accounts.delete_in(tx, project_id, account.id, by, now)
            return len(page)

        while await self._database.write(unit) == MAX_ROWS:
            pass

    async def _import(self, tx: Tx, row: Account, by: Origin, now: Instant, overwrite: bool) -> str:
        try:
            before: Account | None = await self._accounts.get_in(tx, row.project_id, row.id)
        except UserNotFound:
            before = None
        if before is not None and not overwrite:
            return TAKEN
        revoked = before.valid_since or 0 if before else 0
        account = replace(row, valid_since=max(row.valid_since or seconds(now), revoked))
        try:
            if before is None:
                await self._accounts.create_in(tx, account, "import", by, now)
            else:
                await self._overwrite(tx, before, account, by, now)
        except (EmailExists, PhoneNumberExists, FederatedUserIdAlreadyLinked) as refusal:
            return _PROSE[type(refusal)]
        return ""

    async def _overwrite(self, tx: Tx, before: Account, after: Account, by: Origin, now: Instant) -> None:
        await self._accounts.claim_names(tx, after, before)
        await self._store.update(tx, before, after)
        event = AccountUpdated(after.project_id, after.id, ("import", "password", "valid_since"))
        await self._events.emit(tx, event, by, now)


def _refuse_duplicates(accounts: Sequence[Account], *, emails: bool, identities: bool) -> None:
    _unique([a.id for a in accounts], DuplicateLocalId)
    if emails:
        _unique([a.email for a in accounts if a.email], DuplicateEmail)
    if identities:
        _unique([f"{i.provider_id}:{i.raw_id}" for a in accounts for i in a.identities], DuplicateRawId)


def _unique(names: Sequence[str], refusal: Callable[[str], Exception]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise refusal(name)
