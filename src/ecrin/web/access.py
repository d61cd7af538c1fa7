"""Whether a caller may use a route. Pure; the route declares what it needs, and the default answer is no."""

from collections.abc import Callable, Mapping

from ecrin.errors import PermissionDenied
from ecrin.governance.callers import INSTANCE, LOCAL, Caller, Kind, Scope, Verb
from ecrin.updates.errors import AppNotFound, ChannelNotFound
from ecrin.web.errors import CredentialMissing, CredentialNeeded, MissingApiKey
from ecrin.web.routing import Access, Need

Locator = Callable[[str], str | None]  # the project of an app id, or None where there is no such app


def nowhere(app_id: str) -> str | None:
    """Return None: the locator of an instance that has no apps."""
    return None


def authorize(access: Access, caller: Caller, params: Mapping[str, str], locate: Locator = nowhere) -> str:
    """Refuse a caller that is less than a route needs; return the project of the app that the path names, or "".

    `params` are the places of the route's path. Raises `MissingApiKey`, `CredentialMissing`, `CredentialNeeded` and
    `PermissionDenied`; `AppNotFound` and `ChannelNotFound` alike for what is not there and for what the caller may not
    even read, so that nobody learns what others have. Where the project stands in the key, the token or the body, what
    the caller may do in it is checked when it is known (`Context.project`).
    """
    need = access.need
    if need is Need.NOTHING:
        return ""
    if caller.kind is Kind.NOBODY:
        raise MissingApiKey if need is Need.PROJECT else CredentialMissing
    if need is Need.PROJECT:
        return ""
    if not caller.privileged:
        raise CredentialNeeded
    if need is Need.LOCAL and caller is not LOCAL:
        raise PermissionDenied("This is served on the instance's own socket only.")
    if need is Need.APP:
        return _authorize_app(access, caller, params, locate)
    if need is not Need.CREDENTIAL_OF_BODY:
        project = INSTANCE if need is Need.INSTANCE else params.get("project", INSTANCE)
        _require(access, caller, Scope(project, access.verb))
    return ""


def _authorize_app(access: Access, caller: Caller, params: Mapping[str, str], locate: Locator) -> str:
    app, channel = params["app"], params.get("channel")
    project = locate(app)
    if project is None or not caller.reaches(Scope(project, Verb.READ, app)):
        raise AppNotFound
    if channel is not None and not caller.may(Scope(project, Verb.READ, app, channel)):
        raise ChannelNotFound
    _require(access, caller, Scope(project, access.verb, app, channel))
    return project


def _require(access: Access, caller: Caller, wanted: Scope) -> None:
    if not (access.part and caller.reaches(wanted)):
        caller.require(wanted)
