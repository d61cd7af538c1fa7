"""What only administrators do: create, change and delete any account (protocol sheet §3)."""

from ecrin.auth.accounts import rules
from ecrin.auth.accounts.model import Account, Identity
from ecrin.auth.accounts.rules import Changes
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import MissingLocalId, NotServed, UnexpectedParameter, UserNotFound
from ecrin.auth.password.service import PasswordService
from ecrin.auth.selfservice.rules import without
from ecrin.base.clock import Clock
from ecrin.base.ids import local_id
from ecrin.governance.projects.model import Project
from ecrin.storage.sql.port import Database, Tx
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.context import PREFIX, Context
from ecrin.web.identitytoolkit.decoding import ATTRIBUTES, named
from ecrin.web.identitytoolkit.users import KIND, signed_up_json, updated_json
from ecrin.web.routing import ADMIN_WRITE, Route

NO_SECOND_FACTORS = "Second factors are not served by this version."


class AdminEndpoints:
    """Administrators' changes to single accounts."""

    def __init__(
        self,
        context: Context,
        database: Database,
        accounts: AccountService,
        passwords: PasswordService,
        clock: Clock,
    ) -> None:
        self._context = context
        self._database = database
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes that are administrators' alone."""
        return [Route("POST", f"{PREFIX}/projects/{{project}}/accounts", ADMIN_WRITE, self.create, messages.SignUp)]

    async def create(self, call: Call) -> Reply:
        """Create an account; no tokens are issued."""
        body: messages.SignUp = call.body
        project = await self._context.project(call)
        if body.id_token:
            raise UnexpectedParameter("ID token")
        if body.mfa_info:
            raise NotServed(NO_SECOND_FACTORS)
        now = self._clock.now()
        password = await self._passwords.hash(project, body.password) if body.password else None
        account = Account(
            project.id,
            rules.checked_local_id(body.local_id) if body.local_id else local_id(),
            now,
            email=rules.normal_email(body.email) if body.email else None,
            email_verified=bool(body.email_verified),
            phone_number=rules.checked_phone(body.phone_number) if body.phone_number else None,
            display_name=rules.checked_display_name(body.display_name or ""),
            photo_url=rules.checked_photo_url(body.photo_url or ""),
            disabled=bool(body.disabled),
            password=password,
            password_updated_at=now if password else None,
        )
        await self._accounts.create(account, "administrator", call.origin)
        return json_reply(signed_up_json(account))

    async def update(self, project: Project, call: Call) -> Reply:
        """Change an account by id."""
        body: messages.Update = call.body
        if not body.local_id:
            raise MissingLocalId
        if body.mfa and body.mfa.enrollments:
            raise NotServed(NO_SECOND_FACTORS)
        changes = await self._changes(project, body)
        identity = identity_of(body.link_provider_user_info) if body.link_provider_user_info else None
        providers = frozenset(body.delete_provider or ())
        now = self._clock.now()

        async def unit(tx: Tx) -> Account:
            account = await self._accounts.get_in(tx, project.id, body.local_id or "")
            merged: Changes = {**rules.unlinked(account, providers), **changes}
            if identity is not None:
                merged["identities"] = rules.linked(account, identity)
            return await self._accounts.change_in(tx, account, merged, call.origin, now)

        account = await self._database.write(unit)
        return json_reply(updated_json(account, new_email=body.email is not None))

    async def delete(self, project: Project, call: Call) -> Reply:
        """Delete an account by id."""
        body: messages.Delete = call.body
        if not body.local_id:
            raise MissingLocalId
        now = self._clock.now()
        found = await self._database.write(
            lambda tx: self._accounts.delete_in(tx, project.id, body.local_id or "", call.origin, now)
        )
        if not found:
            raise UserNotFound
        return json_reply({"kind": f"{KIND}DeleteAccountResponse"})

    async def _changes(self, project: Project, body: messages.Update) -> Changes:
        changes = Changes()
        if body.email is not None:
            changes["email"] = rules.normal_email(body.email)
        if body.email_verified is not None:
            changes["email_verified"] = body.email_verified
        if body.phone_number is not None:
            changes["phone_number"] = rules.checked_phone(body.phone_number)
        if body.display_name is not None:
            changes["display_name"] = rules.checked_display_name(body.display_name)
        if body.photo_url is not None:
            changes["photo_url"] = rules.checked_photo_url(body.photo_url)
        if body.disable_user is not None:
            changes["disabled"] = body.disable_user
        if body.custom_attributes is not None:
            changes["claims"] = rules.checked_claims(body.custom_attributes)
        if body.password is not None:
            changes["password"] = await self._passwords.hash(project, body.password)
        for name in ("valid_since", "created_at", "last_login_at"):
            if (value := getattr(body, name)) is not None:
                changes[name] = value
        return without(changes, frozenset(named(a, ATTRIBUTES) for a in body.delete_attribute or ()))


def identity_of(given: messages.Provider) -> Identity:
    """Return an identity that names its provider and user.

    Raises `MissingProviderId`, `MissingRawId`, `InvalidDisplayName` and `InvalidPhotoUrl`.
    """
    return rules.checked_identity(
        Identity(
            given.provider_id or "",
            given.raw_id or "",
            given.federated_id,
            given.email,
            rules.checked_display_name(given.display_name or ""),
            rules.checked_photo_url(given.photo_url or ""),
            given.phone_number,
            given.screen_name,
        )
    )
