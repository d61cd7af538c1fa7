"""The page behind the links in mails, `/auth/action` (protocol sheet §5.5, for people instead of programs).

GET shows and never consumes, because mail scanners open links; POST consumes. `mode=signIn` is the exception that is
none: the app behind `continueUrl` completes it, so the page only leads there. A page leads to what was stored with the
code, never to what stands in its own address. Nothing here is logged, and no address of a form holds the code.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from ecrin.auth.errors import ExpiredOobCode, InvalidOobCode
from ecrin.base.messages import choose, known, text
from ecrin.errors import EcrinError, InvalidRequest, Overloaded, Refused
from ecrin.web.http import Call, Reply, parameters, redirect
from ecrin.web.pages.headers import from_own_page, guarded, origin_of
from ecrin.web.pages.links import web_link, with_parameters
from ecrin.web.pages.ports import CodeInfo, OutOfBand, Projects
from ecrin.web.pages.views import stylesheet_route, view
from ecrin.web.routing import OPEN, Route

PATH = "/auth/action"
MAX_FORM = 16 * 1024
SIGN_IN = "signIn"
RESET = "resetPassword"
PURPOSES = {
    RESET: ("PASSWORD_RESET", "reset_password"),
    "verifyEmail": ("VERIFY_EMAIL", "verify_email"),
    "verifyAndChangeEmail": ("VERIFY_AND_CHANGE_EMAIL", "verify_and_change_email"),
    "recoverEmail": ("RECOVER_EMAIL", "recover_email"),
    SIGN_IN: ("EMAIL_SIGNIN", ""),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link or a form asks for."""

    mode: str
    code: str = field(repr=False)
    api_key: str
    locale: str
    password: str = field(default="", repr=False)

    @classmethod
    def read(cls, values: dict[str, str], accepted: str) -> "Asked":
        """Return the wish of a query or a form; its language first, then what the browser accepts."""
        locale = choose(f"{values.get('lang', '')},{accepted}")
        mode, code, api_key, password = (values.get(name, "") for name in ("mode", "oobCode", "apiKey", "password"))
        return cls(mode, code, api_key, locale, password)


class ActionPage:
    """Shows what a link is for, and does it when the person says so.

    `addresses` are the server's own (`https://auth.example.org`): a form that a browser sent from elsewhere is refused.
    """

    def __init__(self, outofband: OutOfBand, projects: Projects, addresses: Collection[str]) -> None:
        self._outofband = outofband
        self._projects = projects
        self._origins = frozenset(origin_of(address) for address in addresses)

    def routes(self) -> list[Route]:
        """Return the routes of the page and of its stylesheet."""
        return [
            Route("GET", PATH, OPEN, self.show),
            Route("POST", PATH, OPEN, self.submit, max_body=MAX_FORM),
            stylesheet_route(),
        ]

    async def show(self, call: Call) -> Reply:
        """Answer GET: the form, or the way to the app. The code stays as it is."""
        asked = Asked.read(dict(call.query), call.header(b"accept-language"))
        try:
            info = await self._inspect(asked)
            return self._to_app(asked, info) if asked.mode == SIGN_IN else self._form(asked, info)
        except (Refused, Overloaded) as error:
            return _refusal(asked.locale, error)

    async def submit(self, call: Call) -> Reply:
        """Answer POST: do it. A password that is refused can be typed again; the code is still good then."""
        accepted = call.header(b"accept-language")
        if not from_own_page(call, self._origins):
            return _notice("page.foreign", choose(accepted), 403, bad=True)
        try:
            asked = Asked.read(_form_values(call.body), accepted)
        except InvalidRequest as error:
            return _refusal(choose(accepted), error)
        try:
            return await self._submit(asked, call)
        except (Refused, Overloaded) as error:
            return _refusal(asked.locale, error)

    async def _submit(self, asked: Asked, call: Call) -> Reply:
        info = await self._inspect(asked)
        if asked.mode == SIGN_IN:
            raise InvalidOobCode
        if asked.mode != RESET:
            return self._done(asked, await self._outofband.apply(asked.code, call.origin))
        try:
            return self._done(asked, await self._outofband.reset_password(asked.code, asked.password, call.origin))
        except (InvalidOobCode, ExpiredOobCode):
            raise
        except (Refused, Overloaded) as error:
            return self._form(asked, info, error)

    async def _inspect(self, asked: Asked) -> CodeInfo:
        purpose, _ = PURPOSES.get(asked.mode, ("", ""))
        if not purpose or not asked.code:
            raise InvalidOobCode
        info = await self._outofband.inspect(asked.code)
        if info.purpose != purpose:
            raise InvalidOobCode
        return info

    def _to_app(self, asked: Asked, info: CodeInfo) -> Reply:
        link = web_link(info.continue_url)
        if not link:
            return _notice("page.in_app", asked.locale, 200)
        names = {"mode": SIGN_IN, "oobCode": asked.code, "apiKey": asked.api_key, "lang": asked.locale}
        return guarded(redirect(with_parameters(link, names)))

    def _form(self, asked: Asked, info: CodeInfo, error: EcrinError | None = None) -> Reply:
        values = self._values(info)
        status = 200 if error is None else error.status
        shown = {"asked": asked, "path": PATH, "v": values, "error": error and _sentence(error, asked.locale, values)}
        return view("form.html", asked.locale, status, key=f"page.{PURPOSES[asked.mode][1]}", **shown)

    def _done(self, asked: Asked, info: CodeInfo) -> Reply:
        key, values = f"page.{PURPOSES[asked.mode][1]}", self._values(info)
        title = text(f"{key}.done_title", asked.locale)
        lead = text(f"{key}.done", asked.locale, **values)
        link = web_link(info.continue_url)
        return view("notice.html", asked.locale, title=title, lead=lead, bad=False, link=link, v=values, advice="")

    def _values(self, info: CodeInfo) -> dict[str, str]:
        project = self._projects.get(info.project_id)
        return {
            "email": info.email,
            "new_email": info.new_email or "",
            "project_name": project.display_name,
            "minimum": str(project.settings.min_password_length),
        }


def _form_values(body: bytes) -> dict[str, str]:
    try:
        return parameters(body.decode())
    except UnicodeDecodeError:
        raise InvalidRequest("The form is not UTF-8.") from None


def _refusal(locale: str, error: EcrinError) -> Reply:
    dead = isinstance(error, InvalidOobCode | ExpiredOobCode)
    key = "page.dead_link" if dead else "page.refused"
    return _notice(key, locale, error.status, lead=_sentence(error, locale, {"minimum": ""}), bad=True)


def _notice(key: str, locale: str, status: int, *, lead: str = "", bad: bool = False) -> Reply:
    shown = {"title": text(f"{key}.title", locale), "lead": lead, "advice": text(f"{key}.advice", locale)}
    return view("notice.html", locale, status, bad=bad, link="", v={"project_name": ""}, **shown)


def _sentence(error: EcrinError, locale: str, values: dict[str, str]) -> str:
    key = f"error.{error.code}"
    return text(key, locale, **values) if known(key) else str(error)
