"""The verbs of administrators: create, update, delete. What a change ends, ends by its event."""

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import Changes
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.administration import rules
from ecrin.auth.administration.rules import Edit
from ecrin.auth.errors import UserNotFound
from ecrin.auth.password.service import PasswordService
from ecrin.base.clock import Clock
from ecrin.base.ids import local_id
from ecrin.base.origin import Origin
from ecrin.governance.projects.model import Project
from ecrin.storage.sql.port import Database, Tx


class AdministrationService:
    """Changes to any account of a project; that the caller may make them is seen to before."""

    def __init__(self, database: Database, accounts: AccountService, passwords: PasswordService, clock: Clock) -> None:
        self._database = database
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock

    async def create(self, project: Project, account_id: str | None, edit: Edit, by: Origin) -> Account:
        """Create an account, under an id that is drawn where none is given; nobody is signed in.

        Raises `InvalidLocalId`, `DuplicateLocalId`, `EmailExists`, `PhoneNumberExists`, and as `values_of` and
        `PasswordService.hash`.
        """
        values = await self._values(project, edit)
        account = rules.new_account(project.id, account_id or local_id(), values, self._clock.now())
        return await self._accounts.create(account, "administrator", by)

    async def update(self, project: Project, account_id: str, edit: Edit, by: Origin) -> Account:
        """Change an account; a new password or address ends its sessions.

        Raises `UserNotFound`, `EmailExists`, `PhoneNumberExists`, `FederatedUserIdAlreadyLinked`, and as `values_of`
        and `PasswordService.hash`.
        """
        values = await self._values(project, edit)
        now = self._clock.now()

        async def unit(tx: Tx) -> Account:
            account = await self._accounts.get_in(tx, project.id, account_id)
            changes = rules.changes_of(edit, values, account)
            return await self._accounts.change_in(tx, account, changes, by, now)

        return await self._database.write(unit)

    async def delete(self, project: Project, account_id: str, by: Origin) -> None:
        """Delete an account with its sessions; raises `UserNotFound`."""
        now = self._clock.now()
        if not await self._database.write(lambda tx: self._accounts.delete_in(tx, project.id, account_id, by, now)):
            raise UserNotFound

    async def _values(self, project: Project, edit: Edit) -> Changes:
        """Return what an edit sets; what is wrong is refused before anything is hashed."""
        values = rules.values_of(edit)
        if edit.password is not None:
            values["password"] = await self._passwords.hash(project, edit.password.reveal())
        return values
