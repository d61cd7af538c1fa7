"""What is loaded for what: counted in a process of its own, since time would only be a guess."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SERVER = {
    "uvicorn",
    "uvloop",
    "joserfc",
    "litestar",
    "asyncpg",
    "structlog",
    "msgspec",
    "jinja2",
    "argon2",
    "aiosmtplib",
}
OURS = {
    "ecrin.assembly",
    "ecrin.web",
    "ecrin.auth",
    "ecrin.storage",
    "ecrin.governance",
    "ecrin.crypto",
    "ecrin.ops.mail",
}

UNASKED = {"asyncio", "cryptography", "importlib.metadata", "sqlite3", "ssl"}
ELSEWHERE = {"httpx", "ecrin.updates", "ecrin.ops", "ecrin.settings", "ecrin.cli.connection"}  # not the vault's

NO_SERVER = {**os.environ, "ECRIN_DATA": "no-server-here"}  # whoever tests may have one running in this folder


def loaded(code: str) -> set[str]:
    """Return the modules that a program has loaded at its end, with no server in its data folder."""
    program = f"import sys, json\n{code}\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=NO_SERVER)
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    return f"from ecrin.cli.root import run\nrun({list(arguments)!r})"


def test_import_ecrin_loads_no_server_web_or_database_module() -> None:
    modules = loaded("import ecrin")
    assert modules.isdisjoint(
        SERVER | OURS | {"click", "httpx", "cryptography", "sqlite3", "ssl", "asyncio", "importlib.metadata"}
    )
    assert len([name for name in modules if name.startswith("ecrin")]) <= 2


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ()])
def test_help_loads_neither_the_server_nor_any_noun(arguments: tuple[str, ...]) -> None:
    modules = loaded(command(*arguments))
    assert modules.isdisjoint(SERVER | OURS | UNASKED | {"httpx", "ecrin.cli.user"})


@pytest.mark.parametrize("noun", ["project", "user", "key", "token", "app"])
def test_a_noun_that_asks_a_server_loads_none(noun: str) -> None:
    asking = f"import os\nos.environ['ECRIN_URL'] = 'http://127.0.0.1:1'\n{command(noun, 'list')}"
    modules = loaded(asking)
    assert "httpx" in modules
    assert modules.isdisjoint(SERVER | OURS | UNASKED - {"ssl"})


@pytest.mark.parametrize("arguments", [("--help",), ("list", "--help"), ("list",), ("list", "--nonsense")])
@pytest.mark.parametrize(
    "noun", ["project", "user", "key", "token", "app", "bundle", "channel", "rollout", "device", "group"]
)
def test_a_noun_loads_what_asks_a_server_once_there_is_one(noun: str, arguments: tuple[str, ...]) -> None:
    assert loaded(command(noun, *arguments)).isdisjoint(SERVER | OURS | UNASKED | {"httpx"})


@pytest.mark.parametrize(
    "arguments", [("push", "--help"), ("push", "."), ("push", ".", "--app", "a"), ("update-key", "--help")]
)
def test_what_publishes_loads_its_compressors_late(arguments: tuple[str, ...]) -> None:
    assert loaded(command(*arguments)).isdisjoint(SERVER | OURS | UNASKED | {"httpx", "brotli", "ecrin.updates"})


def test_what_publishes_needs_nothing_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html>")
    program = """
from pathlib import Path
from ecrin.cli.publishing import publish
from ecrin.updates.packing.pack import Packer
from ecrin.updates.packing.scan import scan
folder = Path(FOLDER)
Packer(folder).pack(scan(folder).files)
"""
    modules = loaded(program.replace("FOLDER", repr(str(tmp_path))))
    assert {"brotli", "ecrin.updates.packing.pack"} <= modules
    assert modules.isdisjoint(
        SERVER | {"ecrin.web", "ecrin.storage.sql", "ecrin.assembly", "ecrin.governance", "asyncio", "sqlite3"}
    )


@pytest.mark.parametrize(
    "arguments", [("--help",), ("get", "--help"), ("get",), ("set", "a", "b"), ("slot", "list", "x")]
)
def test_the_vault_loads_its_cryptography_once_there_is_something_to_do(arguments: tuple[str, ...]) -> None:
    modules = loaded(command("vault", *arguments))
    assert "ecrin.cli.vault" in modules
    assert modules.isdisjoint(SERVER | OURS | UNASKED | ELSEWHERE | {"ecrin.vault"})


@pytest.mark.parametrize("code", [command("vault", "status", "--folder", "nowhere"), "from ecrin import Vault"])
def test_the_vault_loads_nothing_of_the_server(code: str) -> None:
    modules = loaded(code)
    assert "ecrin.vault.service" in modules
    assert modules.isdisjoint((SERVER | OURS | ELSEWHERE) - {"argon2", "ecrin.crypto"})  # both sides have these


def test_every_name_of_the_package_is_there() -> None:
    assert loaded("import ecrin\nassert all(getattr(ecrin, name).__name__ == name for name in ecrin.__all__)")


@pytest.mark.parametrize("noun", ["serve", "dev", "operator"])
def test_the_help_of_what_runs_a_server_loads_none(noun: str) -> None:
    assert loaded(command(noun, "--help")).isdisjoint(SERVER | OURS | {"asyncpg"})


@pytest.mark.parametrize("arguments", [("serve",), ("dev",), ("operator", "recover")])
def test_without_the_server_extra_the_command_that_installs_it_is_named(arguments: tuple[str, ...]) -> None:
    code = f"import sys\nsys.modules['msgspec'] = None\n{command(*arguments)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[MISSING_EXTRA]" in done.stderr
    assert "pip install 'ecrin[server]'" in done.stderr


@pytest.mark.parametrize("arguments", [("serve",), ("dev",), ("operator", "recover")])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("sys.modules['ecrin.web.listener'] = None", "ModuleNotFoundError: import of ecrin.web.listener halted"),
        ("sys.modules['ecrin.web.listener'] = type(sys)('ecrin.web.listener')", "ImportError: cannot import name"),
        ("sys.modules['_sqlite3'] = None", "ModuleNotFoundError: import of _sqlite3 halted"),
    ],
)
def test_a_module_that_no_extra_brings_is_a_fault_and_is_shown_as_one(
    arguments: tuple[str, ...], spoil: str, said: str
) -> None:
    code = f"import sys\n{spoil}\n{command(*arguments)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "MISSING_EXTRA" not in done.stderr
