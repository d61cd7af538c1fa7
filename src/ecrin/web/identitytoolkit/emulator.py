"""The emulator's own routes (protocol sheet §5.5): `ecrin dev` alone has them."""

from dataclasses import replace
from typing import Any

import msgspec

from ecrin.auth.accounts.bulk import BulkService
from ecrin.auth.errors import InvalidOobCode, MissingContinueUri
from ecrin.auth.outofband.codes import CodeBook
from ecrin.auth.outofband.model import Code, CodeInfo, Purpose
from ecrin.auth.outofband.rules import MODES
from ecrin.auth.outofband.service import OutOfBandService
from ecrin.errors import EcrinError
from ecrin.governance.projects.model import Project
from ecrin.governance.projects.service import ProjectService
from ecrin.web.http import Call, Reply, json_reply, redirect
from ecrin.web.pages.links import with_parameters
from ecrin.web.routing import OPEN, Route

PREFIX = "/emulator/v1/projects/{project}"
ACTION_PATH = "/emulator/action"


class SignInConfig(msgspec.Struct, rename="camel", kw_only=True):
    """The part of the configuration about sign-in."""

    allow_duplicate_emails: bool | None = None


class PrivacyConfig(msgspec.Struct, rename="camel", kw_only=True):
    """The part of the configuration about e-mail privacy."""

    enable_improved_email_privacy: bool | None = None


class Config(msgspec.Struct, rename="camel", kw_only=True):
    """The emulator's configuration of a project."""

    sign_in: SignInConfig | None = None
    email_privacy_config: PrivacyConfig | None = None


class EmulatorEndpoints:
    """Reset, configuration, and codes in the clear; loopback development only."""

    def __init__(
        self, projects: ProjectService, bulk: BulkService, codes: CodeBook, outofband: OutOfBandService
    ) -> None:
        self._projects = projects
        self._bulk = bulk
        self._codes = codes
        self._outofband = outofband

    def routes(self) -> list[Route]:
        """Return the routes; none asks for a credential, as in the emulator."""
        return [
            Route("DELETE", f"{PREFIX}/accounts", OPEN, self.clear),
            Route("GET", f"{PREFIX}/config", OPEN, self.config),
            Route("PATCH", f"{PREFIX}/config", OPEN, self.configure, Config),
            Route("GET", f"{PREFIX}/oobCodes", OPEN, self.oob_codes),
            Route("GET", f"{PREFIX}/verificationCodes", OPEN, self.verification_codes),
            Route("GET", ACTION_PATH, OPEN, self.action),
        ]

    async def clear(self, call: Call) -> Reply:
        """Delete every account of a project."""
        project = await self._projects.open(call.params["project"], call.origin)
        await self._bulk.delete_all(project.id, call.origin)
        return json_reply({})

    async def config(self, call: Call) -> Reply:
        """Return the configuration."""
        return json_reply(_config(await self._projects.open(call.params["project"], call.origin)))

    async def configure(self, call: Call) -> Reply:
        """Change the configuration; what is absent stays."""
        project = await self._projects.open(call.params["project"], call.origin)
        body: Config = call.body
        changes: dict[str, object] = {}
        if body.sign_in and body.sign_in.allow_duplicate_emails is not None:
            changes["allow_duplicate_emails"] = body.sign_in.allow_duplicate_emails
        if body.email_privacy_config and body.email_privacy_config.enable_improved_email_privacy is not None:
            changes["email_enumeration_protection"] = body.email_privacy_config.enable_improved_email_privacy
        if changes:
            project = await self._projects.update(project.id, changes, call.origin)
        return json_reply(_config(project))

    async def oob_codes(self, call: Call) -> Reply:
        """Return the codes that were mailed and are still good."""
        project = await self._projects.open(call.params["project"], call.origin)
        codes = await self._codes.readable(project)
        return json_reply({"oobCodes": [_code(code, link) for code, link in codes]})

    async def verification_codes(self, call: Call) -> Reply:
        """Return that there are no SMS codes in this version."""
        await self._projects.open(call.params["project"], call.origin)
        return json_reply({"verificationCodes": []})

    async def action(self, call: Call) -> Reply:
        """Apply the code of a link by GET, as the emulator does; `serve` shows a page instead."""
        try:
            info = await self._apply(call)
        except EcrinError as error:
            failed = {"error": f"{error.code}: {error}", "instructions": error.advice}
            return json_reply({"authEmulator": failed}, 400)
        if info.continue_url:
            return redirect(info.continue_url)
        return json_reply({"authEmulator": {"success": f"{info.purpose.value} is done.", "email": info.email}})

    async def _apply(self, call: Call) -> CodeInfo:
        code, mode = call.query.get("oobCode", ""), call.query.get("mode", "")
        info = await self._outofband.inspect(code)
        if MODES[info.purpose] != mode:
            raise InvalidOobCode
        if info.purpose is Purpose.EMAIL_SIGNIN:
            return _continued(info, call)
        if info.purpose is Purpose.PASSWORD_RESET:
            password = call.query.get("newPassword", "")
            return await self._outofband.reset_password(code, password, call.origin)
        return await self._outofband.apply(code, call.origin)


def _continued(info: CodeInfo, call: Call) -> CodeInfo:
    """Return where the app takes the code from: its own address with the code behind it."""
    if not info.continue_url:
        raise MissingContinueUri("The link has no continueUrl to go to.")
    carried = {name: call.query[name] for name in ("mode", "lang", "oobCode", "apiKey") if name in call.query}
    return replace(info, continue_url=with_parameters(info.continue_url, carried))


def _config(project: Project) -> dict[str, Any]:
    settings = project.settings
    return {
        "signIn": {"allowDuplicateEmails": settings.allow_duplicate_emails},
        "emailPrivacyConfig": {"enableImprovedEmailPrivacy": settings.email_enumeration_protection},
    }


def _code(code: Code, link: str) -> dict[str, str]:
    entry = {"email": code.email, "requestType": code.purpose.value, "oobLink": link}
    if code.readable is not None:
        entry["oobCode"] = code.readable.reveal()
    return entry | {"newEmail": code.new_email} if code.new_email else entry
