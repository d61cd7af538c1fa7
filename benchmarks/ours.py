"""`ecrin serve`, as a user starts it, and a bare uvicorn beside it."""

import dataclasses
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.server import DidNotStart, Server, free_port, launch

_KEY = re.compile(r"API key +(\S+)")


def start(
    folder: Path, where: set[int], environment: Mapping[str, str] | None = None, port: int | None = None
) -> Server:
    """Start `ecrin serve` on the data folder `folder`/data, which is made if it is not there, on a free port or one."""
    address = ("127.0.0.1", port or free_port())
    command = [str(Path(sys.executable).with_name("ecrin")), "serve", "--data", "data", "--port", str(address[1])]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECRIN_")}
    server = launch(
        "ecrin",
        command,
        address,
        ready="/healthz",
        folder=folder,
        where=where,
        environment={**kept, **(environment or {})},
    )
    return dataclasses.replace(server, key=_key(server))


def start_bare(folder: Path, where: set[int]) -> Server:
    """Start the echo of `benchmarks.bare` in the uvicorn and the event loop that we use."""
    address = ("127.0.0.1", free_port())
    code = "import sys; sys.path.insert(0, sys.argv[1]); from benchmarks.bare import serve; serve(int(sys.argv[2]))"
    root = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", code, root, str(address[1])]
    return launch("bare-uvicorn", command, address, ready="/", folder=folder, where=where)


def _key(server: Server) -> str:
    """Return the API key of the first project, which `serve` prints just after it answers."""
    for _ in range(500):
        if found := _KEY.search(server.log.read_text()):
            return found[1]
        time.sleep(0.01)
    server.stop()
    raise DidNotStart("`ecrin serve` printed no API key.")
