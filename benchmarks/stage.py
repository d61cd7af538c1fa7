"""The stage of a run: scratch folders, servers that several rows share, and how long a row may take."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import uvloop

from benchmarks import emulator, ours
from benchmarks.machine import apart, pinned
from benchmarks.server import Server

T = TypeVar("T")


class Stage:
    """Servers are started when a row first asks for them and stopped when the run ends.

    Shared servers have one core, the load generator another, so that neither takes the other's time.
    """

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.server_cores, self.own_cores = apart()
        self._cleanup = ExitStack()
        self._servers: dict[str, Server] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def ours(self) -> Server:
        """Return the shared `ecrin serve`."""
        return self._shared("ecrin", ours.start)

    def peer(self) -> Server:
        """Return the shared emulator; raises `Unavailable`."""
        return self._shared("peer", emulator.start)

    def bare(self) -> Server:
        """Return the shared bare uvicorn."""
        return self._shared("bare", ours.start_bare)

    @contextmanager
    def own_ecrin(self, where: set[int], environment: Mapping[str, str] | None = None) -> Iterator[Server]:
        """Start an `ecrin serve` for one row alone."""
        with tempfile.TemporaryDirectory() as folder:
            server = ours.start(Path(folder), where, environment)
            try:
                yield server
            finally:
                server.stop()

    def run(self, work: Coroutine[Any, Any, T], where: set[int] | None = None) -> T:
        """Run the load generator, by default on its own core."""
        with pinned(where or self.own_cores), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)

    def ended(self) -> str:
        """Forget the shared servers that have ended, so that the next row starts new ones; return their last words."""
        gone = {name: server for name, server in self._servers.items() if server.process.poll() is not None}
        for name in gone:
            del self._servers[name]
        return "".join(
            f"{name} ended with {server.process.returncode}: {server.log.read_text(errors='replace')[-500:]}\n"
            for name, server in gone.items()
        )

    def _shared(self, name: str, start: Callable[[Path, set[int]], Server]) -> Server:
        if name not in self._servers:
            folder = self._cleanup.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            self._servers[name] = start(Path(folder), self.server_cores)
            self._cleanup.callback(self._servers[name].stop)
        return self._servers[name]
