"""Whole sessions at the command line, as text: `transcripts/*.txt`, each against a real `ecrin serve` of its own.

    # a comment
    $ a command, for the shell
    ! what it says on standard error, before
    what it prints on standard output, where <name> stands for a word that must be the same in the whole transcript, in
    commands too, and <...> for anything on its line
    [1]                                   its exit code, if it is not 0

`ask URL [BODY]` stands for whatever asks a server by HTTP.

Columns may be of any width: two blanks and more count as two.
"""

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from server_process import environment, started

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
BIN = f"{Path(sys.executable).parent}:{Path(__file__).parent / 'bin'}"
PLACE = re.compile(r"<(\w+|\.\.\.)>")


@dataclass
class Step:
    """A command with what is expected of it."""

    command: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


def steps(text: str) -> list[Step]:
    found: list[Step] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:]))
        elif re.fullmatch(r"\[\d+\]", line):
            found[-1].code = int(line[1:-1])
        elif line.startswith("!"):
            found[-1].err.append(line[2:])
        elif found and not line.startswith("# "):
            found[-1].out.append(line)
    return found


def normal(lines: str) -> str:
    return re.sub(r" {2,}", "  ", lines.strip("\n"))


def matched(expected: list[str], seen: str, names: dict[str, str]) -> bool:
    """Compare, and remember the words that the places stand for."""
    fresh: set[str] = set()

    def pattern(place: re.Match[str]) -> str:
        name = place[1]
        if name == "...":
            return ".*"
        if name in names:
            return re.escape(names[name])
        if name in fresh:
            return f"(?P={name})"
        fresh.add(name)
        return f"(?P<{name}>\\S+)"

    parts = PLACE.split(normal("\n".join(expected)))
    places = list(PLACE.finditer(normal("\n".join(expected))))
    wanted = "".join(re.escape(part) if i % 2 == 0 else pattern(places[i // 2]) for i, part in enumerate(parts))
    found = re.fullmatch(wanted, normal(seen))
    if found is not None:
        names.update(found.groupdict())
    return found is not None


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, data: Path, tmp_path: Path) -> None:
    names: dict[str, str] = {}
    env = environment(PATH=f"{BIN}:/usr/bin:/bin")
    with started(data) as server:
        names["url"], names["key"] = server.url, server.key
        for step in steps(path.read_text("utf-8")):
            command = PLACE.sub(lambda place: shlex.quote(names[place[1]]), step.command)
            done = subprocess.run(
                ["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
            )
            told = f"$ {command}\n{done.stdout}--- standard error\n{done.stderr}[{done.returncode}]"
            assert matched(step.out, done.stdout, names), told
            assert matched(step.err, done.stderr, names), told
            assert done.returncode == step.code, told
        assert server.log.read_text() == ""


def test_there_are_transcripts() -> None:
    assert {"users", "projects", "keys", "tokens", "misuse", "push", "statistics"} <= {
        path.stem for path in TRANSCRIPTS
    }


def test_the_reader_of_transcripts_sees_what_differs() -> None:
    names: dict[str, str] = {}
    assert matched(["id  <id>", "again <id>"], "id     x1\nagain x1\n", names)
    assert names == {"id": "x1"}
    assert not matched(["id <id>"], "id x2", names)
    assert not matched(["one"], "one\ntwo", names)
    assert not matched([], "something", names)
