"""The unmodified `@capgo/cli`, without a network: what a publisher runs on their own machine."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MODULES = Path(__file__).parents[1] / "js" / "node_modules"
UPDATER = "8.51.23"  # the plugin's version, by which the command chooses its algorithms


@dataclass
class Capgo:
    """The command in a project's folder of its own."""

    node: str
    folder: Path

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command that must succeed, with nobody at the terminal and no way out to the network."""
        command = [self.node, str(MODULES / "@capgo/cli/dist/index.js"), *map(str, arguments)]
        env = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "CI": "1", "NO_COLOR": "1"}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def json(self, *arguments: object) -> dict[str, Any]:
        """Run a command with --json and return what it prints."""
        text = self.run(*arguments, "--json").stdout
        return dict(json.loads(text[text.index("{") :]))

    def zip(self, dist: Path, name: str = "bundle.zip") -> tuple[Path, str]:
        """Zip a folder and return the archive with its checksum."""
        made = self.json(
            *("bundle", "zip", "com.example.notes", "--path", dist, "--bundle", "1.0.0", "--name", name),
            *("--key-v2", "--no-code-check"),
        )
        return self.folder / made["filename"], made["checksum"]


@pytest.fixture
def capgo(tmp_path: Path) -> Capgo:
    """The command, in the folder of a Capacitor project."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is missing: `node` is not on the PATH")
    if not (MODULES / "@capgo/cli").exists():
        pytest.skip("the npm packages are missing: `make test` puts them into tests/clients/js/node_modules")
    folder = tmp_path / "project"
    plugin = folder / "node_modules/@capgo/capacitor-updater"
    plugin.mkdir(parents=True)
    (plugin / "package.json").write_text(json.dumps({"name": "@capgo/capacitor-updater", "version": UPDATER}))
    (folder / "package.json").write_text(json.dumps({"dependencies": {"@capgo/capacitor-updater": UPDATER}}))
    (folder / "capacitor.config.json").write_text(json.dumps({"appId": "com.example.notes", "webDir": "dist"}))
    return Capgo(node, folder)
