"""A server that is killed while devices report: whatever it answered `ok` is there when it starts again."""

import signal
from pathlib import Path
from threading import Thread

import httpx

from server_process import Server, data, first_start, start, started

__all__ = ["data", "first_start"]

APP = "com.example.notes"


def event(number: int, action: str) -> dict[str, object]:
    return {
        "app_id": APP,
        "device_id": f"0a1b2c3d-0000-4000-8000-{number:012x}",
        "platform": "ios",
        "version_build": "1.0.0",
        "version_name": "builtin",
        "plugin_version": "8.51.23",
        "is_emulator": False,
        "is_prod": True,
        "action": action,
    }


def project(server: Server) -> str:
    return str(server.admin("GET", "/api/v1/projects").json()["projects"][0]["project_id"])


def create_app(server: Server) -> None:
    reply = server.admin("POST", f"/api/v1/projects/{project(server)}/apps", {"app_id": APP, "name": "Notes"})
    assert reply.status_code < 300, reply.text


def counts(server: Server) -> dict[str, int]:
    reply = server.admin("GET", f"/api/v1/apps/{APP}/stats/series?step=day")
    assert reply.status_code == 200, reply.text
    found: dict[str, int] = {}
    for point in reply.json()["points"]:
        found[point["action"]] = found.get(point["action"], 0) + point["count"]
    return found


def flood(url: str, who: int, acknowledged: list[int]) -> None:
    """Report until the server is gone; note what it answered."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        for number in range(100_000):
            device = who * 100_000 + number
            try:
                reply = http.post("/stats", json=[event(device, "set"), event(device, "ping")])
            except httpx.HTTPError:
                return
            assert [result["status"] for result in reply.json()["results"]] == ["ok", "ok"]
            acknowledged.append(device)


def test_nothing_that_was_answered_is_lost(data: Path) -> None:
    server = start(data)
    create_app(server)
    acknowledged: list[int] = []
    floods = [Thread(target=flood, args=(server.url, who, acknowledged)) for who in range(4)]
    for thread in floods:
        thread.start()
    while len(acknowledged) < 100:
        assert server.process.poll() is None
        floods[0].join(0.01)
    server.end(signal.SIGKILL)
    for thread in floods:
        thread.join()
    server.close()
    with started(data) as again:
        found = counts(again)
    assert found["set"] == found["ping"] == found["*install"]
    assert len(acknowledged) <= found["set"] <= len(acknowledged) + len(floods)


def test_a_listener_does_not_hold_up_the_end(data: Path) -> None:
    with started(data) as server:
        path = f"/events?project={project(server)}"
        with server.http.stream("GET", path, headers=server.operator) as reply:
            parts = reply.iter_bytes()
            assert next(parts) == b"retry: 3000\n\n"
            server.process.send_signal(signal.SIGTERM)
            assert list(parts) == []
        assert server.process.wait(60) == 0
    assert "cancel" not in server.log.read_text().lower()
