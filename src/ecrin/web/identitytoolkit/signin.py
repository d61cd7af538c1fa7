"""Sign-up and the sign-ins of this version."""

import secrets

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import checked_display_name, normal_email
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.errors import (
    InvalidEmail,
    InvalidIdentifier,
    MissingContinueUri,
    MissingEmail,
    MissingIdentifier,
    MissingOobCode,
    MissingPassword,
    NotServed,
    UnexpectedParameter,
)
from ecrin.auth.outofband.emaillink import EmailLinkService
from ecrin.auth.outofband.rules import checked_continue_url
from ecrin.auth.password.service import PasswordService
from ecrin.auth.selfservice.rules import Wish
from ecrin.auth.selfservice.service import SelfService
from ecrin.auth.tokens.anonymous import AnonymousService
from ecrin.auth.tokens.custom import CustomTokenService
from ecrin.base.secret import Secret
from ecrin.governance.projects.model import Project
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.admin import AdminEndpoints
from ecrin.web.identitytoolkit.context import PREFIX, Context
from ecrin.web.identitytoolkit.users import KIND, signed_up_json, tokens_json
from ecrin.web.routing import CLIENT, CLIENT_READ, Route

SESSION_ID_BYTES = 20


class SignInEndpoints:
    """accounts:signUp, signInWithPassword, signInWithCustomToken, signInWithEmailLink, createAuthUri."""

    def __init__(
        self,
        context: Context,
        accounts: AccountService,
        anonymous: AnonymousService,
        passwords: PasswordService,
        custom_tokens: CustomTokenService,
        email_links: EmailLinkService,
        self_service: SelfService,
        admin: AdminEndpoints,
    ) -> None:
        self._context = context
        self._accounts = accounts
        self._anonymous = anonymous
        self._passwords = passwords
        self._custom_tokens = custom_tokens
        self._email_links = email_links
        self._self_service = self_service
        self._admin = admin

    def routes(self) -> list[Route]:
        """Return the routes."""
        at = f"{PREFIX}/accounts"
        return [
            Route("POST", f"{at}:signUp", CLIENT, self.sign_up, messages.SignUp),
            Route("POST", f"{at}:signInWithPassword", CLIENT, self.password, messages.SignInWithPassword),
            Route("POST", f"{at}:signInWithCustomToken", CLIENT, self.custom, messages.SignInWithCustomToken),
            Route("POST", f"{at}:signInWithEmailLink", CLIENT, self.link, messages.SignInWithEmailLink),
            Route("POST", f"{at}:createAuthUri", CLIENT_READ, self.auth_uri, messages.CreateAuthUri),
        ]

    async def sign_up(self, call: Call) -> Reply:
        """Sign up: anonymous, with a password, or by giving a password to the signed-in account."""
        body: messages.SignUp = call.body
        if call.caller.privileged and not body.id_token:
            return await self._admin.create(call)
        project = await self._context.project(call)
        if body.local_id:
            raise UnexpectedParameter("User ID")
        if body.phone_number or body.mfa_info:
            raise NotServed("Sign-up with a phone or a second factor is not served by this version.")
        if body.id_token:
            return await self._link_password(project, call)
        if body.email is None and body.password is None:
            done = await self._anonymous.sign_up(project, call.origin)
        else:
            email, password = _credentials(body.email, body.password)
            name = checked_display_name(body.display_name or "")
            done = await self._passwords.sign_up(project, email, password, name, call.origin)
        return json_reply(signed_up_json(done.account, done.tokens))

    async def password(self, call: Call) -> Reply:
        """Sign in with a password."""
        body: messages.SignInWithPassword = call.body
        project = await self._context.project(call)
        if body.id_token or body.pending_id_token:
            raise NotServed("Linking by signing in with a password is not served; sign in, then link.")
        email, password = _credentials(body.email, body.password)
        done = await self._passwords.sign_in(project, email, password, call.origin)
        account = done.account
        names = {"displayName": account.display_name or "", "email": account.email, "localId": account.id}
        return json_reply(
            {"kind": f"{KIND}VerifyPasswordResponse", "registered": True, **names, **tokens_json(done.tokens)}
        )

    async def custom(self, call: Call) -> Reply:
        """Sign in with a custom token."""
        body: messages.SignInWithCustomToken = call.body
        project = await self._context.project(call)
        done = await self._custom_tokens.sign_in(project, body.token or "", call.origin)
        kind = f"{KIND}VerifyCustomTokenResponse"
        return json_reply({"kind": kind, "isNewUser": done.is_new, **tokens_json(done.tokens)})

    async def link(self, call: Call) -> Reply:
        """Sign in with the code of an e-mail link."""
        body: messages.SignInWithEmailLink = call.body
        project = await self._context.project(call)
        if not body.email:
            raise MissingEmail
        if not body.oob_code:
            raise MissingOobCode
        done = await self._email_links.sign_in(project, body.email, body.oob_code, call.origin, body.id_token or "")
        names = {"email": done.account.email, "localId": done.account.id, "isNewUser": done.is_new}
        return json_reply({"kind": f"{KIND}EmailLinkSigninResponse", **names, **tokens_json(done.tokens)})

    async def auth_uri(self, call: Call) -> Reply:
        """Tell how an address signs in; with enumeration protection every address gets the same answer."""
        body: messages.CreateAuthUri = call.body
        project = await self._context.project(call)
        if body.provider_id:
            raise NotServed("Sign-in with an identity provider is not served by this version.")
        if not body.identifier:
            raise MissingIdentifier
        if not body.continue_uri:
            raise MissingContinueUri
        email = _identifier(body.identifier)
        checked_continue_url(body.continue_uri, None)
        reply = {"kind": f"{KIND}CreateAuthUriResponse", "sessionId": secrets.token_urlsafe(SESSION_ID_BYTES)}
        if project.settings.email_enumeration_protection:
            return json_reply(reply)  # nothing is looked up, so nothing can be told by the time it takes (attack A24)
        accounts = await self._accounts.known_by(project.id, email)
        if project.settings.allow_duplicate_emails:
            accounts = [a for a in accounts if a.email == email]
        return json_reply(reply | _ways_in(accounts[0] if accounts else None, project))

    async def _link_password(self, project: Project, call: Call) -> Reply:
        body: messages.SignUp = call.body
        email, password = _credentials(body.email, body.password)
        wish = Wish(display_name=body.display_name, email=email, password=Secret(password))
        account, tokens = await self._self_service.update(project, body.id_token or "", wish, call.origin)
        return json_reply(signed_up_json(account, tokens))


def _credentials(email: str | None, password: str | None) -> tuple[str, str]:
    if not email:
        raise MissingEmail
    if not password:
        raise MissingPassword
    return email, password


def _identifier(text: str) -> str:
    try:
        return normal_email(text)
    except InvalidEmail:
        raise InvalidIdentifier from None


def _ways_in(account: Account | None, project: Project) -> dict[str, object]:
    """Return how an address signs in; where providers may share addresses, those say nothing about the account."""
    if account is None:
        return {"registered": False, "allProviders": [], "signinMethods": []}
    ways = {"password": account.password is not None, "emailLink": account.email_link_signin}
    methods = [name for name, there in ways.items() if there]
    others = [] if project.settings.allow_duplicate_emails else [i.provider_id for i in account.identities]
    providers = ["password"] if methods else []
    return {"registered": True, "allProviders": providers + others, "signinMethods": methods + others}
