"""Whether a caller may use a route. Pure; the route declares what it needs, and the default answer is no."""

from collections.abc import Mapping

from ecrin.errors import PermissionDenied
from ecrin.governance.callers import INSTANCE, LOCAL, Caller, Kind, Scope
from ecrin.web.errors import CredentialMissing, CredentialNeeded, MissingApiKey
from ecrin.web.routing import Access, Need


def authorize(access: Access, caller: Caller, params: Mapping[str, str]) -> None:
    """Refuse a caller that is less than a route needs; `params` are the places of the route's path.

    Raises `MissingApiKey`, `CredentialMissing`, `CredentialNeeded` and `PermissionDenied`. Where the project stands in
    the key, the token or the body, what the caller may do in it is checked when it is known (`Context.project`).
    """
    need = access.need
    if need is Need.NOTHING:
        return
    if caller.kind is Kind.NOBODY:
        raise MissingApiKey if need is Need.PROJECT else CredentialMissing
    if need is Need.PROJECT:
        return
    if not caller.privileged:
        raise CredentialNeeded
    if need is Need.LOCAL and caller is not LOCAL:
        raise PermissionDenied("This is served on the instance's own socket only.")
    if need is Need.CREDENTIAL_OF_BODY:
        return
    project = INSTANCE if need is Need.INSTANCE else params.get("project", INSTANCE)
    caller.require(Scope(project, access.verb))
