"""batchGet, batchCreate, batchDelete and query (protocol sheet §3, admin bulk)."""

from ecrin.auth.accounts import rules
from ecrin.auth.accounts.bulk import BulkService, RowError
from ecrin.auth.accounts.model import Account, AccountQuery
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import (
    ClaimsTooLarge,
    ForbiddenClaim,
    InsufficientPermission,
    InvalidClaims,
    InvalidDisplayName,
    InvalidEmail,
    InvalidLocalId,
    InvalidPageSelection,
    InvalidPhoneNumber,
    InvalidPhotoUrl,
    MissingProviderId,
    MissingRawId,
    MissingUserAccount,
    NotServed,
)
from ecrin.base.clock import Clock, Instant
from ecrin.errors import CryptoError, InvalidRequest
from ecrin.governance.callers import Scope, Verb
from ecrin.governance.projects.model import Project
from ecrin.storage.keyring.model import Purpose
from ecrin.storage.keyring.service import Keyring
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.admin import identity_of
from ecrin.web.identitytoolkit.context import PREFIX, Context
from ecrin.web.identitytoolkit.decoding import ORDERS, SORT_FIELDS, named
from ecrin.web.identitytoolkit.users import KIND, user_json
from ecrin.web.routing import ADMIN_READ, ADMIN_WRITE, Route

MAX_BODY = 8 * 1024 * 1024
PAGE_DEFAULT = 20
PAGE_MOST = 1000
QUERY_MOST = 500
LABEL = "page-token"
_PROSE: dict[type[Exception], str] = {
    InvalidLocalId: "localId is missing",
    InvalidEmail: "email is invalid",
    InvalidPhoneNumber: "phone number format is invalid",
    InvalidClaims: "Invalid custom claims provided.",
    ClaimsTooLarge: "Invalid custom claims provided.",
    ForbiddenClaim: "Invalid custom claims provided.",
    MissingProviderId: "federatedId or (providerId & rawId) is required",
    MissingRawId: "federatedId or (providerId & rawId) is required",
    InvalidDisplayName: "display name is too long",
    InvalidPhotoUrl: "photo url is invalid",
}


class BulkEndpoints:
    """Many accounts at once."""

    def __init__(
        self, context: Context, accounts: AccountService, bulk: BulkService, keyring: Keyring, clock: Clock
    ) -> None:
        self._context = context
        self._accounts = accounts
        self._bulk = bulk
        self._keyring = keyring
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        at = f"{PREFIX}/projects/{{project}}"
        return [
            Route("GET", f"{at}/accounts:batchGet", ADMIN_READ, self.get),
            Route("POST", f"{at}/accounts:batchCreate", ADMIN_WRITE, self.create, messages.BatchCreate, MAX_BODY),
            Route("POST", f"{at}/accounts:batchDelete", ADMIN_WRITE, self.delete, messages.BatchDelete, MAX_BODY),
            Route("POST", f"{at}/accounts:query", ADMIN_READ, self.query, messages.Query),
            Route("POST", f"{at}:queryAccounts", ADMIN_READ, self.query, messages.Query),
        ]

    async def get(self, call: Call) -> Reply:
        """Return a page of accounts, with their hashes to who may do everything in the project."""
        return await self._page(call, _number(call.query.get("maxResults")), call.query.get("nextPageToken", ""))

    async def download(self, call: Call) -> Reply:
        """Return a page of accounts: the legacy spelling, whose page and project come in the body."""
        body: messages.BatchGet = call.body
        if not body.target_project_id:
            raise InsufficientPermission
        return await self._page(call, body.max_results, body.next_page_token or "")

    async def upload(self, call: Call) -> Reply:
        """Import accounts: the legacy spelling."""
        if not call.body.target_project_id:
            raise InsufficientPermission
        return await self.create(call)

    async def create(self, call: Call) -> Reply:
        """Import accounts; rows that are refused are named, the others are written."""
        body: messages.BatchCreate = call.body
        project = await self._context.project(call)
        if not body.users:
            raise MissingUserAccount
        if any(user.password_hash or user.raw_password for user in body.users):
            raise NotServed("Importing passwords is not served by this version.")
        now = self._clock.now()
        rows = [_row(project, index, user, now) for index, user in enumerate(body.users)]
        errors = await self._bulk.import_accounts(
            rows,
            call.origin,
            overwrite=bool(body.allow_overwrite),
            sanity_check=bool(body.sanity_check),
            unique_emails=not project.settings.allow_duplicate_emails,
        )
        reply: dict[str, object] = {"kind": f"{KIND}UploadAccountResponse"}
        if errors:
            reply["error"] = [{"index": e.index, "message": e.message} for e in errors]
        return json_reply(reply)

    async def delete(self, call: Call) -> Reply:
        """Delete accounts by id."""
        body: messages.BatchDelete = call.body
        project = await self._context.project(call)
        ids = body.local_ids or []
        errors = await self._bulk.delete_accounts(project.id, ids, call.origin, force=bool(body.force))
        rows = [{"index": e.index, "localId": e.account_id, "message": e.message} for e in errors]
        return json_reply({"errors": rows} if rows else {})

    async def query(self, call: Call) -> Reply:
        """Count the accounts that a query selects, or return them."""
        body: messages.Query = call.body
        project = await self._context.project(call)
        query = _query(body)
        if body.return_user_info is False:
            return json_reply({"recordsCount": str(await self._accounts.count(project.id, query))})
        found = await self._accounts.query(project.id, query)
        reply: dict[str, object] = {"recordsCount": str(len(found))}
        return json_reply(reply | {"userInfo": [user_json(a) for a in found]} if found else reply)

    async def _page(self, call: Call, limit: int | None, token: str) -> Reply:
        project = await self._context.project(call)
        limit = PAGE_DEFAULT if limit is None else limit
        if not 1 <= limit <= PAGE_MOST:
            raise InvalidRequest(f"maxResults must be 1 to {PAGE_MOST}.")
        hashes = call.caller.may(Scope(project.id, Verb.ALL))
        tokens = self._keyring.mac_tokens(Purpose.TOKEN_HASH, f"{LABEL}/{project.id}", call.now)
        try:
            after = tokens.open(token).decode() if token else ""
        except CryptoError:
            raise InvalidPageSelection from None
        accounts = await self._accounts.page(project.id, after, limit)
        reply: dict[str, object] = {"kind": f"{KIND}DownloadAccountResponse"}
        if accounts:
            reply["users"] = [user_json(a, hashes=hashes) for a in accounts]
        if len(accounts) == limit:
            reply["nextPageToken"] = tokens.issue(accounts[-1].id.encode())
        return json_reply(reply)


