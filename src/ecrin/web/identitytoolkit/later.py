"""Known calls of later versions: 501 with our code, never a wrong success."""

from ecrin.auth.errors import NotServed
from ecrin.web.http import Call, Reply
from ecrin.web.identitytoolkit.context import PREFIX, PREFIX_V2
from ecrin.web.routing import ADMIN_READ, ADMIN_WRITE, CLIENT, CLIENT_READ, Route

CLIENT_CALLS = {
    PREFIX: (
        "accounts:signInWithIdp accounts:sendVerificationCode accounts:signInWithPhoneNumber"
        " accounts:signInWithGameCenter accounts:issueSamlResponse accounts:verifyIosClient accounts:signOutUser"
    ).split(),
    PREFIX_V2: (
        "accounts:revokeToken accounts/mfaEnrollment:start accounts/mfaEnrollment:finalize"
        " accounts/mfaEnrollment:withdraw accounts/mfaSignIn:start accounts/mfaSignIn:finalize"
        " accounts/passkeyEnrollment:start accounts/passkeyEnrollment:finalize"
        " accounts/passkeySignIn:start accounts/passkeySignIn:finalize"
    ).split(),
}
CLIENT_DOCUMENTS = (f"{PREFIX}/recaptchaParams", f"{PREFIX_V2}/defaultSupportedIdps")
PROJECT = f"{PREFIX}/projects/{{project}}"
PROJECT_V2 = f"{PREFIX_V2}/projects/{{project}}"
PROVIDERS = "oauthIdpConfigs inboundSamlConfigs defaultSupportedIdpConfigs".split()
COLLECTIONS = [
    f"{PROJECT_V2}/tenants",
    *(f"{PROJECT_V2}/{name}" for name in PROVIDERS),
    *(f"{PROJECT_V2}/tenants/{{tenant}}/{name}" for name in PROVIDERS),
]
ADMIN_CALLS = [
    f"{PROJECT_V2}/identityPlatform:initializeAuth",
    *(f"{PROJECT_V2}/tenants/{{tenant}}:{name}" for name in "getIamPolicy setIamPolicy testIamPermissions".split()),
    f"{PROJECT}/tenants/{{tenant}}:createSessionCookie",
    f"{PROJECT}/tenants/{{tenant}}/accounts",
    *(
        f"{PROJECT}/tenants/{{tenant}}/accounts:{name}"
        for name in "lookup update delete sendOobCode batchCreate batchDelete query".split()
    ),
]


async def later(call: Call) -> Reply:
    """Refuse with 501."""
    raise NotServed(f"{call.path.rsplit('/', 1)[-1]} is not served by this version.")


def routes() -> list[Route]:
    """Return the routes of later versions: identity providers, phone, second factors, passkeys, tenants."""
    found = [Route("POST", f"{at}/{name}", CLIENT, later) for at, names in CLIENT_CALLS.items() for name in names]
    found += [Route("GET", path, CLIENT_READ, later) for path in CLIENT_DOCUMENTS]
    found += [Route("POST", path, ADMIN_WRITE, later) for path in ADMIN_CALLS]
    for path in COLLECTIONS:
        found += [Route("GET", path, ADMIN_READ, later), Route("POST", path, ADMIN_WRITE, later)]
        found += [Route("GET", f"{path}/{{id}}", ADMIN_READ, later)]
        found += [Route(method, f"{path}/{{id}}", ADMIN_WRITE, later) for method in ("PATCH", "DELETE")]
    return [
        *found,
        Route("GET", f"{PROJECT_V2}/config", ADMIN_READ, later),
        Route("PATCH", f"{PROJECT_V2}/config", ADMIN_WRITE, later),
        Route("GET", f"{PROJECT}/tenants/{{tenant}}/accounts:batchGet", ADMIN_READ, later),
    ]
