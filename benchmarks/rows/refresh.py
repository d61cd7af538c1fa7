"""Token refresh: ours rotates durably (on disk before the reply) and signs RS256; the peer does neither.

What RS256 alone would allow on the server's core is measured between the rounds: no server can be faster there.
"""

import json
import statistics
import time
from collections import deque

from benchmarks import beside, firebase
from benchmarks.load import Turn
from benchmarks.machine import pinned
from benchmarks.result import Figure
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Connection
from ecrin.crypto.jose import rsa
from ecrin.crypto.jose.sign import Rs256Signer

BUDGET = 2.0
CONNECTIONS = 64
SESSIONS_EACH = 16  # a device refreshes once an hour: few refreshes a second on one session, many sessions
SIGNATURES = 150


def turn(server: Server, users: list[firebase.User]) -> Turn:
    """Return a turn that refreshes some sessions one after the other, each with its newest token."""
    newest = deque(user.refresh_token for user in users)

    async def ask(connection: Connection) -> None:
        reply = json.loads(await connection.ask(firebase.refresh(server, newest.popleft())))
        assert reply["id_token"].count(".") == 2
        newest.append(reply["refresh_token"])

    return ask


async def side(server: Server) -> beside.Side:
    """Return a turn for each connection, over anonymous users of its own."""
    users = await firebase.users(server, CONNECTIONS * SESSIONS_EACH, password=False)
    return beside.Side(server, [turn(server, users[number::CONNECTIONS]) for number in range(CONNECTIONS)])


class Signing:
    """RS256 alone, by processor time, on the server's core."""

    def __init__(self, cores: set[int]) -> None:
        self._cores = cores
        self._signer = Rs256Signer("bench", rsa.generate()[0])
        self.rates: list[float] = []

    def __call__(self) -> None:
        """Sign some claims and note the signatures per second."""
        with pinned(self._cores):
            begin = time.thread_time()
            for number in range(SIGNATURES):
                self._signer.sign({"sub": "a" * 28, "aud": "bench", "iat": number})
            self.rates.append(SIGNATURES / (time.thread_time() - begin))


async def measured(ours: Server, peer: Server, signing: Signing, *, quick: bool) -> beside.Rounds:
    """Make the sessions and measure."""
    return await beside.rounds(await side(ours), await side(peer), quick=quick, between=signing)


def measure(stage: Stage) -> list[Figure]:
    """Return the rate beside the peer's, and beside the bound that RS256 sets."""
    signing = Signing(stage.server_cores)
    found = stage.run(measured(stage.ours(), stage.peer(), signing, quick=stage.quick))
    ours, bound = statistics.median(w.per_processor for w in found.ours), statistics.median(signing.rates)
    peer = statistics.median(w.per_processor for w in found.peer)
    return [
        beside.figure("refresh", f"token refresh, {CONNECTIONS} connections", "emulator", found, BUDGET),
        Figure(
            "refresh",
            "token refresh, of what RS256 alone allows",
            "/CPU-s",
            ours,
            bound,
            "RS256 alone",
            ours / bound,
            note=f"a server that did nothing but sign would reach {bound / peer:.2f} times the emulator here",
        ),
    ]
