"""Which project a call is about, and whether its caller may (protocol sheet §1.2)."""

from ecrin.auth.errors import InsufficientPermission, NotServed
from ecrin.governance.callers import Scope
from ecrin.governance.projects.model import Project
from ecrin.governance.projects.service import ProjectService
from ecrin.web.http import Call
from ecrin.web.identitytoolkit.messages import Request

PREFIX = "/identitytoolkit.googleapis.com/v1"
PREFIX_V2 = "/identitytoolkit.googleapis.com/v2"


class Context:
    """Resolves projects; `default` is the project of operators who name none."""

    def __init__(self, projects: ProjectService, default: str | None = None) -> None:
        self._projects = projects
        self._default = default

    async def project(self, call: Call) -> Project:
        """Return the project of a call, in which its caller may do what the route declares.

        It stands in the path, in the body, in the credential or behind the API key. Raises `InsufficientPermission`,
        `PermissionDenied`, `ProjectNotFound`, and `NotServed` for a tenant.
        """
        body = call.body if isinstance(call.body, Request) else Request()
        if body.tenant_id or call.query.get("tenantId"):
            raise NotServed("Tenants are not served by this version.")
        wanted = call.params.get("project") or body.target_project_id
        if not call.caller.privileged:
            if wanted:
                raise InsufficientPermission("Only authenticated requests can specify target_project_id.")
            return self._projects.get(call.caller.project or "")
        project_id = wanted or call.caller.project or self._default
        if project_id is None:
            raise InsufficientPermission("Name the project in the path or as targetProjectId.")
        call.caller.require(Scope(project_id, call.verb))
        return await self._projects.open(project_id, call.origin)
