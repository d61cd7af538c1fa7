"""Does time tell whether an e-mail address has an account (attack A24)? 2,000 samples a call, in random order.

A call passes when |t| of the cropped samples is below 4.5. Noise makes t small and no real difference go away, so the
note says how large a difference would have been seen; if that is over 1 ms, or over a quarter of what the call takes,
the machine was too noisy to tell, and no verdict is given.
"""

import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import firebase
from benchmarks.result import Figure, Verdict
from benchmarks.server import Server, free_port
from benchmarks.stage import Stage
from benchmarks.welch import LIMIT, cropped, standard_error, t_value
from benchmarks.wire import Connection

COARSE = 0.001  # seconds
TRIES = 10  # for one address: a mail quota is 10 an hour, and a password rests after 100 failures
Request = Callable[[Server, str], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """A call that must not tell: the request for an address, and the status and text that both kinds get."""

    name: str
    request: Request
    status: int
    text: bytes


def _reset(server: Server, email: str) -> bytes:
    return firebase.call(server, "sendOobCode", requestType="PASSWORD_RESET", email=email)


def _link(server: Server, email: str) -> bytes:
    return firebase.call(
        server, "sendOobCode", requestType="EMAIL_SIGNIN", email=email, continueUrl="http://127.0.0.1/"
    )


def _auth_uri(server: Server, email: str) -> bytes:
    return firebase.call(server, "createAuthUri", identifier=email, continueUri="http://127.0.0.1/")


CASES = (
    Case("sign-in, wrong password", lambda s, e: firebase.sign_in(s, e, "not it"), 400, b"INVALID_LOGIN_CREDENTIALS"),
    Case("password reset", _reset, 200, b"GetOobConfirmationCode"),
    Case("e-mail link", _link, 200, b"GetOobConfirmationCode"),
    Case("createAuthUri", _auth_uri, 200, b"sessionId"),
)


async def sample(server: Server, case: Case, addresses: tuple[list[str], list[str]]) -> tuple[list[float], list[float]]:
    """Return the seconds for addresses that are known and unknown; each is asked for `TRIES` times."""
    order = [(kind, email) for kind, emails in enumerate(addresses) for email in emails] * TRIES
    random.shuffle(order)
    times: tuple[list[float], list[float]] = ([], [])
    connection = await Connection.open(server.address)
    for kind, email in order:
        request = case.request(server, email)
        begin = time.perf_counter()
        status, body = await connection.exchange(request)
        times[kind].append(time.perf_counter() - begin)
        assert status == case.status, (status, body)
        assert case.text in body, (status, body)
    connection.close()
    return times


async def sampled(server: Server, *, quick: bool) -> dict[Case, tuple[list[float], list[float]]]:
    """Make accounts, and measure every case with addresses of its own."""
    count = (200 if quick else 2000) // TRIES // 2
    times = {}
    for number, case in enumerate(CASES):
        known = await firebase.users(server, count, password=True, prefix=f"known-{number}")
        unknown = [f"other-{number}-{i}@example.org" for i in range(count)]
        times[case] = await sample(server, case, ([u.email for u in known], unknown))
    return times


@contextmanager
def mail_sink() -> Iterator[int]:
    """Run a mail server that takes everything and keeps nothing; give its port."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.01)
        yield port
    finally:
        process.terminate()
        process.wait()


def measure(stage: Stage) -> list[Figure]:
    """Return a line for each call that takes an address from anybody."""
    with mail_sink() as port:
        mail = {"ECRIN_SMTP_URL": f"smtp://127.0.0.1:{port}", "ECRIN_MAIL_FROM": "bench@example.org"}
        with stage.own_ecrin(stage.server_cores, mail) as server:
            times = stage.run(sampled(server, quick=stage.quick))
    return [_figure(case, *both) for case, both in times.items()]


def _figure(case: Case, known: list[float], unknown: list[float]) -> Figure:
    both = cropped(known, unknown)
    t, seen = t_value(*both), LIMIT * standard_error(*both)
    mine, other = statistics.median(known), statistics.median(unknown)
    return Figure(
        "timing",
        f"{case.name}: account / none",
        "ms",
        mine * 1000,
        other * 1000,
        "no account",
        mine / other,
        f"|t| < {LIMIT}",
        _verdict(t, seen, other),
        f"t = {t:+.1f} over {len(known) + len(unknown)} samples, medians {(mine - other) * 1e6:+.0f} us apart;"
        f" {seen * 1e6:.0f} us would have been seen",
        {"t": t, "samples": len(known) + len(unknown), "apart_us": (mine - other) * 1e6, "seen_us": seen * 1e6},
    )


def _verdict(t: float, seen: float, median: float) -> Verdict:
    if abs(t) >= LIMIT:
        return Verdict.MISS
    return Verdict.UNSURE if seen > min(COARSE, median / 4) else Verdict.HOLDS
