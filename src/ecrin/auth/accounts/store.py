"""The SQL of accounts. The password hash is sealed for its own row (`ecrin.crypto.envelope`)."""

import json
from collections.abc import Callable
from dataclasses import asdict

from ecrin.auth.accounts.model import Account, AccountQuery, Identity
from ecrin.base.clock import Instant
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.storage.sql.port import Row, Tx, Value

_COLUMNS = (
    "email email_verified initial_email email_link_signin phone_number display_name photo_url disabled custom_auth"
    " claims identities password password_updated_at valid_since created_at last_login_at last_refresh_at"
).split()
_INSERT = (
    f"INSERT INTO accounts (project_id, id, {', '.join(_COLUMNS)})"  # noqa: S608
    f" VALUES (:project_id, :id, {', '.join(':' + c for c in _COLUMNS)})"
)
_UPDATE = (
    f"UPDATE accounts SET {', '.join(f'{c} = :{c}' for c in _COLUMNS)}"  # noqa: S608
    " WHERE project_id = :project_id AND id = :id"
)
_ORDER = {
    "USER_ID": "id",
    "NAME": "display_name",
    "CREATED_AT": "created_at",
    "LAST_LOGIN_AT": "last_login_at",
    "USER_EMAIL": "email",
}


class AccountStore:
    """Reads and writes accounts; `columns` gives the envelope that seals password hashes."""

    def __init__(self, columns: Callable[[], Envelope]) -> None:
        self._columns = columns

    async def get(self, tx: Tx, project_id: str, account_id: str) -> Account | None:
        """Return the account of an id."""
        sql = "SELECT * FROM accounts WHERE project_id = :project_id AND id = :id"
        return self._account(await tx.one(sql, project_id=project_id, id=account_id))

    async def by_email(self, tx: Tx, project_id: str, email: str) -> Account | None:
        """Return the account of a normal e-mail address."""
        sql = "SELECT * FROM accounts WHERE project_id = :project_id AND email = :email"
        return self._account(await tx.one(sql, project_id=project_id, email=email))

    async def by_initial_email(self, tx: Tx, project_id: str, email: str) -> Account | None:
        """Return the account whose first address this was."""
        sql = "SELECT * FROM accounts WHERE project_id = :project_id AND initial_email = :email ORDER BY id"
        return self._account(await tx.one(sql, project_id=project_id, email=email))

    async def by_phone(self, tx: Tx, project_id: str, phone_number: str) -> Account | None:
        """Return the account of a phone number in E.164 form."""
        sql = "SELECT * FROM accounts WHERE project_id = :project_id AND phone_number = :phone_number"
        return self._account(await tx.one(sql, project_id=project_id, phone_number=phone_number))

    async def by_identity(self, tx: Tx, project_id: str, provider_id: str, raw_id: str) -> Account | None:
        """Return the account that an identity at a provider is linked to."""
        sql = (
            "SELECT a.* FROM identities i JOIN accounts a ON a.project_id = i.project_id AND a.id = i.account_id"
            " WHERE i.project_id = :project_id AND i.provider_id = :provider_id AND i.raw_id = :raw_id"
        )
        return self._account(await tx.one(sql, project_id=project_id, provider_id=provider_id, raw_id=raw_id))

    async def by_provider_email(self, tx: Tx, project_id: str, email: str) -> list[Account]:
        """Return the accounts that have an identity with this address at some provider."""
        sql = (
            "SELECT a.* FROM accounts a WHERE a.project_id = :project_id AND a.id IN"
            " (SELECT account_id FROM identities WHERE project_id = :project_id AND email = :email) ORDER BY a.id"
        )
        return self._accounts(await tx.all(sql, project_id=project_id, email=email))

    async def insert(self, tx: Tx, account: Account) -> None:
        """Write a new account; raises `Conflict` if its id, address, number or an identity is taken."""
        await tx.run(_INSERT, **self._values(account))
        await self._link(tx, account)

    async def update(self, tx: Tx, before: Account, after: Account) -> None:
        """Write a changed account; raises `Conflict` as `insert` does."""
        await tx.run(_UPDATE, **self._values(after))
        if before.identities != after.identities:
            sql = "DELETE FROM identities WHERE project_id = :project_id AND account_id = :id"
            await tx.run(sql, project_id=after.project_id, id=after.id)
            await self._link(tx, after)

    async def refreshed(self, tx: Tx, project_id: str, account_id: str, now: Instant) -> None:
        """Note when the account last exchanged a refresh token."""
        sql = "UPDATE accounts SET last_refresh_at = :now WHERE project_id = :project_id AND id = :id"
        await tx.run(sql, project_id=project_id, id=account_id, now=now)

    async def delete(self, tx: Tx, project_id: str, account_id: str) -> bool:
        """Remove an account with its identities; return whether there was one."""
        sql = "DELETE FROM identities WHERE project_id = :project_id AND account_id = :id"
        await tx.run(sql, project_id=project_id, id=account_id)
        sql = "DELETE FROM accounts WHERE project_id = :project_id AND id = :id"
        return await tx.run(sql, project_id=project_id, id=account_id) == 1

    async def page(self, tx: Tx, project_id: str, after: str, limit: int) -> list[Account]:
        """Return the accounts whose id sorts after one, in the order of ids."""
        sql = "SELECT * FROM accounts WHERE project_id = :project_id AND id > :after ORDER BY id LIMIT :limit"
        return self._accounts(await tx.all(sql, project_id=project_id, after=after, limit=limit))

    async def query(self, tx: Tx, project_id: str, query: AccountQuery) -> list[Account]:
        """Return the accounts that a query selects, in its order."""
        where, values = _where(query)
        direction = "DESC" if query.descending else "ASC"
        sql = (
            f"SELECT * FROM accounts WHERE project_id = :project_id{where}"  # noqa: S608
            f" ORDER BY {_ORDER[query.sort_by]} {direction}, id {direction} LIMIT :limit OFFSET :offset"
        )
        return self._accounts(
            await tx.all(sql, project_id=project_id, limit=query.limit, offset=query.offset, **values)
        )

    async def count(self, tx: Tx, project_id: str, query: AccountQuery) -> int:
        """Return how many accounts a query selects, its offset and limit aside."""
        where, values = _where(query)
        sql = f"SELECT COUNT(*) AS n FROM accounts WHERE project_id = :project_id{where}"  # noqa: S608
        row = await tx.one(sql, project_id=project_id, **values)
        return int(row["n"]) if row else 0

    async def _link(self, tx: Tx, account: Account) -> None:
        for identity in account.identities:
            await tx.run(
                "INSERT INTO identities (project_id, provider_id, raw_id, account_id, email)"
                " VALUES (:project_id, :provider_id, :raw_id, :account_id, :email)",
                project_id=account.project_id,
                provider_id=identity.provider_id,
                raw_id=identity.raw_id,
                account_id=account.id,
                email=identity.email and identity.email.lower(),
            )

    def _values(self, account: Account) -> dict[str, Value]:
        values: dict[str, Value] = {"project_id": account.project_id, "id": account.id}
        for column in _COLUMNS:
            value = getattr(account, column)
            values[column] = int(value) if isinstance(value, bool) else value
        values["identities"] = json.dumps([asdict(i) for i in account.identities])
        values["password"] = None
        if account.password is not None:
            row = f"{account.project_id}/{account.id}"
            text = account.password.reveal().encode()
            values["password"] = self._columns().seal(text, table="accounts", row=row, column="password")
        return values

    def _accounts(self, rows: list[Row]) -> list[Account]:
        return [account for row in rows if (account := self._account(row))]

    def _account(self, row: Row | None) -> Account | None:
        if row is None:
            return None
        plain = {c: row[c] for c in ("project_id", "id", *_COLUMNS)}
        for column in ("email_verified", "email_link_signin", "disabled", "custom_auth"):
            plain[column] = bool(plain[column])
        if plain["identities"] == "[]":
            plain["identities"] = ()
        else:
            plain["identities"] = tuple(Identity(**i) for i in json.loads(plain["identities"]))
        if plain["password"] is not None:
            plain["password"] = self._password(f"{row['project_id']}/{row['id']}", plain["password"])
        return Account(**plain)

    def _password(self, name: str, sealed: bytes) -> Secret[str]:
        """Return the hash, which is opened when it is asked for: most reads of an account never need it."""
        envelope = self._columns()
        return Secret(lambda: envelope.unseal(sealed, table="accounts", row=name, column="password").decode())


def _where(query: AccountQuery) -> tuple[str, dict[str, Value]]:
    wanted = {"email": query.email, "id": query.user_id, "phone_number": query.phone_number}
    given: dict[str, Value] = {column: value for column, value in wanted.items() if value is not None}
    return "".join(f" AND {column} = :{column}" for column in given), given
