"""The public documents: keys (protocol sheet §6.3), a project's public configuration and password policy (§5.3)."""

from collections.abc import Callable

from ecrin.crypto.jose.documents import jwks, x509_map
from ecrin.governance.projects.service import ProjectService
from ecrin.storage.keyring.model import KEY_DOCUMENT_MAX_AGE, Purpose
from ecrin.storage.keyring.service import Keyring
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.identitytoolkit.context import PREFIX, PREFIX_V2, Context
from ecrin.web.routing import CLIENT_READ, OPEN, Handler, Route

GOOGLE = "/www.googleapis.com"
SECURE_TOKEN = "securetoken@system.gserviceaccount.com"  # noqa: S105
CACHE = f"public, max-age={KEY_DOCUMENT_MAX_AGE // 1000}, must-revalidate".encode()
SYMBOLS = list("^$*.[]{}()?\"!@#%&/\\,><':;|_~`-+= ")


class DocumentEndpoints:
    """Documents that anybody may read, and those that a client reads with its API key."""

    def __init__(self, context: Context, projects: ProjectService, keyring: Keyring) -> None:
        self._context = context
        self._projects = projects
        self._keyring = keyring

    def routes(self) -> list[Route]:
        """Return the routes; the key documents stand under Google's path and under the plain one."""
        routes = []
        for path, handler in self._keys().items():
            routes.append(Route("GET", f"{GOOGLE}{path}", OPEN, handler))
            routes.append(Route("GET", path, OPEN, handler))
        cookie_keys = self._document(Purpose.SESSION_COOKIE, jwks)
        return [
            *routes,
            Route("GET", f"{PREFIX}/sessionCookiePublicKeys", OPEN, cookie_keys),
            Route("GET", f"{PREFIX}/publicKeys", OPEN, self._document(Purpose.SESSION_COOKIE, x509_map)),
            Route("GET", f"{PREFIX}/projects", CLIENT_READ, self.project),
            Route("GET", f"{PREFIX_V2}/passwordPolicy", CLIENT_READ, self.password_policy),
            Route("GET", f"{PREFIX_V2}/recaptchaConfig", CLIENT_READ, self.recaptcha_config),
        ]

    def _keys(self) -> dict[str, Handler]:
        return {
            f"/robot/v1/metadata/x509/{SECURE_TOKEN}": self._document(Purpose.ID_TOKEN, x509_map),
            f"/service_accounts/v1/jwk/{SECURE_TOKEN}": self._document(Purpose.ID_TOKEN, jwks),
            "/identitytoolkit/v3/relyingparty/publicKeys": self._document(Purpose.SESSION_COOKIE, x509_map),
        }

    def _document(self, purpose: Purpose, shape: Callable[..., object]) -> Handler:
        async def handler(call: Call) -> Reply:
            return json_reply(shape(self._keyring.published(purpose, call.now)), cache=CACHE)

        return handler

    async def project(self, call: Call) -> Reply:
        """Return a project's public configuration."""
        project = await self._context.project(call)
        domains = list(project.settings.authorized_domains)
        return json_reply({"projectId": str(project.number), "authorizedDomains": domains})

    async def password_policy(self, call: Call) -> Reply:
        """Return what a password must be, as `validatePassword` of the SDK wants it."""
        project = await self._context.project(call)
        options = {"minPasswordLength": project.settings.min_password_length, "maxPasswordLength": 4096}
        return json_reply(
            {
                "customStrengthOptions": options,
                "allowedNonAlphanumericCharacters": SYMBOLS,
                "enforcementState": "ENFORCE",
                "forceUpgradeOnSignin": False,
                "schemaVersion": 1,
            }
        )

    async def recaptcha_config(self, call: Call) -> Reply:
        """Return that no reCAPTCHA is asked for."""
        await self._context.project(call)
        providers = ("EMAIL_PASSWORD_PROVIDER", "PHONE_PROVIDER")
        states = [{"provider": p, "enforcementState": "OFF"} for p in providers]
        return json_reply({"recaptchaEnforcementState": states})
