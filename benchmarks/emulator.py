"""The peer: the Auth emulator of npm firebase-tools. It neither signs nor hashes nor stores: say so beside figures."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.result import Unavailable
from benchmarks.server import Server, free_port, launch

PACKAGE = Path(__file__).with_name("peer")
PROJECT = "demo-x"
KEPT = ("PATH", "LANG", "SYSTEMROOT")


def installed() -> Path:
    """Return the node_modules that hold the peer, installed from its lock file if need be.

    ECRIN_BENCH_PEER names another one. Raises `Unavailable` where Node or npm is missing or the install fails.
    """
    if shutil.which("node") is None:
        raise Unavailable("Node is not installed, so the peer cannot run.")
    elsewhere = os.environ.get("ECRIN_BENCH_PEER")
    modules = Path(elsewhere or PACKAGE / "node_modules").absolute()
    if not (modules / ".bin" / "firebase").exists():
        if elsewhere:
            raise Unavailable("ECRIN_BENCH_PEER names no node_modules with firebase-tools.")
        _install()
    return modules


def version() -> str:
    """Return the peer's name and exact version."""
    exact = json.loads((PACKAGE / "package.json").read_text())["dependencies"]["firebase-tools"]
    return f"firebase-tools {exact}"


def start(folder: Path, where: set[int]) -> Server:
    """Start the emulator with nothing but Auth, with a home and a temporary folder of its own."""
    modules = installed()
    ports = {name: free_port() for name in ("auth", "hub", "logging")}
    emulators: dict[str, object] = {name: {"host": "127.0.0.1", "port": port} for name, port in ports.items()}
    (folder / "firebase.json").write_text(json.dumps({"emulators": {**emulators, "ui": {"enabled": False}}}))
    scratch = {"HOME": folder / "home", "TMPDIR": folder / "tmp"}
    for path in scratch.values():
        path.mkdir(exist_ok=True)
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {name: str(path) for name, path in scratch.items()} | {"CI": "true"}
    command = [str(modules / ".bin" / "firebase"), "emulators:start", "--only", "auth", "--project", PROJECT]
    address = ("127.0.0.1", ports["auth"])
    return launch("emulator", command, address, ready="/", folder=folder, where=where, environment=environment)


def _install() -> None:
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed, so the peer cannot be installed.")
    print("installing the peer (firebase-tools, about 300 MB, once) ...", file=sys.stderr)
    command = ["npm", "ci", "--prefix", str(PACKAGE), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"npm could not install the peer: {(done.stderr or done.stdout).strip()[-300:]}")
