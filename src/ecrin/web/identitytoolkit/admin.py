"""What only administrators do: create, change and delete any account (protocol sheet §3)."""

from ecrin.auth.accounts import rules
from ecrin.auth.accounts.model import Identity
from ecrin.auth.administration.rules import Edit
from ecrin.auth.administration.service import AdministrationService
from ecrin.auth.errors import MissingLocalId, NotServed, UnexpectedParameter
from ecrin.base.secret import Secret
from ecrin.governance.projects.model import Project
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.context import PREFIX, Context
from ecrin.web.identitytoolkit.decoding import ATTRIBUTES, named
from ecrin.web.identitytoolkit.users import KIND, signed_up_json, updated_json
from ecrin.web.routing import ADMIN_WRITE, Route

NO_SECOND_FACTORS = "Second factors are not served by this version."


class AdminEndpoints:
    """Administrators' changes to single accounts."""

    def __init__(self, context: Context, administration: AdministrationService) -> None:
        self._context = context
        self._administration = administration

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
        account = await self._administration.create(project, body.local_id, _first(body), call.origin)
        return json_reply(signed_up_json(account))

    async def update(self, project: Project, call: Call) -> Reply:
        """Change an account by id."""
        body: messages.Update = call.body
        if not body.local_id:
            raise MissingLocalId
        if body.mfa and body.mfa.enrollments:
            raise NotServed(NO_SECOND_FACTORS)
        account = await self._administration.update(project, body.local_id, _edit(body), call.origin)
        return json_reply(updated_json(account, new_email=body.email is not None))

    async def delete(self, project: Project, call: Call) -> Reply:
        """Delete an account by id."""
        body: messages.Delete = call.body
        if not body.local_id:
            raise MissingLocalId
        await self._administration.delete(project, body.local_id, call.origin)
        return json_reply({"kind": f"{KIND}DeleteAccountResponse"})


def _first(body: messages.SignUp) -> Edit:
    """Return what a new account begins with; an empty text is none."""
    return Edit(
        email=body.email or None,
        email_verified=body.email_verified,
        phone_number=body.phone_number or None,
        display_name=body.display_name,
        photo_url=body.photo_url,
        disabled=body.disabled,
        password=Secret(body.password) if body.password else None,
    )


def _edit(body: messages.Update) -> Edit:
    return Edit(
        email=body.email,
        email_verified=body.email_verified,
        phone_number=body.phone_number,
        display_name=body.display_name,
        photo_url=body.photo_url,
        disabled=body.disable_user,
        claims=body.custom_attributes,
        password=Secret(body.password) if body.password is not None else None,
        valid_since=body.valid_since,
        created_at=body.created_at,
        last_login_at=body.last_login_at,
        identity=identity_of(body.link_provider_user_info) if body.link_provider_user_info else None,
        delete_attributes=frozenset(named(a, ATTRIBUTES) for a in body.delete_attribute or ()),
        delete_providers=frozenset(body.delete_provider or ()),
    )


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
