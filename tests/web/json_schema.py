"""The part of JSON Schema 2020-12 that our OpenAPI document uses, read strictly.

A keyword that is not known here is an error and not passed over; so is a member of a value that its schema does not
name, for a generated client would not have it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
WORDS = {"title", "description", "format", "default"}  # for readers and generators: they refuse no value
KNOWN = WORDS | {"type", "enum", "anyOf", "properties", "required", "additionalProperties", "items", "$ref"}


def complaints(value: Any, schema: Schema, parts: Mapping[str, Schema], at: str = "reply") -> Iterator[str]:
    """Yield what is wrong with a value; `parts` are the components that references name."""
    unknown = schema.keys() - KNOWN
    assert not unknown, f"{at}: {unknown} is not checked"
    if "$ref" in schema:
        yield from complaints(value, parts[schema["$ref"].rpartition("/")[2]], parts, at)
    if "anyOf" in schema and all(any(complaints(value, option, parts, at)) for option in schema["anyOf"]):
        yield f"{at}: {value!r} is none of {len(schema['anyOf'])}"
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{at}: {value!r} is no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from complaints(item, schema.get("items", {}), parts, f"{at}[{i}]")
    elif isinstance(value, dict) and "type" in schema:
        yield from _members(value, schema, parts, at)


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _members(value: dict[str, Any], schema: Schema, parts: Mapping[str, Schema], at: str) -> Iterator[str]:
    named, others = schema.get("properties", {}), schema.get("additionalProperties")
    yield from (f"{at}: {name} is not there" for name in schema.get("required", []) if name not in value)
    for name, member in value.items():
        found = named.get(name, others)
        if not isinstance(found, dict):
            yield f"{at}: {name} is not described"
        else:
            yield from complaints(member, found, parts, f"{at}.{name}")
