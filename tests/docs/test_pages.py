"""Pages hang together: links lead somewhere, languages agree, nothing of the machine that wrote them shows."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LANGUAGES = {"sh", "python", "js", "text", "json", "toml", "ini", "nginx"}
FRENCH = sorted((ROOT / "docs/fr").glob("*.md"))
SKIPPED = {".git", ".venv", "node_modules", "ecrin-data", "__pycache__", "dist", ".hypothesis"}
# Put together here, so that this file does not hold what it looks for.
MACHINE = ["/".join(("", "work", "")), "/".join(("", "root", "")), "/".join(("", "home", "")), "/" + "opt/py"]
REGISTRIES = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "npm" + "js.org", "registry" + "."]


def prose(page: Path) -> str:
    """The text of a page without its blocks and its pieces of code."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def headings(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    return re.findall(r"^(#+ .*)$", text, re.M)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    plain = (re.sub(r"[^\w\- ]", "", h.lstrip("# ").lower()) for h in headings(page))
    return {h.replace(" ", "-") for h in plain}


def blocks(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def english(page: Path) -> Path:
    return ROOT / "README.md" if page.name == "README.md" else ROOT / "docs" / page.name


def text_files() -> list[Path]:
    return [p for p in sorted(ROOT.rglob("*")) if p.is_file() and not SKIPPED & set(p.parts) and is_text(p)]


def is_text(path: Path) -> bool:
    return b"\0" not in path.read_bytes()[:4096]


def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def test_every_block_names_its_language(page: Path) -> None:
    assert {language for language, _ in blocks(page)} <= LANGUAGES


def test_a_block_that_does_not_run_says_why(page: Path) -> None:
    reasons = re.findall(r"<!-- not run:(.*)-->", page.read_text("utf-8"))
    assert all(len(reason.split()) > 2 for reason in reasons)


@pytest.mark.parametrize("french", FRENCH, ids=lambda page: page.name)
def test_a_french_page_has_the_headings_of_its_original(french: Path) -> None:
    levels = [[h.partition(" ")[0] for h in headings(page)] for page in (french, english(french))]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("french", FRENCH, ids=lambda page: page.name)
def test_a_french_page_has_the_blocks_of_its_original(french: Path) -> None:
    """So its blocks are run too."""
    assert blocks(french) == blocks(english(french))


def test_every_page_that_the_program_names_exists() -> None:
    named = {
        name
        for file in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"\b(docs/[\w./-]+\.md|[A-Z]+\.md)", file.read_text("utf-8"))
    }
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


@pytest.mark.parametrize("traces", [MACHINE, REGISTRIES], ids=["paths", "registries"])
def test_no_file_names_the_machine_or_the_registry_it_was_made_with(traces: list[str]) -> None:
    found = [
        f"{file.relative_to(ROOT)}: {trace}"
        for file in tracked(text_files())
        for trace in traces
        if trace in file.read_text("utf-8", "replace")
    ]
    assert found == []


def tracked(files: list[Path]) -> list[Path]:
    """Leave out what git ignores, where this is a checkout."""
    names = "\0".join(str(file.relative_to(ROOT)) for file in files)
    command: list[Any] = ["git", "-C", ROOT, "check-ignore", "-z", "--stdin"]
    try:
        ignored = subprocess.run(command, input=names, capture_output=True, text=True, check=False).stdout.split("\0")
    except FileNotFoundError:
        return files
    return [file for file in files if str(file.relative_to(ROOT)) not in ignored]
