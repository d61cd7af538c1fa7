"""The verbs of accounts. Those that take a `tx` are for units of higher features; the others are units themselves."""

from collections.abc import Sequence
from dataclasses import replace

from ecrin.auth.accounts.model import Account, AccountQuery, Identity
from ecrin.auth.accounts.rules import Changes, changed
from ecrin.auth.accounts.store import AccountStore
from ecrin.auth.errors import (
    DuplicateLocalId,
    EmailExists,
    FederatedUserIdAlreadyLinked,
    PhoneNumberExists,
    UserNotFound,
)
from ecrin.base.clock import Clock, Instant
from ecrin.base.events import AccountCreated, AccountDeleted, AccountUpdated, Events
from ecrin.base.origin import Origin
from ecrin.base.secret import Secret
from ecrin.storage.sql.port import Database, Tx


class AccountService:
    """Creates, finds, changes and deletes the accounts of a project."""

    def __init__(self, database: Database, store: AccountStore, events: Events[Tx], clock: Clock) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock

    async def find(
        self,
        project_id: str,
        *,
        ids: Sequence[str] = (),
        emails: Sequence[str] = (),
        initial_emails: Sequence[str] = (),
        phones: Sequence[str] = (),
        identities: Sequence[tuple[str, str]] = (),
    ) -> list[Account]:
        """Return the accounts that any of the identifiers names, each once, in the order asked."""

        async def unit(tx: Tx) -> list[Account | None]:
            found = [await self._store.get(tx, project_id, i) for i in ids]
            found += [await self._store.by_email(tx, project_id, e) for e in emails]
            found += [await self._store.by_initial_email(tx, project_id, e) for e in initial_emails]
            found += [await self._store.by_phone(tx, project_id, p) for p in phones]
            return found + [await self._store.by_identity(tx, project_id, *i) for i in identities]

        return list({a.id: a for a in await self._database.read(unit) if a}.values())

    async def get(self, project_id: str, account_id: str) -> Account:
        """Return an account; raises `UserNotFound`."""
        return await self._database.glance(lambda tx: self.get_in(tx, project_id, account_id))

    async def get_in(self, tx: Tx, project_id: str, account_id: str) -> Account:
        """Return an account as the unit sees it; raises `UserNotFound`."""
        account = await self._store.get(tx, project_id, account_id)
        if account is None:
            raise UserNotFound
        return account

    async def by_email_in(self, tx: Tx, project_id: str, email: str) -> Account | None:
        """Return the account of a normal e-mail address as the unit sees it."""
        return await self._store.by_email(tx, project_id, email)

    async def by_email(self, project_id: str, email: str) -> Account | None:
        """Return the account of a normal e-mail address."""
        return await self._database.glance(lambda tx: self._store.by_email(tx, project_id, email))

    async def known_by(self, project_id: str, email: str) -> list[Account]:
        """Return the accounts that an address leads to: its own account first, then those of providers that know it."""

        async def unit(tx: Tx) -> list[Account | None]:
            own = await self._store.by_email(tx, project_id, email)
            return [own, *await self._store.by_provider_email(tx, project_id, email)]

        return list({a.id: a for a in await self._database.read(unit) if a}.values())

    async def page(self, project_id: str, after: str, limit: int) -> list[Account]:
        """Return up to `limit` accounts whose id sorts after one."""
        return await self._database.scan(lambda tx: self._store.page(tx, project_id, after, limit))

    async def query(self, project_id: str, query: AccountQuery) -> list[Account]:
        """Return the accounts that a query selects."""
        return await self._database.scan(lambda tx: self._store.query(tx, project_id, query))

    async def count(self, project_id: str, query: AccountQuery) -> int:
        """Return how many accounts a query selects."""
        return await self._database.scan(lambda tx: self._store.count(tx, project_id, query))

    async def create(self, account: Account, method: str, by: Origin) -> Account:
        """Create an account; raises as `create_in`."""
        return await self._database.write(lambda tx: self.create_in(tx, account, method, by, account.created_at))

    async def create_in(self, tx: Tx, account: Account, method: str, by: Origin, now: Instant) -> Account:
        """Write a new account and its event.

        Raises `DuplicateLocalId`, `EmailExists`, `PhoneNumberExists`, `FederatedUserIdAlreadyLinked`.
        """
        if await self._store.get(tx, account.project_id, account.id):
            raise DuplicateLocalId
        await self.claim_names(tx, account)
        await self._store.insert(tx, account)
        await self._events.emit(tx, AccountCreated(account.project_id, account.id, method), by, now)
        return account

    async def update(self, project_id: str, account_id: str, changes: Changes, by: Origin) -> Account:
        """Change an account; raises `UserNotFound` and as `create_in`."""
        now = self._clock.now()

        async def unit(tx: Tx) -> Account:
            return await self.change_in(tx, await self.get_in(tx, project_id, account_id), changes, by, now)

        return await self._database.write(unit)

    async def change_in(self, tx: Tx, account: Account, changes: Changes, by: Origin, now: Instant) -> Account:
        """Write what changed in an account, with its event; nothing is written where nothing differs."""
        after, names = changed(account, changes, now)
        if not names:
            return account
        await self.claim_names(tx, after, account)
        await self._store.update(tx, account, after)
        await self._events.emit(tx, AccountUpdated(account.project_id, account.id, names), by, now)
        return after

    async def signed_in(self, tx: Tx, account: Account, now: Instant) -> Account:
        """Note the time of a sign-in, which is no change that anybody needs to hear of."""
        after = replace(account, last_login_at=now)
        await self._store.update(tx, account, after)
        return after

    async def rehashed(self, tx: Tx, account: Account, password: Secret[str]) -> Account:
        """Keep the same password under a newer hash, which is no change either."""
        after = replace(account, password=password)
        await self._store.update(tx, account, after)
        return after

    async def refreshed(self, tx: Tx, account: Account, now: Instant) -> None:
        """Note the time of a token refresh."""
        await self._store.refreshed(tx, account.project_id, account.id, now)

    async def delete_in(self, tx: Tx, project_id: str, account_id: str, by: Origin, now: Instant) -> bool:
        """Remove an account, with its event; return whether there was one."""
        if not await self._store.delete(tx, project_id, account_id):
            return False
        await self._events.emit(tx, AccountDeleted(project_id, account_id), by, now)
        return True

    async def claim_names(self, tx: Tx, account: Account, before: Account | None = None) -> None:
        """Refuse names that another account has; units are serial, so nobody takes them in between."""
        project_id = account.project_id
        if account.email and (before is None or account.email != before.email):
            _mine(account, await self._store.by_email(tx, project_id, account.email), EmailExists)
        if account.phone_number and (before is None or account.phone_number != before.phone_number):
            _mine(account, await self._store.by_phone(tx, project_id, account.phone_number), PhoneNumberExists)
        _distinct(account.identities)
        for identity in account.identities:
            holder = await self._store.by_identity(tx, project_id, *identity.key)
            _mine(account, holder, FederatedUserIdAlreadyLinked)


def _mine(account: Account, holder: Account | None, refusal: type[Exception]) -> None:
    if holder is not None and holder.id != account.id:
        raise refusal


def _distinct(identities: tuple[Identity, ...]) -> None:
    if len({i.key for i in identities}) != len(identities):
        raise FederatedUserIdAlreadyLinked
