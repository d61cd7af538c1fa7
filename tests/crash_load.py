"""Load with a journal of what was acknowledged, a kill -9 in the middle of it, and the comparison afterwards."""

import http.client
import json
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from server_process import Server, started

THREADS = 4
REFRESHES = 6  # of each session, before the next one is begun


@dataclass
class Session:
    """What a client knows of its session: the newest token it got, and whether a reply never came."""

    token: str
    refreshed: int = 0
    waiting: bool = False


@dataclass
class Journal:
    """What was acknowledged, and what the comparisons found."""

    sessions: dict[str, Session] = field(default_factory=dict)
    acknowledged: int = 0
    lost: int = 0
    replies_lost: int = 0
    recovered: int = 0
    kills: int = 0
    slowest_start: float = 0.0

    def figures(self) -> str:
        return (
            f"killed {self.kills} times, survived {self.kills}; "
            f"{self.acknowledged} writes acknowledged, {self.lost} lost; "
            f"{self.replies_lost} replies to a refresh lost, {self.recovered} sessions went on; "
            f"slowest restart {self.slowest_start:.1f} s"
        )


class Client(threading.Thread):
    """Signs up and refreshes until its connection breaks."""

    def __init__(self, server: Server, journal: Journal) -> None:
        super().__init__()
        self._key = server.key
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
        self._journal = journal
        self.failure = ""

    def run(self) -> None:
        try:
            while True:
                self._live()
        except (OSError, http.client.HTTPException):
            pass  # the server is dead
        finally:
            self._connection.close()

    def _live(self) -> None:
        body = self._post("/identitytoolkit.googleapis.com/v1/accounts:signUp", "application/json", "{}")
        session = self._journal.sessions[body["localId"]] = Session(body["refreshToken"])
        self._journal.acknowledged += 1
        for _ in range(REFRESHES):
            session.waiting = True
            form = urlencode({"grant_type": "refresh_token", "refresh_token": session.token})
            reply = self._post("/securetoken.googleapis.com/v1/token", "application/x-www-form-urlencoded", form)
            session.token, session.waiting = reply["refresh_token"], False
            session.refreshed += 1
            self._journal.acknowledged += 1

    def _post(self, path: str, kind: str, body: str) -> dict[str, str]:
        self._connection.request("POST", f"{path}?key={self._key}", body, {"content-type": kind})
        reply = self._connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            self.failure = f"{reply.status} {text!r}"
            raise http.client.HTTPException(self.failure)
        return dict(json.loads(text))


def sweep(data: Path, kills: int, delay: Callable[[], float]) -> Journal:
    """Kill a server under load again and again, each time on what the last left; compare after every start."""
    journal = Journal()
    for _ in range(kills):
        begin = time.monotonic()
        with started(data) as server:
            journal.slowest_start = max(journal.slowest_start, time.monotonic() - begin)
            _compare(server, journal)
            _load(server, journal, delay())
    with started(data) as server:
        _compare(server, journal)
        assert server.end() == 0
    return journal


def _load(server: Server, journal: Journal, seconds: float) -> None:
    clients = [Client(server, journal) for _ in range(THREADS)]
    for client in clients:
        client.start()
    time.sleep(seconds)
    server.end(signal.SIGKILL)
    journal.kills += 1
    for client in clients:
        client.join()
        assert not client.failure, client.failure


def _compare(server: Server, journal: Journal) -> None:
    """Look at what is on disk, then go on with every session that was begun: none may have ended by the crash."""
    rotations = _rotations(server.data / "ecrin.db")
    for uid, session in journal.sessions.items():
        kept = rotations.get(uid, -1)
        unseen = kept == session.refreshed + 1 and session.waiting
        journal.lost += not (kept == session.refreshed or unseen)
        reply = server.refresh(session.token)
        assert reply.status_code == 200, (reply.text, kept, session)
        journal.replies_lost += unseen
        journal.recovered += unseen
    journal.sessions.clear()


def _rotations(database: Path) -> dict[str, int]:
    """Return how often the session of each account was rotated, as the database has it."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        return dict(connection.execute("SELECT account_id, counter FROM sessions"))
    finally:
        connection.close()
