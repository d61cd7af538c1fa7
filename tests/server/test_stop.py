"""The end of a server: open requests are answered, what is new is refused, and nothing is left lying about."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from freezer import Freezer
from server_process import ECRIN, Server, ecrin, environment, impatient, start, started, wait_for

BODY = b'{"returnSecureToken":true}'


def half_sent(server: Server) -> socket.socket:
    """Begin a sign-up and leave the end of its body out."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    head = f"POST /identitytoolkit.googleapis.com/v1/accounts:signUp?key={server.key} HTTP/1.1\r\nhost: x\r\n"
    connection.sendall(f"{head}content-length: {len(BODY)}\r\n\r\n".encode() + BODY[:5])
    server.http.get("/healthz")  # by now the server has read what was sent before
    return connection


def received(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_request_is_finished_and_the_exit_code_is_0(data: Path, number: signal.Signals) -> None:
    with started(data) as server, half_sent(server) as open_request:
        server.process.send_signal(number)
        refused_since(server)
        open_request.sendall(BODY[5:])
        reply = received(open_request)
        assert reply.startswith(b"HTTP/1.1 200 OK")
        assert server.process.wait(30) == 0
        assert server.log.read_text() == ""
    with started(data) as again:
        uid = json.loads(reply.partition(b"\r\n\r\n")[2])["localId"]
        path = "/identitytoolkit.googleapis.com/v1/projects/default/accounts:lookup"
        found = again.admin("POST", path, {"localId": [uid]})
        assert found.json()["users"][0]["localId"] == uid


def refused_since(server: Server) -> None:
    """Return once the server takes no new connection."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    for _ in range(3000):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            return
        time.sleep(0.01)
    raise AssertionError("the server goes on taking connections")


def test_a_request_that_never_ends_does_not_hold_the_server_up(data: Path) -> None:
    with started(data, under=impatient("ecrin.web.listener", "GRACE_SECONDS", 1)) as server, half_sent(server):
        assert server.end() == 0


def test_a_second_signal_changes_nothing(data: Path) -> None:
    with started(data) as server, half_sent(server) as open_request:
        server.process.send_signal(signal.SIGINT)
        refused_since(server)
        server.process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGTERM)
        open_request.sendall(BODY[5:])
        assert received(open_request).startswith(b"HTTP/1.1 200 OK")
        assert server.process.wait(30) == 0


def test_a_signal_during_the_start_ends_it_in_order(data: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        command = [ECRIN, "serve", "--port", "0", "--data", str(data)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        ) as process:
            wait_for(data / "ecrin.sock")
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
        assert not (data / "ecrin.sock").exists()


def test_a_stop_leaves_neither_socket_nor_log_of_the_database(data: Path) -> None:
    with started(data) as server:
        server.sign_up()
        server.end()
    left = ["ecrin.db", "ecrin.db-lock", "lock", "master.key", "operator-token", "stats.db"]
    assert sorted(p.name for p in data.iterdir()) == left


def test_a_socket_that_a_killed_server_left_is_replaced(data: Path) -> None:
    server = start(data)
    server.end(signal.SIGKILL)
    server.close()
    assert (data / "ecrin.sock").exists()
    assert "NO_SERVER" in ecrin("user", "list", "--data", data, cwd=data.parent).stderr
    with started(data):
        assert ecrin("user", "list", "--data", data, cwd=data.parent).returncode == 0


def test_a_local_client_finds_the_socket_of_a_folder_with_a_very_long_path(tmp_path: Path) -> None:
    data = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8) / "data"
    assert len(str(data)) > 200
    with started(data) as server:
        server.sign_up("ada@example.org")
        listed = ecrin("user", "list", "--data", data, cwd=tmp_path)
        assert (listed.returncode, "ada@example.org" in listed.stdout) == (0, True)
        assert server.end() == 0
        assert not (data / "ecrin.sock").exists()


def test_a_server_without_standard_streams_and_with_an_odd_folder_serves_and_stops(data: Path, tmp_path: Path) -> None:
    odd = data.rename(tmp_path / "a b%20?#é'\"")
    command = f'exec {ECRIN} serve --port 0 --data "$0" <&- >&- 2>&-'
    with subprocess.Popen(["sh", "-c", command, str(odd)], env=environment()) as process:
        wait_for(odd / "ecrin.sock")
        for _ in range(100):
            listed = ecrin("user", "list", "--data", odd, cwd=tmp_path)
            if listed.returncode == 0:
                break
        assert (listed.returncode, listed.stderr) == (0, "There is no user.\n")
        process.terminate()
        assert process.wait(30) == 0


def test_work_in_the_background_that_fails_ends_the_server(data: Path) -> None:
    code = """
import asyncio, runpy, sys
from ecrin.ops.jobs import Housekeeping

async def fail(self, stop):
    await asyncio.sleep(0.1)
    raise RuntimeError("out of order")

Housekeeping.run = fail
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    server = start(data, under=(sys.executable, "-c", code))
    assert server.process.wait(30) == 1
    server.close()
    assert "out of order" in server.log.read_text()
    assert not (data / "ecrin.sock").exists()


def test_a_database_server_that_no_longer_answers_does_not_hold_the_server_up(
    tmp_path: Path, empty_postgres: str
) -> None:
    wire = Freezer(empty_postgres)
    try:
        patience = impatient("ecrin.web.listener", "GRACE_SECONDS", 1)
        with started(tmp_path / "data", under=patience, ECRIN_DATABASE_URL=wire.url) as server:
            server.sign_up()
            wire.frozen.set()
            with half_sent(server) as waiting:
                waiting.sendall(BODY[5:])
                assert server.end() == 0
    finally:
        wire.close()
