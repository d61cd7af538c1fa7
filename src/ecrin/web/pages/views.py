"""Templates to replies. Every value is escaped (A29); every word comes from the catalogues."""

from functools import cache, partial
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec.structs import replace

from ecrin.base.messages import DEFAULT, LOCALES, choose, known, text
from ecrin.errors import EcrinError, Overloaded
from ecrin.web.http import HTML, Call, Reply
from ecrin.web.pages.headers import guarded
from ecrin.web.routing import OPEN, Route

STYLESHEET = "/auth/pages.css"
RETRY_AFTER = (b"retry-after", str(Overloaded.retry_after).encode())


def view(template: str, locale: str, status: int = 200, **values: object) -> Reply:
    """Return a page; its template gets the values, `locale`, and `t(key, ...)` for sentences."""
    page = (
        _environment()
        .get_template(template)
        .render(
            values | {"locale": choose(locale), "t": partial(text, locale=locale), "stylesheet": _stylesheet_address()}
        )
    )
    return guarded(Reply(status, page.encode(), HTML, headers=((b"content-language", choose(locale).encode()),)))


def problem_page(error: EcrinError) -> Reply:
    """Return the page of an error that reached the surface itself (its `ProblemEncoder`).

    Nothing is known of the reader there, so it speaks every language.
    """
    key = "page.refused" if error.status < 500 else "page.broken"
    languages = [(locale, partial(text, locale=locale)) for locale in LOCALES]
    reply = view("problem.html", DEFAULT, error.status, key=key, code=error.code, languages=languages, known=known)
    return reply if error.status != 503 else replace(reply, headers=(*reply.headers, RETRY_AFTER))


def stylesheet_route() -> Route:
    """Return the route of the one stylesheet."""

    async def serve(_: Call) -> Reply:
        return guarded(Reply(200, _stylesheet(), b"text/css; charset=utf-8", cache=b"public, max-age=86400"))

    return Route("GET", STYLESHEET, OPEN, serve)


@cache
def _environment() -> Environment:
    loader = PackageLoader(__package__)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def _stylesheet() -> bytes:
    return resources.files(__package__).joinpath("templates/pages.css").read_bytes()


@cache
def _stylesheet_address() -> str:
    return f"{STYLESHEET}?v={sha256(_stylesheet()).hexdigest()[:8]}"
