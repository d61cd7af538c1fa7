"""The disk gives out under a running server: writes say 503 and why, reads go on, writes come back by themselves."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from disks import fill, small_disk_at, worked
from server_process import Server, impatient, refused, started

PROJECTS = "/api/v1/projects"
DOCUMENTS = "/www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "small", megabytes=8) as folder:
        yield folder


def sign_ups(server: Server) -> httpx.Response:
    """Sign up until the server refuses, which what is left of a page may put off; return the refusal."""
    for _ in range(200):
        reply = server.call("signUp")
        if reply.status_code != 200:
            return reply
    raise AssertionError("the server goes on writing")


def assert_refused(reply: httpx.Response, server: Server, code: str) -> None:
    """The reply to a client and the one to an operator: 503, when to come back, and our code."""
    assert_refused_client(reply, code)
    assert_refused_api(server, code)


def assert_refused_client(reply: httpx.Response, code: str) -> None:
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2"), reply.text
    error = reply.json()["error"]
    assert (error["status"], error["message"].partition(" : ")[0]) == ("UNAVAILABLE", code)
    assert "/" not in error["message"]  # where the file lies is for the operator


def assert_refused_api(server: Server, code: str) -> None:
    own = server.admin("POST", PROJECTS, {"project_id": "another"})
    assert (own.status_code, own.headers["retry-after"], own.json()["code"]) == (503, "2", code), own.text


def assert_reads_go_on(server: Server, user: dict[str, str]) -> None:
    found = server.call("lookup", {"idToken": user["idToken"]})
    assert found.json()["users"][0]["localId"] == user["localId"], found.text
    for path in ("/healthz", "/readyz", DOCUMENTS):
        assert server.http.get(path).status_code == 200, path
    assert server.admin("GET", PROJECTS).status_code == 200


def assert_writes_came_back(server: Server, user: dict[str, str]) -> None:
    server.sign_up()
    assert server.refresh(user["refreshToken"]).status_code == 200
    assert server.admin("POST", PROJECTS, {"project_id": "another"}).status_code == 201


def test_f3_a_full_disk_refuses_writes_until_there_is_room(small_disk: Path) -> None:
    with started(small_disk / "data") as server:
        users = [server.sign_up() for _ in range(5)]
        ballast = fill(small_disk)
        refusal = sign_ups(server)
        assert_refused(refusal, server, "STORAGE_FULL")
        assert_reads_go_on(server, users[0])
        ballast.unlink()
        assert_writes_came_back(server, users[0])
        for user in users:
            assert_reads_go_on(server, user)
        assert server.end() == 0


def test_f3_a_server_that_stops_on_a_full_disk_loses_nothing(small_disk: Path) -> None:
    with started(small_disk / "data") as server:
        users = [server.sign_up() for _ in range(5)]
        ballast = fill(small_disk)
        sign_ups(server)
        assert server.end() == 0
    ballast.unlink()
    with started(small_disk / "data") as server:
        for user in users:
            assert server.refresh(user["refreshToken"]).status_code == 200


def test_f3_a_log_on_the_full_disk_does_not_break_the_replies(small_disk: Path) -> None:
    with started(small_disk / "data") as server:  # its standard error is the file small/data.log
        user = server.sign_up()
        fill(small_disk)
        for _ in range(3):
            assert_refused(sign_ups(server), server, "STORAGE_FULL")
        assert_reads_go_on(server, user)


def test_a_read_only_database_refuses_writes_until_it_is_writable(data: Path, freeze: Callable[..., None]) -> None:
    with started(data) as server:
        user = server.sign_up()
        files = data / "ecrin.db", data / "ecrin.db-wal"
        freeze(*files)
        reply = sign_ups(server)
        assert reply.status_code == 503
        assert_refused(reply, server, server.admin("POST", PROJECTS, {"project_id": "another"}).json()["code"])
        assert_reads_go_on(server, user)
        for file in files:
            assert worked("chattr", "-i", file)
        assert_writes_came_back(server, user)


def test_a_database_that_another_process_locks_refuses_writes_until_it_lets_go(data: Path) -> None:
    with started(data, under=impatient("ecrin.storage.sql.sqlite_connection", "BUSY_WRITER", 0.5)) as server:
        user = server.sign_up()
        other = sqlite3.connect(data / "ecrin.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert_reads_go_on(server, user)
        assert_refused(server.call("signUp"), server, "STORAGE_BUSY")
        other.execute("ROLLBACK")
        other.close()
        assert_writes_came_back(server, user)


def test_a_server_without_room_for_its_first_start_says_so(small_disk: Path) -> None:
    fill(small_disk)
    message = refused(small_disk / "data")
    assert str(small_disk / "data") in message
    assert os.strerror(28) in message or "disk is full" in message
