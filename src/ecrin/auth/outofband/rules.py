"""How long codes live, what their links look like, and when one is good. Pure."""

from urllib.parse import quote, urlencode, urlsplit

from ecrin.auth.accounts.model import Account
from ecrin.auth.accounts.rules import Changes
from ecrin.auth.errors import ExpiredOobCode, InvalidContinueUri, InvalidOobCode, UnauthorizedDomain
from ecrin.auth.outofband.model import Code, Purpose
from ecrin.base.clock import DAY, HOUR, Instant

LIFETIMES = {
    Purpose.PASSWORD_RESET: HOUR,
    Purpose.EMAIL_SIGNIN: HOUR,
    Purpose.VERIFY_EMAIL: 3 * DAY,
    Purpose.VERIFY_AND_CHANGE_EMAIL: DAY,
    Purpose.RECOVER_EMAIL: 30 * DAY,
}
MODES = {
    Purpose.PASSWORD_RESET: "resetPassword",
    Purpose.EMAIL_SIGNIN: "signIn",
    Purpose.VERIFY_EMAIL: "verifyEmail",
    Purpose.VERIFY_AND_CHANGE_EMAIL: "verifyAndChangeEmail",
    Purpose.RECOVER_EMAIL: "recoverEmail",
}
MAX_CONTINUE_URL = 2048


def link(base: str, code: str, purpose: Purpose, api_key: str, lang: str, continue_url: str | None) -> str:
    """Return the link that a mail carries; `base` comes from the settings alone (attack A21)."""
    parameters = {"mode": MODES[purpose], "lang": lang, "oobCode": code, "apiKey": api_key}
    if continue_url is not None:
        parameters["continueUrl"] = continue_url
    return f"{base}?{urlencode(parameters, quote_via=quote)}"


def checked_continue_url(url: str, domains: tuple[str, ...] | None) -> str:
    """Return an absolute http(s) address; `domains` are the hosts allowed (with their subdomains), None allows all.

    Raises `InvalidContinueUri` and `UnauthorizedDomain`. Backslashes, white space and user info, with which a browser
    and this parser could see two hosts, are refused (attack A20).
    """
    if len(url) > MAX_CONTINUE_URL or not url.isprintable() or "\\" in url or " " in url or not url.isascii():
        raise InvalidContinueUri
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        raise InvalidContinueUri from None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise InvalidContinueUri
    if domains is not None and not any(host == d or host.endswith(f".{d}") for d in domains):
        raise UnauthorizedDomain(f"The domain {host} is not authorized.")
    return url


def require_good(code: Code | None, purpose: Purpose | None, now: Instant) -> Code:
    """Return a code that is unused, in time and for this purpose (None: any).

    Raises `InvalidOobCode`, `ExpiredOobCode`.
    """
    if code is None or code.used_at is not None or code.purpose != (purpose or code.purpose):
        raise InvalidOobCode
    if now >= code.expires_at:
        raise ExpiredOobCode
    return code


def require_same_address(code: Code, account: Account) -> None:
    """Raise `InvalidOobCode` if the account has another address than the one the code was mailed to."""
    if account.email != code.email:
        raise InvalidOobCode


def applied(code: Code, account: Account) -> Changes:
    """Return what using a code changes in its account; raises `InvalidOobCode` if it does not fit any more."""
    if code.purpose is Purpose.RECOVER_EMAIL:
        return Changes(email=code.email, email_verified=True)
    require_same_address(code, account)
    if code.purpose is Purpose.VERIFY_AND_CHANGE_EMAIL:
        return Changes(email=code.new_email, email_verified=True)
    if code.purpose is Purpose.VERIFY_EMAIL:
        return Changes(email_verified=True)
    raise InvalidOobCode


def proven(account: Account) -> Changes:
    """Return the changes when the owner of an address proves it for the first time.

    Whatever was attached to the account before may be somebody else's, who signed up with this address in advance: it
    goes (attack A17). An account whose address was verified keeps everything.
    """
    if account.email_verified:
        return Changes()
    return Changes(email_verified=True, password=None, phone_number=None, identities=())
