"""`accounts:lookup`: an ID token in, the account out. Ours verifies RS256 and reads the database."""

from benchmarks import beside, firebase
from benchmarks.load import Turn
from benchmarks.result import Figure
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Connection

BUDGET = 4.0
CONNECTIONS = 32


def turn(server: Server, user: firebase.User) -> Turn:
    """Return one lookup; its reply must hold the account."""
    request = firebase.lookup(server, user)

    async def ask(connection: Connection) -> None:
        assert b'"localId"' in await connection.ask(request)

    return ask


async def side(server: Server) -> beside.Side:
    """Return clients who each ask for an account of their own."""
    users = await firebase.users(server, CONNECTIONS, password=True, prefix="lookup")
    return beside.Side(server, [turn(server, user) for user in users])


async def measured(ours: Server, peer: Server, *, quick: bool) -> beside.Rounds:
    """Make the users and measure."""
    return await beside.rounds(await side(ours), await side(peer), quick=quick)


def measure(stage: Stage) -> list[Figure]:
    """Return the rate beside the peer's."""
    found = stage.run(measured(stage.ours(), stage.peer(), quick=stage.quick))
    return [beside.figure("lookup", f"accounts:lookup, {CONNECTIONS} connections", "emulator", found, BUDGET)]
