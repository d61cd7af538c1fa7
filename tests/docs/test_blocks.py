"""Every block of shell, Python and JavaScript in the README and in docs/ does what its page says."""

import shutil
from typing import Any

import pytest

from docs.conftest import GUIDES

TOOLS = {"sh": ("bash",), "js": ("node",), "python": ()}


def test_the_block_runs_as_it_is_written(workplace: Any, block: Any) -> None:
    """It ends without an error and prints what the page says; JavaScript is only parsed where its packages are not."""
    if workplace.missed:
        pytest.skip(f"{workplace.missed} was skipped: {block}, which follows it, cannot be run")
    for tool in (*TOOLS[block.language], *(["curl"] if "curl" in block.text else [])):
        if shutil.which(tool) is None:
            workplace.missed = str(block) if block.page in GUIDES else ""
            pytest.skip(f"{tool} is not installed: {block} cannot be run")
    if why := block.missing:
        workplace.missed = str(block) if block.page in GUIDES else ""
        pytest.skip(f"{why}; {block} cannot be run")
    printed = workplace.type(block)
    if block.language == "js" and not (workplace.folder / "node_modules").exists():
        assert printed == ""
    else:
        assert block.notes.get("prints", "") in printed


@pytest.mark.parametrize("workplace", ["banner: serve"], indirect=True)
@pytest.mark.xdist_group("docs")
def test_the_command_that_the_first_start_prints_gives_a_token(workplace: Any) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: the printed command cannot be run")
    lines = workplace.said.splitlines()
    first = next(i for i, line in enumerate(lines) if line.strip().startswith("curl"))
    last = next(i for i in range(first, len(lines)) if not lines[i].endswith("\\"))
    assert "idToken" in workplace.shell("\n".join(lines[first : last + 1]))
