"""The description of our API: OpenAPI 3.1 at /api/openapi.json and as a page at /api/docs.

It is made of the route table and of the msgspec types of queries, bodies and replies, so it cannot differ from what is
served.
Both are open to everybody: they say nothing that the documentation does not say.
"""

import html
import inspect
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

import msgspec

from ecrin import __version__
from ecrin.web.http import HTML, Call, Reply, json_reply
from ecrin.web.problem import Problem
from ecrin.web.routing import OPEN, Access, Need, Route

JSON_PATH = "/api/openapi.json"
PAGE_PATH = "/api/docs"
API = "/api/v1/"
SCHEMA = "#/components/schemas/{name}"
_PLACE = re.compile(r"\{(\w+)\}")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;"
    "background:#fff}h2{margin-top:2.5rem}summary{cursor:pointer;padding:.4rem 0}code,pre{font:14px/1.5 ui-monospace,"
    "monospace}pre{background:#f4f4f6;padding:.75rem;overflow:auto}b.method{display:inline-block;min-width:4.5rem}"
    "@media(prefers-color-scheme:dark){body{color:#e8e8ec;background:#17171a}pre{background:#24242a}a{color:#9ab8ff}}"
)
_POLICY = (
    b"default-src 'none'; style-src 'sha256-"
    + b64encode(sha256(_STYLE.encode()).digest())
    + b"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class OpenApiEndpoints:
    """The description, made when it is asked for the first time."""

    def __init__(self, described: Iterable[Route]) -> None:
        self._described = tuple(described)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("GET", JSON_PATH, OPEN, self.document), Route("GET", PAGE_PATH, OPEN, self.page)]

    async def document(self, call: Call) -> Reply:
        """Return the OpenAPI document."""
        return json_reply(self._document)

    async def page(self, call: Call) -> Reply:
        """Return the same as a page."""
        headers = ((b"content-security-policy", _POLICY), (b"x-frame-options", b"DENY"))
        return Reply(200, self._page, HTML, headers)

    @cached_property
    def _document(self) -> dict[str, Any]:
        return describe(self._described)

    @cached_property
    def _page(self) -> bytes:
        return render(self._document).encode()


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the routes under /api/v1."""
    ours = [route for route in routes if route.path.startswith(API)]
    types = list(dict.fromkeys([Problem, *(t for r in ours for t in (r.body, r.reply) if t is not None)]))
    schemas, components = msgspec.json.schema_components(types, ref_template=SCHEMA)
    known = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ours:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Écrin", "version": __version__, "description": "What operators and CI do."},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _typed(components),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _typed(schema: Any) -> Any:
    """Return a schema whose enumerations say that they are of strings: generators ask for it, and msgspec does not."""
    if isinstance(schema, list):
        return [_typed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    typed = {name: _typed(value) for name, value in schema.items()}
    return {"type": "string", **typed} if isinstance(schema.get("enum"), list) else typed


def needed(access: Access, path: str) -> str:
    """Return in words what a caller of a route needs."""
    if access.need is Need.CREDENTIAL_OF_BODY:
        return "Needs a credential; what it covers is shown."
    place = "/".join(f"{{{p}}}" for p in ("project", "app", "channel") if f"{{{p}}}" in path)
    if access.need is Need.APP:
        place = f"{{project}}/{place}"
    scope = f"{place if access.need is not Need.INSTANCE else '*'}:{access.verb.name.lower()}"
    return f"Needs {scope}{', or that in a part of it' if access.part else ''}."


def _operation(route: Route, known: Mapping[type, Any]) -> dict[str, Any]:
    summary = inspect.getdoc(route.handler) or ""
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^A-Za-z0-9]+', '_', route.path.removeprefix(API[:-1]))}",
        "summary": " ".join(summary.partition("\n\n")[0].split()),
        "description": needed(route.access, route.path),
        "tags": [_tag(route.path)],
        "parameters": [*map(_in_path, _PLACE.findall(route.path)), *_in_query(route.query)],
        "responses": {
            **_done(route, known),
            "default": {"description": "Refused.", "content": _json(known[Problem], "problem+")},
        },
    }
    if route.stream:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(known[route.body])}
    return operation


def _done(route: Route, known: Mapping[type, Any]) -> dict[str, Any]:
    if route.reply is None:
        return {"204": {"description": "Done."}}
    return {str(route.status): {"description": "Done.", "content": _json(known[route.reply])}}


def _tag(path: str) -> str:
    """Return the last noun of a path that is not a place: what the call is about."""
    nouns = [part.partition(":")[0] for part in path.split("/")[3:] if not part.startswith("{")]
    return nouns[-1] if nouns else "projects"


def _json(schema: Any, kind: str = "") -> dict[str, Any]:
    return {f"application/{kind}json": {"schema": schema}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(query: type | None) -> Iterator[dict[str, Any]]:
    if query is None:
        return
    _, found = msgspec.json.schema_components([query])
    described = found[query.__name__]
    for name, schema in described["properties"].items():
        yield {"name": name, "in": "query", "required": name in described["required"], "schema": _typed(schema)}


def render(document: Mapping[str, Any]) -> str:
    """Return the document as one page that loads nothing else."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_call(method, path, operation, document))
    parts = "".join(f"<h2>{html.escape(tag)}</h2>{''.join(calls)}" for tag, calls in by_tag.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Écrin API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>Écrin API {html.escape(document['info']['version'])}</h1>"
        f'<p>Send <code>Authorization: Bearer TOKEN</code>. For programs: <a href="{JSON_PATH}">OpenAPI 3.1</a>.</p>'
        f"<details><summary>What is refused is answered in one shape</summary>"
        f"{_shape('Refusal', 'application/problem+json', document['components']['schemas']['Problem'], document)}"
        f"</details>{parts}</body></html>"
    )


def _call(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    status, done = next(iter(operation["responses"].items()))
    bodies = {
        "Body": operation.get("requestBody", {}).get("content", {}),
        f"Reply {status}": done.get("content", {}),
    }
    query = [p["name"] for p in operation["parameters"] if p["in"] == "query"]
    summary, needs = html.escape(operation["summary"]), html.escape(operation["description"])
    head = f"<b class=method>{method.upper()}</b> <code>{html.escape(path)}</code> {summary}"
    parts = [f"<details><summary>{head}</summary><p>{needs}</p>"]
    if query:
        parts.append(f"<p>Query: {', '.join(f'<code>{html.escape(name)}</code>' for name in query)}</p>")
    for title, content in bodies.items():
        parts += [_shape(title, kind, media.get("schema", {}), document) for kind, media in content.items()]
    if "content" not in done:
        parts.append(f"<p>Reply {status}, without a body</p>")
    return "".join([*parts, "</details>"])


def _shape(title: str, kind: str, schema: Any, document: Mapping[str, Any]) -> str:
    shown = json.dumps(_resolved(schema, document), indent=2, ensure_ascii=False)
    return f"<p>{title}, <code>{html.escape(kind)}</code></p><pre>{html.escape(shown)}</pre>"


def _resolved(schema: Any, document: Mapping[str, Any]) -> Any:
    """Return a schema with its references followed, as a reader wants to see it; none leads back to itself."""
    if isinstance(schema, list):
        return [_resolved(item, document) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    return {name: _resolved(value, document) for name, value in schema.items()}
