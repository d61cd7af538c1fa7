"""The unmodified Firebase JS SDK, in Node, against both modes of the server: a test a scenario."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RUNNER = Path(__file__).with_name("run.mjs")
pytestmark = pytest.mark.xdist_group("js-node")


class Node:
    """One Node process that plays scenarios, a line in and a line out; each scenario gets apps of its own."""

    def __init__(self, node: str) -> None:
        self._process = subprocess.Popen([node, RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def play(self, scenario: str, server: dict[str, Any]) -> dict[str, Any]:
        self._process.stdin.write(json.dumps({"scenario": scenario, "server": server}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"Node ended while playing {scenario}: exit code {self._process.wait()}"
        return json.loads(line)

    def close(self) -> None:
        with self._process:
            self._process.stdin.close()


@pytest.fixture(scope="module")
def runner(node: str) -> Iterator[Node]:
    runner = Node(node)
    yield runner
    runner.close()


def test_unmodified_sdk_in_node(runner, desk, scenario):
    result = runner.play(scenario, desk.facts)
    assert result["ok"], result["error"]