def _number(text: str | None) -> int | None:
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequest("maxResults must be a whole number.")
    return None if text is None else int(text)


def _query(body: messages.Query) -> AccountQuery:
    conditions = body.expression or []
    if len(conditions) > 1:
        raise NotServed("A query with several conditions is not served by this version.")
    condition = conditions[0] if conditions else messages.Expression()
    if conditions and not (condition.email or condition.user_id or condition.phone_number):
        raise InvalidRequest("A condition names an email, a userId or a phoneNumber.")
    return AccountQuery(
        sort_by=named(body.sort_by, SORT_FIELDS) or "USER_ID",
        descending=named(body.order, ORDERS) == "DESC",
        offset=body.offset or 0,
        limit=min(body.limit or QUERY_MOST, QUERY_MOST),
        email=rules.normal_email(condition.email) if condition.email else None,
        user_id=condition.user_id,
        phone_number=condition.phone_number,
    )


def _row(project: Project, index: int, user: messages.ImportedUser, now: Instant) -> Account | RowError:
    if user.tenant_id or user.mfa_info:
        raise NotServed("Importing tenants and second factors is not served by this version.")
    try:
        return _account(project, user, now)
    except tuple(_PROSE) as refusal:
        return RowError(index, _PROSE[type(refusal)], user.local_id or "")


def _account(project: Project, user: messages.ImportedUser, now: Instant) -> Account:
    given = [i for i in user.provider_user_info or () if i.provider_id not in {"password", "phone"}]
    return Account(
        project.id,
        rules.checked_local_id(user.local_id or ""),
        now if user.created_at is None else user.created_at,
        email=rules.normal_email(user.email) if user.email else None,
        email_verified=bool(user.email_verified),
        phone_number=rules.checked_phone(user.phone_number) if user.phone_number else None,
        display_name=rules.checked_display_name(user.display_name or ""),
        photo_url=rules.checked_photo_url(user.photo_url or ""),
        disabled=bool(user.disabled),
        claims=rules.checked_claims(user.custom_attributes or ""),
        identities=tuple(identity_of(i) for i in given),
        valid_since=user.valid_since,
        last_login_at=user.last_login_at,
    )
