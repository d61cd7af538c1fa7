"""Errors on the wire: Google's envelope for the Firebase surfaces, OAuth's for tokens, RFC 9457 for our own."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from ecrin.auth.errors import AuthRefused, InsufficientPermission, InvalidGrantType
from ecrin.errors import (
    EcrinError,
    InvalidRequest,
    NotImplementedYet,
    Overloaded,
    StorageError,
    TooManyRequests,
    Unauthenticated,
)
from ecrin.governance.errors import InvalidApiKey
from ecrin.web.errors import CredentialMissing, CredentialNeeded, MissingApiKey, PayloadUnreadable
from ecrin.web.http import Reply, encode_json

PROBLEM_JSON = b"application/problem+json"
ProblemEncoder = Callable[[EcrinError], Reply]


class Problem(msgspec.Struct):
    """Why a request was refused (RFC 9457)."""

    type: Annotated[str, Meta(description="A URN of the code.")]
    title: Annotated[str, Meta(description="What such an error is, in a sentence.")]
    status: Annotated[int, Meta(description="The HTTP status.")]
    detail: Annotated[str, Meta(description="What it is this time.")]
    code: Annotated[str, Meta(description="Stable: programs may compare it.")]
    hint: Annotated[str, Meta(description="What to do about it.")]


# Google's status names and reasons by HTTP status (protocol sheet §1.3).
_STATUS = {
    400: ("INVALID_ARGUMENT", "invalid"),
    401: ("UNAUTHENTICATED", "authError"),
    403: ("PERMISSION_DENIED", "forbidden"),
    404: ("NOT_FOUND", "notFound"),
    405: ("NOT_FOUND", "notFound"),
    409: ("ALREADY_EXISTS", "duplicate"),
    413: ("INVALID_ARGUMENT", "uploadTooLarge"),
    429: ("RESOURCE_EXHAUSTED", "rateLimitExceeded"),
    501: ("NOT_IMPLEMENTED", "notImplemented"),
    503: ("UNAVAILABLE", "backendError"),
}
_INTERNAL = ("INTERNAL", "backendError")
# Their message is the sentence alone, as Google's is; everywhere else the SDKs read the code in front of it.
_SENTENCES = {"INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "INTERNAL"}


def google(error: EcrinError) -> Reply:
    """Return Google's error envelope: a refusal of sign-in has a code as its message and no status."""
    error = _as_google_refuses(error)
    name, reason = _STATUS.get(error.status, _INTERNAL)
    message = _message(error)
    entry: dict[str, object] = {"message": message, "reason": reason, "domain": "global"}
    if isinstance(error, PayloadUnreadable):
        entry["reason"] = "parseError"
    if error.status == 401:
        entry |= {"message": "Invalid Credentials", "location": "Authorization", "locationType": "header"}
    body: dict[str, object] = {"code": error.status, "message": message, "errors": [entry]}
    if not isinstance(error, AuthRefused):
        body["status"] = name
    return Reply(error.status, encode_json({"error": body}), headers=_headers(error))


def rfc9457(error: EcrinError) -> Reply:
    """Return a problem document: the stable code, the sentence, the detail of this case, and the hint."""
    body = Problem(
        type=f"urn:ecrin:error:{error.code}",
        title=error.sentence,
        status=error.status,
        detail=_text(error),
        code=error.code,
        hint=error.advice,
    )
    return Reply(error.status, encode_json(body), PROBLEM_JSON, _headers(error))


def oauth(error: EcrinError) -> Reply:
    """Return an OAuth 2.0 error (RFC 6749 §5.2), or a problem document for what that page has no word for."""
    if error.status not in {400, 401}:
        return rfc9457(error)
    status, code = 400, "invalid_grant"
    if isinstance(error, Unauthenticated | InvalidApiKey):
        status, code = 401, "invalid_client"
    elif isinstance(error, InvalidGrantType):
        code = "unsupported_grant_type"
    elif isinstance(error, InvalidRequest):
        code = "invalid_request"
    body = {"error": code, "error_description": _text(error)}
    return Reply(status, encode_json(body), headers=_headers(error))


def _as_google_refuses(error: EcrinError) -> EcrinError:
    """Return what Google's surfaces answer where the route table refuses (protocol sheet §1.2)."""
    if isinstance(error, CredentialMissing):
        return MissingApiKey()
    if isinstance(error, CredentialNeeded):
        return InsufficientPermission("Only authenticated requests can specify target_project_id.")
    return error


def _message(error: EcrinError) -> str:
    if isinstance(error, AuthRefused):
        return f"{error.code} : {error.detail}" if error.detail else error.code
    return _text(error) if error.code in _SENTENCES else f"{error.code} : {_text(error)}"


def _text(error: EcrinError) -> str:
    """Return the words for a caller: what went wrong inside, with its paths and statements, is for the log alone."""
    inside = error.status >= 500 and not isinstance(error, NotImplementedYet)
    return error.sentence if inside else str(error)


def _headers(error: EcrinError) -> tuple[tuple[bytes, bytes], ...]:
    if isinstance(error, Overloaded | StorageError | TooManyRequests):
        return ((b"retry-after", str(Overloaded.retry_after).encode()),)
    if error.status == 401:
        return ((b"www-authenticate", b"Bearer"),)
    return ()
