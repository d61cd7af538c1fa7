"""/api/openapi.json and /api/docs: what is described is what is served."""

import hashlib
import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from typing import Any

import pytest

from ecrin.web.routing import Need
from harness import Instance
from web.wire import bearer

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
async def document(strict: Instance) -> dict[str, Any]:
    return dict((await strict.http.get("/api/openapi.json")).json())


async def test_every_route_of_the_api_is_described_and_nothing_else(strict: Instance, document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(r.method, r.path) for r in strict.app.web.table.routes if r.path.startswith("/api/v1/")}


async def test_it_is_openapi_3_1_with_unique_operations(document: dict[str, Any]) -> None:
    operations = [op for methods in document["paths"].values() for op in methods.values()]
    assert document["openapi"] == "3.1.0"
    assert {method for methods in document["paths"].values() for method in methods} <= METHODS
    assert len({op["operationId"] for op in operations}) == len(operations)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", op["operationId"]) for op in operations)
    assert all(op["summary"] and op["description"] for op in operations)


async def test_every_place_of_a_path_is_a_parameter(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            names = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert names == set(re.findall(r"\{(\w+)\}", path))


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', json.dumps(document, separators=(",", ":"))))
    assert found
    assert found <= document["components"]["schemas"].keys()


async def test_a_body_is_described_by_the_type_that_reads_it(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/v1/apps/{app}/channels"]["post"]["requestBody"]["content"]["application/json"]
    schema = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
    assert schema["required"] == ["name"]
    assert schema["properties"]["public"] == {"type": "boolean"}
    assert schema["additionalProperties"] is False


async def test_an_enumeration_is_one_of_strings(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert text.count('"enum"') == len(re.findall(r'"type": "string"[^{}]*"enum"', text)) > 10


async def test_a_query_is_described_by_its_type(document: dict[str, Any]) -> None:
    def query(what: str) -> dict[str, Any]:
        found = document["paths"][f"/api/v1/apps/{{app}}/{what}"]["get"]["parameters"]
        return {p["name"]: (p["required"], p["schema"]["type"]) for p in found if p["in"] == "query"}

    assert query("devices") == {"limit": (False, "integer"), "cursor": (False, "string")}
    assert query("bundles") == {"cursor": (False, "string")}
    assert query("stats/adoption") == {"version": (True, "string"), "platform": (False, "string")}


async def test_the_scope_that_a_call_needs_is_said(document: dict[str, Any]) -> None:
    paths = document["paths"]
    said = {
        ("/api/v1/apps/{app}", "delete"): "Needs {project}/{app}:all.",
        ("/api/v1/apps/{app}/channels/{channel}", "patch"): "Needs {project}/{app}/{channel}:upload.",
        ("/api/v1/apps/{app}/channels", "get"): "Needs {project}/{app}:read, or that in a part of it.",
        ("/api/v1/projects/{project}", "get"): "Needs {project}:read.",
        ("/api/v1/projects", "post"): "Needs *:all.",
    }
    assert {at: paths[at[0]][at[1]]["description"] for at in said} == said


async def test_every_need_has_words(strict: Instance) -> None:
    ours = [r for r in strict.app.web.table.routes if r.path.startswith("/api/v1/")]
    assert {r.access.need for r in ours} == {Need.APP, Need.CREDENTIAL, Need.CREDENTIAL_OF_BODY, Need.INSTANCE}


class Page(HTMLParser):
    """What a browser would load or run, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.style = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "style" and not self.style:
            self.style = data


async def test_the_page_shows_every_call_and_loads_nothing(strict: Instance, document: dict[str, Any]) -> None:
    reply = await strict.http.get("/api/docs")
    page = Page()
    page.feed(reply.text)

    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert all(path in reply.text for path in document["paths"])
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "form", "object", "base"})
    assert [a["href"] for tag, a in page.tags if tag == "a"] == ["/api/openapi.json"]
    assert not any(name.startswith("on") or name in {"src", "style"} for _, a in page.tags for name in a)


async def test_the_page_shows_what_is_in_lists_and_how_refusals_look(strict: Instance) -> None:
    text = (await strict.http.get("/api/docs")).text
    assert "$ref" not in text
    assert all(f"&quot;{name}&quot;" in text for name in ("retention_days", "success_rate", "hint"))


async def test_the_page_is_allowed_its_own_style_and_nothing_else(strict: Instance) -> None:
    reply = await strict.http.get("/api/docs")
    page = Page()
    page.feed(reply.text)
    policy = reply.headers["content-security-policy"]

    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    (allowed,) = directives.pop("style-src")
    assert b64decode(allowed.removeprefix("'sha256-").rstrip("'")) == hashlib.sha256(page.style.encode()).digest()
    assert directives == {name: ["'none'"] for name in ("default-src", "frame-ancestors", "base-uri", "form-action")}
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/docs"])
async def test_the_description_names_no_project_app_or_token(strict: Instance, path: str) -> None:
    text = (await strict.http.get(path, headers=strict.bearer)).text
    assert strict.project.id not in text
    assert strict.operator not in text
    assert (await strict.http.get(path, headers=bearer("ecrin_ci_wrong"))).status_code == 401
