"""The shapes of errors (protocol sheet §1.3, RFC 6749 §5.2, RFC 9457), a row a class, exactly as clients see them."""

import json
from typing import Any

import pytest

from ecrin.auth import errors as auth
from ecrin.errors import (
    ConfigurationError,
    EcrinError,
    InvalidRequest,
    NotFound,
    Overloaded,
    PermissionDenied,
    Refused,
    SignatureInvalid,
    StorageFull,
    TooManyRequests,
    Unauthenticated,
)
from ecrin.governance.errors import InvalidApiKey, ProjectNotFound
from ecrin.ops.mail.errors import MailRejected
from ecrin.web import errors as web
from ecrin.web.problem import google, oauth, rfc9457

GOOGLE: list[tuple[EcrinError, int, str, str, str | None]] = [
    (auth.EmailExists(), 400, "EMAIL_EXISTS", "invalid", None),
    (auth.InvalidCustomToken("Why."), 400, "INVALID_CUSTOM_TOKEN : Why.", "invalid", None),
    (auth.NotServed("Not yet."), 501, "NOT_IMPLEMENTED : Not yet.", "notImplemented", "NOT_IMPLEMENTED"),
    (InvalidRequest("Wrong."), 400, "Wrong.", "invalid", "INVALID_ARGUMENT"),
    (
        web.PayloadUnreadable("Invalid JSON payload received."),
        400,
        "Invalid JSON payload received.",
        "parseError",
        "INVALID_ARGUMENT",
    ),
    (
        web.ContentTooLarge(),
        413,
        "CONTENT_TOO_LARGE : The body is larger than the call allows.",
        "uploadTooLarge",
        "INVALID_ARGUMENT",
    ),
    (web.MissingApiKey(), 403, "The request is missing a valid API key.", "forbidden", "PERMISSION_DENIED"),
    (web.CredentialMissing(), 403, "The request is missing a valid API key.", "forbidden", "PERMISSION_DENIED"),
    (
        web.CredentialNeeded(),
        400,
        "INSUFFICIENT_PERMISSION : Only authenticated requests can specify target_project_id.",
        "invalid",
        None,
    ),
    (PermissionDenied("No."), 403, "No.", "forbidden", "PERMISSION_DENIED"),
    (NotFound(), 404, "There is nothing under this name.", "notFound", "NOT_FOUND"),
    (
        web.MethodNotAllowed(),
        405,
        "METHOD_NOT_ALLOWED : The path does not answer this method.",
        "notFound",
        "NOT_FOUND",
    ),
    (
        InvalidApiKey(),
        400,
        "API_KEY_INVALID : The API key is not one of this instance's.",
        "invalid",
        "INVALID_ARGUMENT",
    ),
    (ProjectNotFound(), 400, "PROJECT_NOT_FOUND : There is no such project.", "invalid", "INVALID_ARGUMENT"),
    (TooManyRequests(), 429, "TOO_MANY_REQUESTS : A quota is used up.", "rateLimitExceeded", "RESOURCE_EXHAUSTED"),
    (Overloaded(), 503, "OVERLOADED : The server is busy.", "backendError", "UNAVAILABLE"),
    (
        StorageFull("/srv/secret/ecrin.db: disk full"),
        503,
        "STORAGE_FULL : The disk that holds the database is full; nothing was written.",
        "backendError",
        "UNAVAILABLE",
    ),
    (EcrinError("at /srv/secret"), 500, "Something went wrong inside the server.", "backendError", "INTERNAL"),
    (
        ConfigurationError("at /srv/secret"),
        500,
        "CONFIGURATION : The instance is not set up for this.",
        "backendError",
        "INTERNAL",
    ),
    (
        MailRejected("to ada@example.org"),
        502,
        "MAIL_REJECTED : The mail server refused the letter for good.",
        "backendError",
        "INTERNAL",
    ),
]


