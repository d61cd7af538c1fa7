"""The refusals of the wire itself: before any feature has been asked."""

from ecrin.errors import InvalidRequest, PermissionDenied, Refused, Unauthenticated


class MethodNotAllowed(Refused):
    """The path does not answer this method."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    hint = "The Allow header names the methods it answers."


class ContentTooLarge(InvalidRequest):
    """The body is larger than the call allows."""

    code = "CONTENT_TOO_LARGE"
    status = 413
    hint = "Send less at once."


class PayloadUnreadable(InvalidRequest):
    """The body is not JSON."""


class CredentialMissing(Unauthenticated):
    """The request carries no credential."""


class MissingApiKey(PermissionDenied):
    """The request is missing a valid API key."""

    hint = "Send the project's web API key as `key`; `ecrin project show ID` prints it."


class CredentialNeeded(PermissionDenied):
    """This needs the credential of an operator or of a service account."""
