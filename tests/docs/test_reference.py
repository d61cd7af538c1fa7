"""Nothing that the documentation lists has drifted from the program."""

import asyncio
import difflib
import json
import re
import runpy
import tomllib
from dataclasses import asdict, fields
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from ecrin import __version__
from ecrin.governance.projects.model import ProjectSettings
from ecrin.settings import ENVIRONMENT, Settings
from ecrin.updates.apps.model import AppSettings
from ecrin.vault.device.here import platform_of
from ecrin.vault.device.model import PromptTexts
from ecrin.vault.keeping.unlocking import ORDER
from ecrin.vault.keeping.ways import Ways
from ecrin.vault.model import Bound, VaultConfig
from ecrin.vault.service import Vault

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ADR = sorted((DOCS / "adr").glob("*.md"))


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).with_name("generate.py")))


@pytest.fixture(scope="module")
def routes(generator: dict[str, Any]) -> dict[str, Any]:
    """The route tables of the two modes."""
    return {mode: asyncio.run(generator["routes"](mode)) for mode in ("serve", "dev")}


@pytest.fixture(scope="module")
def generated(generator: dict[str, Any], routes: dict[str, Any]) -> dict[Path, str]:
    return dict(generator["pages"](**routes))


def rows(page: str) -> dict[str, list[str]]:
    """Every table row of a page whose first cell is one piece of code, by that piece."""
    text = (DOCS / page).read_text("utf-8")
    found = re.findall(r"^\| `([^`|]+)` \|(.*)\|$", text, re.M)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in found}


@pytest.mark.parametrize("name", ["cli.md", "errors.md", "compatibility.md", "vault.md"])
def test_a_generated_page_is_what_the_generator_writes(generated: dict[Path, str], name: str) -> None:
    stands = (DOCS / name).read_text("utf-8").splitlines()
    wanted = generated[DOCS / name].splitlines()
    drift = "\n".join(difflib.unified_diff(stands, wanted, name, "generated", lineterm="", n=1))
    assert not drift, f"run tests/docs/generate.py\n{drift}"


def test_every_setting_of_the_instance_is_documented_with_its_name_in_the_file() -> None:
    documented = rows("settings.md")
    wrong = [v for v, name in ENVIRONMENT.items() if documented.get(v, [""])[0] != f"`{name}`"]
    assert wrong == []


def test_no_variable_is_documented_that_is_not_read() -> None:
    assert {name for name in rows("settings.md") if name.startswith("ECRIN_")} == ENVIRONMENT.keys()


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_the_default_of_a_setting_is_the_documented_one(variable: str) -> None:
    default = next(f.default for f in fields(Settings) if f.name == ENVIRONMENT[variable])
    shown = f"`{default}`" if default not in (None, "", ()) else ""
    assert rows("settings.md")[variable][1] == shown


def test_every_setting_of_a_project_is_documented_with_its_default() -> None:
    documented = {name: cells[0] for name, cells in rows("settings.md").items() if name in asdict(ProjectSettings())}
    assert documented == {name: f"`{json.dumps(value)}`" for name, value in asdict(ProjectSettings()).items()}


def test_every_setting_of_an_app_is_documented_with_its_default() -> None:
    documented = {name: cells[0] for name, cells in rows("settings.md").items() if name in asdict(AppSettings())}
    assert documented == {name: f"`{json.dumps(value)}`" for name, value in asdict(AppSettings()).items()}


def section(page: str, heading: str) -> str:
    """What stands below a heading of a page, down to the next one."""
    return (DOCS / page).read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_verb_of_a_vault_is_documented() -> None:
    pieces = re.findall(r"`([^`\n]+)`", (DOCS / "vault.md").read_text("utf-8"))
    named = set(re.findall(r"[a-z_]+", " ".join(pieces)))
    assert {name for name in vars(Vault) if not name.startswith("_")} - named == set()


def test_every_field_of_a_vaults_configuration_is_documented_with_its_default() -> None:
    table = section("vault.md", "Types").partition("| field of `VaultConfig` |")[2]
    documented = dict(re.findall(r"^\| `(\w+)` \|.*\| `([^`|]+)` \|$", table, re.M))
    assert documented == {name: written(getattr(VaultConfig(), name)) for name in asdict(VaultConfig())}


def written(default: object) -> str:
    """A default as a program would write it."""
    if isinstance(default, PromptTexts):
        return "PromptTexts()" if default == PromptTexts() else repr(default)
    if isinstance(default, Enum):
        return default.name
    return json.dumps(default) if isinstance(default, str) else repr(default)


def test_every_kind_of_slot_of_every_platform_is_documented() -> None:
    documented = re.findall(r"^\| (`.*?`) \|", section("vault.md", "Slots"), re.M)
    ways = [Ways(platform_of(name)) for name in ("linux", "darwin", "win32")]
    kinds = {opener.kind for way in ways for opener in way._openers(Bound.NOTHING)}
    assert set(re.findall(r"`([^`]+)`", " ".join(documented))) == kinds
    assert kinds >= set(ORDER)


def test_every_route_of_our_own_api_has_its_heading(routes: dict[str, Any]) -> None:
    served = {f"{r.method} {r.path}" for r in routes["serve"] if r.path.startswith("/api/")}
    headings = re.findall(r"^### ((?:GET|POST|PUT|PATCH|DELETE) /api/.*)$", (DOCS / "api.md").read_text("utf-8"), re.M)
    assert set(headings) == served


def test_every_runtime_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for some in project["optional-dependencies"].values() for d in some)]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in wanted}
    record = (DOCS / "adr/0004-runtime-dependencies.md").read_text("utf-8")
    assert set(re.findall(r"^\| ([a-z0-9-]+) \| .*\|$", record, re.M)) - {"package", "---"} == names


def test_the_records_are_numbered_without_a_gap() -> None:
    assert [record.name[:4] for record in ADR] == [f"{n:04}" for n in range(1, len(ADR) + 1)]


@pytest.mark.parametrize("record", ADR, ids=lambda record: record.stem)
def test_a_record_is_dated_and_weighs_options(record: Path) -> None:
    text = record.read_text("utf-8")
    assert text.startswith(f"# {record.name[:4]}. ")
    assert re.search(r"^Date: \d{4}-\d\d-\d\d · Status: ", text, re.M)
    assert re.findall(r"^## (.*)$", text, re.M) == ["Context", "Options considered", "Decision", "Consequences"]


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert next(version for version in versions if version != "Unreleased") == __version__