@pytest.mark.parametrize(("error", "status", "message", "reason", "name"), GOOGLE, ids=lambda v: type(v).__name__)
def test_googles_envelope(error: EcrinError, status: int, message: str, reason: str, name: str | None) -> None:
    entry = {"message": message, "reason": reason, "domain": "global"}
    body: dict[str, Any] = {"code": status, "message": message, "errors": [entry]}

    reply = google(error)

    assert json.loads(reply.body) == {"error": body if name is None else {**body, "status": name}}
    assert (reply.status, reply.content_type) == (status, b"application/json; charset=utf-8")


def test_googles_envelope_of_a_bad_credential() -> None:
    reply = google(Unauthenticated("Who?"))

    entry = {
        "message": "Invalid Credentials",
        "reason": "authError",
        "domain": "global",
        "location": "Authorization",
        "locationType": "header",
    }
    error = {"code": 401, "message": "Who?", "errors": [entry], "status": "UNAUTHENTICATED"}
    assert json.loads(reply.body) == {"error": error}
    assert reply.headers == ((b"www-authenticate", b"Bearer"),)


OAUTH: list[tuple[EcrinError, int, str]] = [
    (InvalidRequest("Why."), 400, "invalid_request"),
    (auth.InvalidGrantType("Why."), 400, "unsupported_grant_type"),
    (SignatureInvalid("Why."), 400, "invalid_grant"),
    (Unauthenticated("Why."), 401, "invalid_client"),
    (InvalidApiKey("Why."), 401, "invalid_client"),
]


@pytest.mark.parametrize(("error", "status", "code"), OAUTH, ids=lambda v: type(v).__name__)
def test_oauths_errors(error: EcrinError, status: int, code: str) -> None:
    reply = oauth(error)

    assert (reply.status, json.loads(reply.body)) == (status, {"error": code, "error_description": "Why."})


@pytest.mark.parametrize("error", [Overloaded(), NotFound(), web.MethodNotAllowed(), web.ContentTooLarge()])
def test_what_oauth_has_no_word_for_is_a_problem_document(error: EcrinError) -> None:
    assert oauth(error) == rfc9457(error)


def test_a_problem_document() -> None:
    reply = rfc9457(PermissionDenied("No.", hint="Ask."))

    assert json.loads(reply.body) == {
        "type": "urn:ecrin:error:PERMISSION_DENIED",
        "title": "The credential does not allow this.",
        "status": 403,
        "detail": "No.",
        "code": "PERMISSION_DENIED",
        "hint": "Ask.",
    }
    assert (reply.status, reply.content_type) == (403, b"application/problem+json")


@pytest.mark.parametrize("encoder", [google, rfc9457, oauth])
def test_what_went_wrong_inside_is_not_told_outside(encoder: Any) -> None:
    for error in (StorageFull("/srv/data/ecrin.db: INSERT INTO accounts"), EcrinError("hunter2")):
        body = encoder(error).body.decode()
        assert "/srv" not in body
        assert "INSERT" not in body
        assert "hunter2" not in body


@pytest.mark.parametrize("encoder", [google, rfc9457, oauth])
@pytest.mark.parametrize("error", [Overloaded(), StorageFull(), TooManyRequests()])
def test_who_may_come_back_is_told_when(encoder: Any, error: EcrinError) -> None:
    assert (b"retry-after", b"2") in encoder(error).headers


def _leaves(kind: type[EcrinError]) -> list[type[EcrinError]]:
    """Return a class and those below it that the server can raise; those of commands and devices reach no wire."""
    below = [k for k in kind.__subclasses__() if not k.__module__.startswith(("ecrin.cli", "ecrin.vault"))]
    return [kind, *(leaf for k in below for leaf in _leaves(k))]


@pytest.mark.parametrize("kind", _leaves(EcrinError), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_reply_on_every_surface(kind: type[EcrinError]) -> None:
    for encoder in (google, rfc9457, oauth):
        reply = encoder(kind("detail"))
        assert 400 <= reply.status < 600
        assert json.loads(reply.body)


def test_the_codes_of_refusals_are_words_that_sdks_can_map() -> None:
    codes = {kind.code for kind in _leaves(Refused)}

    assert all(code.isupper() and code.replace("_", "").isalnum() for code in codes)
