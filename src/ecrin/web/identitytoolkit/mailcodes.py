"""accounts:sendOobCode and resetPassword: the codes that travel by mail (protocol sheet §3)."""

from ecrin.auth.errors import (
    InsufficientPermission,
    InvalidIdToken,
    InvalidOobCode,
    InvalidReqType,
    MissingEmail,
    MissingOobCode,
    MissingReqType,
    NotServed,
)
from ecrin.auth.outofband.model import CodeInfo, Purpose, Wanted
from ecrin.auth.outofband.service import OutOfBandService
from ecrin.base.messages import choose
from ecrin.governance.projects.model import Project
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.context import PREFIX, Context
from ecrin.web.identitytoolkit.decoding import REQ_TYPES, named
from ecrin.web.identitytoolkit.users import KIND
from ecrin.web.routing import ADMIN_WRITE, CLIENT, Route

OF_A_USER = frozenset({Purpose.VERIFY_EMAIL, Purpose.VERIFY_AND_CHANGE_EMAIL})
ASKED_FOR = OF_A_USER | {Purpose.PASSWORD_RESET, Purpose.EMAIL_SIGNIN}


class MailCodeEndpoints:
    """Sends codes and takes them back."""

    def __init__(self, context: Context, outofband: OutOfBandService) -> None:
        self._context = context
        self._outofband = outofband

    def routes(self) -> list[Route]:
        """Return the routes."""
        admin = f"{PREFIX}/projects/{{project}}/accounts:sendOobCode"
        return [
            Route("POST", f"{PREFIX}/accounts:sendOobCode", CLIENT, self.send, messages.SendOobCode),
            Route("POST", admin, ADMIN_WRITE, self.send, messages.SendOobCode),
            Route("POST", f"{PREFIX}/accounts:resetPassword", CLIENT, self.reset, messages.ResetPassword),
        ]

    async def send(self, call: Call) -> Reply:
        """Mail a code; to an administrator who asks for it, the link is shown instead."""
        body: messages.SendOobCode = call.body
        project = await self._context.project(call)
        wanted = Wanted(
            purpose=_purpose(body.request_type),
            locale=_locale(call),
            api_key=call.query.get("key", ""),
            continue_url=body.continue_url or None,
            new_email=body.new_email,
        )
        if call.caller.privileged and (body.return_oob_link or not body.id_token):
            return await self._administrators(project, wanted, call)
        if body.return_oob_link:
            raise InsufficientPermission
        if wanted.purpose in OF_A_USER:
            if not body.id_token:
                raise InvalidIdToken
            email = await self._outofband.send_to_user(project, wanted, body.id_token, call.origin)
        else:
            if not body.email:
                raise MissingEmail
            email = await self._outofband.send_to_address(project, wanted, body.email, call.origin)
        return json_reply({"kind": f"{KIND}GetOobConfirmationCodeResponse", "email": email})

    async def reset(self, call: Call) -> Reply:
        """Tell what a code is for, or set a new password with it."""
        body: messages.ResetPassword = call.body
        project = await self._context.project(call)
        if body.old_password is not None:
            raise NotServed("Resetting by the old password is not served.")
        if not body.oob_code:
            raise MissingOobCode
        info = await require_code_of(project, body.oob_code, self._outofband)
        if body.new_password is not None:
            info = await self._outofband.reset_password(body.oob_code, body.new_password, call.origin)
        return json_reply({"kind": f"{KIND}ResetPasswordResponse", **_told(info)})

    async def _administrators(self, project: Project, wanted: Wanted, call: Call) -> Reply:
        body: messages.SendOobCode = call.body
        if not body.email:
            raise MissingEmail
        shown = bool(body.return_oob_link)
        issued = await self._outofband.link_for(project, wanted, body.email, call.origin, mailed=not shown)
        reply = {"kind": f"{KIND}GetOobConfirmationCodeResponse", "email": issued.email}
        if shown:
            reply |= {"oobCode": issued.code.reveal(), "oobLink": issued.link.reveal()}
        return json_reply(reply)


async def require_code_of(project: Project, code: str, outofband: OutOfBandService) -> CodeInfo:
    """Return what a good code is for, and leave it as it is; raises `InvalidOobCode` for another project's."""
    info = await outofband.inspect(code)
    if info.project_id != project.id:
        raise InvalidOobCode
    return info


def _purpose(request_type: str | int | None) -> Purpose:
    name = named(request_type, REQ_TYPES)
    if not name:
        raise MissingReqType
    if name not in ASKED_FOR:
        raise InvalidReqType
    return Purpose(name)


def _locale(call: Call) -> str:
    return choose(f"{call.header(b'x-firebase-locale')},{call.header(b'accept-language')}")


def _told(info: CodeInfo) -> dict[str, str]:
    """Return what a code tells: a sign-in code does not tell its address, which its holder must know."""
    told = {"requestType": info.purpose.value}
    if info.purpose is not Purpose.EMAIL_SIGNIN:
        told["email"] = info.email
    if info.new_email is not None:
        told["newEmail"] = info.new_email
    return told
