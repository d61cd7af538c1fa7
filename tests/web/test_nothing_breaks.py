"""Whatever is sent to a known call, the answer is no 5xx, and alike on both engines in that (attacks A7, A39).

The bodies are built from the members that a call knows, of mostly the right types, with facts of a real user among the
values: what is refused at once would never reach a handler.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecrin.web.identitytoolkit import messages
from harness import Instance
from web.wire import Facts, code_for, filled

ROWS = (messages.ImportedUser, messages.Expression, messages.FederatedUser)
SINGLE = (messages.Provider, messages.Mfa)
FACTS = ["$idToken", "$refreshToken", "$localId", "$email", "$code", "$password"]
WEIRD = ["", "bob@example.org", "x", "\x00", "\U0010ffff", "a" * 3000, "%", "1", "-1", "{}", "[]", "null", "\u202e"]
ENUMS = ["PASSWORD_RESET", "EMAIL_SIGNIN", "VERIFY_EMAIL", "DISPLAY_NAME", "EMAIL", "PASSWORD", "NAME", "DESC"]
texts = st.sampled_from([*FACTS, *WEIRD, *ENUMS]) | st.text(max_size=12)
numbers = st.integers(-(2**70), 2**70) | st.integers(0, 9) | st.sampled_from(["1", "x", ""])
anything = texts | numbers | st.none() | st.booleans() | st.lists(texts, max_size=2)


def bodies(kind: Any) -> st.SearchStrategy[Facts]:
    """Bodies of a request type, each with some of its members."""
    fields = msgspec.structs.fields(kind)
    members = {field.encode_name: st.one_of(*[_values(str(field.type))] * 4, anything) for field in fields}
    return st.fixed_dictionaries({}, optional=members)


def _values(annotation: str) -> st.SearchStrategy[Any]:
    for kind in ROWS:
        if kind.__name__ in annotation:
            return st.lists(bodies(kind), max_size=3)
    for kind in SINGLE:
        if f"messages.{kind.__name__}" in annotation:
            return bodies(kind)
    if "list" in annotation:
        return st.lists(texts, max_size=3)
    if "bool" in annotation:
        return st.booleans()
    return numbers if "int" in annotation and "str" not in annotation else texts


REQUESTS = [
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, messages.Request | messages.Refresh) and kind is not messages.Request
]
requests = st.sampled_from(REQUESTS).flatmap(lambda kind: st.tuples(st.just(kind), bodies(kind)))


@pytest.mark.parametrize("credential", ["key", "operator"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(request_=requests)
async def test_fuzz_no_body_breaks_a_call(
    dev: Instance, ada: Facts, credential: str, request_: tuple[type, Facts]
) -> None:
    kind, body = request_
    coded = "$code" in str(body)
    facts = {**ada, "code": await code_for(dev, "EMAIL_SIGNIN", "ada@example.org") if coded else ""}
    asked: dict[str, Any] = {"headers": dev.bearer} if credential == "operator" else _keyed(dev)
    paths = [route.path for route in dev.app.web.table.routes if route.body is kind]

    for path in paths:
        url = path.replace("{project}", dev.project.id)
        reply = await dev.http.post(url, json=filled(body, facts), **asked)
        assert reply.status_code < 500 or reply.status_code == 501, (path, body, reply.text)
        assert isinstance(reply.json(), dict)
    assert paths


def _keyed(dev: Instance) -> dict[str, Any]:
    return {"params": {"key": dev.project.api_keys[0]}}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=st.text(max_size=10), value=st.text(max_size=40), path=st.text(max_size=40))
async def test_fuzz_no_query_and_no_path_breaks_a_call(strict: Instance, name: str, value: str, path: str) -> None:
    for start in ("/identitytoolkit.googleapis.com/v1/projects", "/api/v1/projects", "/auth", ""):
        query = {name: value, "key": value, "oobCode": value, "nextPageToken": value, "maxResults": value}
        url = f"http://127.0.0.1:9099{start}/" + "".join(f"%{byte:02x}" for byte in path.encode())
        for headers in ({}, strict.bearer):
            reply = await strict.http.get(url, params=query, headers=headers)
            assert reply.status_code < 500, (url, query, reply.text)
