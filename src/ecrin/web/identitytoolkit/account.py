"""accounts:lookup, update, delete and createSessionCookie: what a user does alone, or an administrator for them."""

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import normal_email
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import (
    InsufficientPermission,
    InvalidEmail,
    InvalidReqType,
    LocalIdListExceedsLimit,
    MissingIdToken,
    NotServed,
    OperationNotAllowed,
)
from ecrin.auth.outofband.service import OutOfBandService
from ecrin.auth.selfservice.rules import Wish
from ecrin.auth.selfservice.service import SelfService
from ecrin.auth.tokens.service import TokenService
from ecrin.base.secret import Secret
from ecrin.governance.projects.model import Project
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.admin import NO_SECOND_FACTORS, AdminEndpoints
from ecrin.web.identitytoolkit.context import PREFIX, Context
from ecrin.web.identitytoolkit.decoding import ATTRIBUTES, named
from ecrin.web.identitytoolkit.mailcodes import require_code_of
from ecrin.web.identitytoolkit.users import KIND, updated_json, user_json
from ecrin.web.routing import ADMIN_READ, ADMIN_WRITE, CLIENT, CLIENT_READ, Route

MAX_LOOKUP = 1000


class AccountEndpoints:
    """The account calls that both clients and administrators make."""

    def __init__(
        self,
        context: Context,
        accounts: AccountService,
        tokens: TokenService,
        self_service: SelfService,
        outofband: OutOfBandService,
        admin: AdminEndpoints,
    ) -> None:
        self._context = context
        self._accounts = accounts
        self._tokens = tokens
        self._self_service = self_service
        self._outofband = outofband
        self._admin = admin

    def routes(self) -> list[Route]:
        """Return the routes."""
        project = f"{PREFIX}/projects/{{project}}"
        return [
            Route("POST", f"{PREFIX}/accounts:lookup", CLIENT_READ, self.lookup, messages.Lookup),
            Route("POST", f"{project}/accounts:lookup", ADMIN_READ, self.lookup, messages.Lookup),
            Route("POST", f"{PREFIX}/accounts:update", CLIENT, self.update, messages.Update),
            Route("POST", f"{project}/accounts:update", ADMIN_WRITE, self.update, messages.Update),
            Route("POST", f"{PREFIX}/accounts:delete", CLIENT, self.delete, messages.Delete),
            Route("POST", f"{project}/accounts:delete", ADMIN_WRITE, self.delete, messages.Delete),
            Route("POST", f"{project}:createSessionCookie", ADMIN_WRITE, self.cookie, messages.SessionCookie),
        ]

    async def lookup(self, call: Call) -> Reply:
        """Return the signed-in account, or those that an administrator names; `users` is left out when empty."""
        body: messages.Lookup = call.body
        project = await self._context.project(call)
        if call.caller.privileged and not body.id_token:
            users = [user_json(a) for a in await self._named(project, body)]
        elif not body.id_token:
            raise MissingIdToken
        else:
            users = [user_json((await self._tokens.verify(project, body.id_token)).account)]
        reply: dict[str, object] = {"kind": f"{KIND}GetAccountInfoResponse"}
        return json_reply(reply | {"users": users} if users else reply)

    async def update(self, call: Call) -> Reply:
        """Change an account: by the code of a mail, by its user, or by an administrator."""
        body: messages.Update = call.body
        project = await self._context.project(call)
        if body.oob_code:
            return await self._apply_code(project, body.oob_code, call)
        if call.caller.privileged and not body.id_token:
            return await self._admin.update(project, call)
        if not body.id_token:
            raise InvalidReqType
        wish = _wish(body)
        account, tokens = await self._self_service.update(project, body.id_token, wish, call.origin)
        return json_reply(updated_json(account, tokens, new_email=wish.email is not None))

    async def delete(self, call: Call) -> Reply:
        """Delete an account: its user, or an administrator by id."""
        body: messages.Delete = call.body
        project = await self._context.project(call)
        if call.caller.privileged and not body.id_token:
            return await self._admin.delete(project, call)
        if not body.id_token:
            raise MissingIdToken
        await self._self_service.delete(project, body.id_token, call.origin)
        return json_reply({"kind": f"{KIND}DeleteAccountResponse"})

    async def cookie(self, call: Call) -> Reply:
        """Exchange an ID token for a session cookie; a backend's call."""
        body: messages.SessionCookie = call.body
        project = await self._context.project(call)
        if not body.id_token:
            raise MissingIdToken
        cookie = await self._tokens.session_cookie(project, body.id_token, body.valid_duration)
        return json_reply({"sessionCookie": cookie.reveal()})

    async def _apply_code(self, project: Project, code: str, call: Call) -> Reply:
        await require_code_of(project, code, self._outofband)
        info = await self._outofband.apply(code, call.origin)
        account = await self._accounts.by_email(project.id, info.new_email or info.email)
        reply = {"kind": f"{KIND}SetAccountInfoResponse", "email": info.new_email or info.email}
        return json_reply(updated_json(account, new_email=info.new_email is not None) if account else reply)

    async def _named(self, project: Project, body: messages.Lookup) -> list[Account]:
        lists = (body.local_id, body.email, body.initial_email, body.phone_number, body.federated_user_id)
        if sum(len(named) for named in lists if named) > MAX_LOOKUP:
            raise LocalIdListExceedsLimit
        return await self._accounts.find(
            project.id,
            ids=body.local_id or (),
            emails=_addresses(body.email),
            initial_emails=_addresses(body.initial_email),
            phones=body.phone_number or (),
            identities=[(f.provider_id or "", f.raw_id or "") for f in body.federated_user_id or ()],
        )


def _wish(body: messages.Update) -> Wish:
    """Return what a user asks to change; what only an administrator may set is ignored or refused (attack A18)."""
    if body.disable_user:
        raise OperationNotAllowed
    if body.custom_attributes is not None or body.link_provider_user_info is not None:
        raise InsufficientPermission
    if body.mfa and body.mfa.enrollments:
        raise NotServed(NO_SECOND_FACTORS)
    return Wish(
        display_name=body.display_name,
        photo_url=body.photo_url,
        email=body.email,
        password=Secret(body.password) if body.password is not None else None,
        delete_attributes=frozenset(named(a, ATTRIBUTES) for a in body.delete_attribute or ()),
        delete_providers=frozenset(body.delete_provider or ()),
    )


def _addresses(texts: list[str] | None) -> list[str]:
    """Return normal addresses; what is no address names nobody."""
    return [email for text in texts or () if (email := _email(text))]


def _email(text: str) -> str | None:
    try:
        return normal_email(text)
    except InvalidEmail:
        return None
