"""The user object of replies (protocol sheet §3): absent values are left out, int64 are text."""

from typing import Any

from ecrin.auth.accounts.model import Account, Identity
from ecrin.auth.tokens.model import Tokens
from ecrin.base.clock import rfc3339
from ecrin.base.encoding import b64url

KIND = "identitytoolkit#"
REDACTED = "UkVEQUNURUQ="  # base64 of REDACTED, as Google sends to callers that may not export hashes


def user_json(account: Account, *, hashes: bool = False) -> dict[str, Any]:
    """Return an account as the SDKs read it; `hashes` shows the password hash to who may export it."""
    user: dict[str, Any] = {
        "localId": account.id,
        "emailVerified": account.email_verified,
        "disabled": account.disabled,
        "createdAt": str(account.created_at),
        "email": account.email,
        "displayName": account.display_name,
        "photoUrl": account.photo_url,
        "phoneNumber": account.phone_number,
        "customAttributes": account.claims or None,
        "initialEmail": account.initial_email,
        "providerUserInfo": provider_json(account) or None,
    }
    _flags(user, account)
    _times(user, account)
    if account.password is not None:
        user["passwordHash"] = b64url(account.password.reveal().encode()) if hashes else REDACTED
        user["passwordUpdatedAt"] = account.password_updated_at
    return {name: value for name, value in user.items() if value is not None}


def provider_json(account: Account) -> list[dict[str, Any]]:
    """Return the ways to sign in; `password` needs an address with a password or a link, `phone` a number."""
    entries = [_identity(i) for i in account.identities]
    if account.email and (account.password or account.email_link_signin):
        own = Identity("password", account.email, account.email, account.email, account.display_name, account.photo_url)
        entries.insert(0, _identity(own))
    if account.phone_number:
        entries.append(_identity(Identity("phone", account.phone_number, phone_number=account.phone_number)))
    return entries


def tokens_json(tokens: Tokens | None) -> dict[str, str]:
    """Return the members with which a sign-in ends; none where nothing was issued."""
    if tokens is None:
        return {}
    return {
        "idToken": tokens.id_token.reveal(),
        "refreshToken": tokens.refresh_token.reveal(),
        "expiresIn": str(tokens.expires_in),
    }


def signed_up_json(account: Account, tokens: Tokens | None = None) -> dict[str, Any]:
    """Return the reply of a sign-up; an administrator's has no tokens."""
    names = {"localId": account.id, "email": account.email, "displayName": account.display_name}
    present = {name: value for name, value in names.items() if value is not None}
    return {"kind": f"{KIND}SignupNewUserResponse", **present, **tokens_json(tokens)}


def updated_json(account: Account, tokens: Tokens | None = None, *, new_email: bool = False) -> dict[str, Any]:
    """Return the reply of a change; tokens are in it only where the change ended the old ones."""
    names = {
        "localId": account.id,
        "email": account.email,
        "newEmail": account.email if new_email else None,
        "displayName": account.display_name,
        "photoUrl": account.photo_url,
        "passwordHash": REDACTED if account.password else None,
        "providerUserInfo": provider_json(account) or None,
    }
    present = {name: value for name, value in names.items() if value is not None}
    kind = f"{KIND}SetAccountInfoResponse"
    return {"kind": kind, "emailVerified": account.email_verified, **present, **tokens_json(tokens)}


def _flags(user: dict[str, Any], account: Account) -> None:
    if account.custom_auth:
        user["customAuth"] = True
    if account.email_link_signin:
        user["emailLinkSignin"] = True


def _times(user: dict[str, Any], account: Account) -> None:
    if account.last_login_at is not None:
        user["lastLoginAt"] = str(account.last_login_at)
    if account.last_refresh_at is not None:
        user["lastRefreshAt"] = rfc3339(account.last_refresh_at)
    if account.valid_since is not None:
        user["validSince"] = str(account.valid_since)


def _identity(identity: Identity) -> dict[str, Any]:
    entry = {
        "providerId": identity.provider_id,
        "rawId": identity.raw_id,
        "federatedId": identity.federated_id,
        "email": identity.email,
        "displayName": identity.display_name,
        "photoUrl": identity.photo_url,
        "phoneNumber": identity.phone_number,
        "screenName": identity.screen_name,
    }
    return {name: value for name, value in entry.items() if value is not None}
