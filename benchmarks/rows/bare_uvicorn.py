"""For orientation: what uvicorn alone does with requests and replies of the same sizes, on the same core."""

from benchmarks import beside, firebase
from benchmarks.bare import SIZE
from benchmarks.result import Figure
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Connection, get, post

CONNECTIONS = 32


def again(server: Server, request: bytes) -> beside.Side:
    """Return clients who all send one request."""

    async def ask(connection: Connection) -> None:
        await connection.ask(request)

    return beside.Side(server, [ask] * CONNECTIONS)


async def echo_of(bare: Server, ours: Server, request: bytes) -> bytes:
    """Return the request to the echo that is as large as one of ours, and whose reply is as large as ours."""
    connection = await Connection.open(ours.address)
    size = len(await connection.ask(request))
    connection.close()
    body = request.partition(b"\r\n\r\n")[2]
    return post(bare.address, "/", body, firebase.JSON, {SIZE.decode(): str(size)})


async def measured(ours: Server, bare: Server, *, quick: bool) -> dict[str, beside.Rounds]:
    """Measure each call of ours beside an echo of its sizes."""
    user = (await firebase.users(ours, 1, password=True, prefix="bare"))[0]
    lookup = firebase.lookup(ours, user)
    calls = {
        "GET /healthz": (get(ours.address, "/healthz"), get(bare.address, "/")),
        "accounts:lookup": (lookup, await echo_of(bare, ours, lookup)),
    }
    return {
        name: await beside.rounds(again(ours, mine), again(bare, echo), quick=quick)
        for name, (mine, echo) in calls.items()
    }


def measure(stage: Stage) -> list[Figure]:
    """Return the rates beside the echo's."""
    found = stage.run(measured(stage.ours(), stage.bare(), quick=stage.quick))
    return [
        beside.figure("bare", f"{name}, {CONNECTIONS} connections", "bare uvicorn", rounds, None)
        for name, rounds in found.items()
    ]
