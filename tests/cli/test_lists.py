"""Lists that come in pages: `--limit` counts items, and what is left out is said."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ecrin.cli.apps import PAGE, pages
from ecrin.cli.connection import Connection, Reply

ITEMS = [{"n": n} for n in range(2500)]


def ask(method: str, path: str, body: Any, query: Mapping[str, Any]) -> Reply:
    start, size = int(query.get("cursor", 0)), int(query["limit"])
    assert size <= PAGE
    following = str(start + size) if start + size < len(ITEMS) else None
    return Reply(200, "", json.dumps({"items": ITEMS[start : start + size], "next_cursor": following}).encode())


@pytest.mark.parametrize(
    ("limit", "shown", "more"),
    [(0, 2500, False), (1, 1, True), (1500, 1500, True), (2500, 2500, False), (9999, 2500, False)],
)
def test_as_many_are_shown_as_were_asked_for(
    limit: int, shown: int, more: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pages(Connection(ask), "/x", "items", limit) == ITEMS[:shown]
    assert ("There are more" in capsys.readouterr().err) == more
