"""/api/v1/apps/{app}/channels/{channel}/rollout."""

from typing import Any

import pytest

from harness import Instance
from updates.line import Line, line
from web.wire import token_with

POLICY = {
    "enabled": True,
    "window_minutes": 60,
    "failure_rate_bps": 500,
    "confidence": 0.95,
    "min_attempts": 50,
    "min_failures": 5,
    "action": "pause",
    "cooldown_minutes": 60,
}


@pytest.fixture
async def notes(serve: Instance) -> Line:
    return await line(serve, "1.0.0", "1.1.0", stable="1.0.0")


async def post(instance: Instance, app: Line, verb: str = "", body: Any = None, **headers: str) -> Any:
    path = f"{app.channel}/rollout{verb and ':' + verb}"
    return await instance.http.post(path, json=body or {}, headers=headers or instance.bearer)


def code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json().get("code", "")


async def test_a_rollout_is_shown_as_it_was_started(serve: Instance, notes: Line) -> None:
    body = {
        "version": "1.1.0",
        "share_percent": 2.5,
        "stages": [{"after_minutes": 60, "share_percent": 10}, {"after_minutes": 120, "share_bps": 10_000}],
        "halt": {**POLICY, "action": "rollback", "min_attempts": 10},
        "audience_custom_ids": ["ada"],
        "audience_groups": ["testers"],
    }
    made = await post(serve, notes, body=body)
    now = serve.clock.now()

    assert made.status_code == 201
    assert {**made.json(), "id": "x"} == {
        "id": "x",
        "channel": "production",
        "version": "1.1.0",
        "previous": "1.0.0",
        "state": "running",
        "share_percent": 2.5,
        "share_bps": 250,
        "stages": [
            {"after_minutes": 60, "share_percent": 10.0, "share_bps": 1_000},
            {"after_minutes": 120, "share_percent": 100.0, "share_bps": 10_000},
        ],
        "halt": {**POLICY, "action": "rollback", "min_attempts": 10},
        "audience_custom_ids": ["ada"],
        "audience_groups": ["testers"],
        "reason": "",
        "halted": False,
        "started_at": now,
        "changed_at": now,
        "paused_at": None,
        "quiet_until": None,
        "ended_at": None,
    }
    shown = await serve.http.get(f"{notes.channel}/rollout", headers=serve.bearer)
    assert shown.json() == {"rollout": made.json(), "ended": []}


async def test_a_rollout_goes_from_its_start_to_its_promotion(serve: Instance, notes: Line) -> None:
    steps = [
        await post(serve, notes, body={"version": "1.1.0"}),
        await post(serve, notes, "raise", {"share_percent": 0.01}),
        await post(serve, notes, "raise", {"share_bps": 5_000}),
        await post(serve, notes, "pause", {"reason": "lunch"}),
        await post(serve, notes, "resume"),
        await post(serve, notes, "promote"),
    ]
    seen = [(step.json()["share_bps"], step.json()["state"], step.json()["reason"]) for step in steps]

    assert seen == [
        (0, "running", ""),
        (1, "running", ""),
        (5_000, "running", ""),
        (5_000, "paused", "lunch"),
        (5_000, "running", ""),
        (5_000, "promoted", ""),
    ]
    channel = await serve.http.get(notes.channel, headers=serve.bearer)
    shown = (await serve.http.get(f"{notes.channel}/rollout", headers=serve.bearer)).json()
    assert channel.json()["version"] == "1.1.0"
    assert (shown["rollout"], len(shown["ended"])) == (None, 1)


@pytest.mark.parametrize(("body", "end"), [({}, "1.0.0"), ({"version": "builtin", "reason": "crashes"}, "builtin")])
async def test_a_rollout_is_taken_back(serve: Instance, notes: Line, body: dict[str, str], end: str) -> None:
    await post(serve, notes, body={"version": "1.1.0", "share_percent": 100})
    reply = await post(serve, notes, "rollback", body)

    assert (reply.json()["state"], reply.json()["reason"]) == ("rolled_back", body.get("reason", ""))
    assert (await serve.http.get(notes.channel, headers=serve.bearer)).json()["version"] == end


@pytest.mark.parametrize(
    ("body", "status", "wanted"),
    [
        ({}, 400, "INVALID_ARGUMENT"),
        ({"version": "9.9.9"}, 404, "BUNDLE_NOT_FOUND"),
        ({"version": "1.0.0"}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "share_percent": 101}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "share_percent": -1}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "share_percent": 0.001}, 400, "INVALID_ARGUMENT"),
        ({"version": "1.1.0", "share_percent": 1e300}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "share_percent": "5"}, 400, "INVALID_ARGUMENT"),
        ({"version": "1.1.0", "share_bps": 1.5}, 400, "INVALID_ARGUMENT"),
        ({"version": "1.1.0", "share_bps": 1, "share_percent": 1}, 400, "INVALID_ARGUMENT"),
        ({"version": "1.1.0", "stages": [{"after_minutes": 5}]}, 400, "INVALID_ARGUMENT"),
        (
            {"version": "1.1.0", "share_bps": 5, "stages": [{"after_minutes": 5, "share_bps": 1}]},
            400,
            "INVALID_ROLLOUT",
        ),
        ({"version": "1.1.0", "stages": [{"after_minutes": -5, "share_bps": 1}]}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "halt": {"confidence": 1}}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "halt": {"action": "explode"}}, 400, "INVALID_ARGUMENT"),
        ({"version": "1.1.0", "halt": {"unknown": 1}}, 400, "INVALID_ARGUMENT"),
        ({"version": "1.1.0", "audience_groups": ["no name!"]}, 400, "INVALID_CHANNEL_NAME"),
        ({"version": "1.1.0", "halt": {"window_minutes": 10**40}}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "halt": {"window_minutes": 10**18}}, 400, "INVALID_ROLLOUT"),
        ({"version": "1.1.0", "stages": [{"after_minutes": 10**18, "share_bps": 1}]}, 400, "INVALID_ROLLOUT"),
    ],
)
async def test_a_rollout_that_cannot_be_is_refused(
    serve: Instance, notes: Line, body: Any, status: int, wanted: str
) -> None:
    assert code(await post(serve, notes, body=body)) == (status, wanted)
    assert (await serve.http.get(f"{notes.channel}/rollout", headers=serve.bearer)).json()["rollout"] is None


async def test_a_share_is_never_lowered(serve: Instance, notes: Line) -> None:
    await post(serve, notes, body={"version": "1.1.0", "share_percent": 50})
    for share in ({"share_percent": 49.99}, {"share_bps": 5_000}, {"share_bps": 0}):
        assert code(await post(serve, notes, "raise", share)) == (400, "INVALID_ROLLOUT")
    assert code(await post(serve, notes, "raise", {})) == (400, "INVALID_ARGUMENT")


async def test_one_channel_has_one_rollout_at_a_time(serve: Instance, notes: Line) -> None:
    await post(serve, notes, body={"version": "1.1.0"})
    assert code(await post(serve, notes, body={"version": "1.1.0"})) == (409, "ROLLOUT_UNDER_WAY")


@pytest.mark.parametrize("verb", ["raise", "pause", "resume", "promote", "rollback"])
async def test_without_a_rollout_there_is_nothing_to_move(serve: Instance, notes: Line, verb: str) -> None:
    body = {"share_bps": 1} if verb == "raise" else {}
    assert code(await post(serve, notes, verb, body)) == (404, "NO_ROLLOUT")


async def test_a_reason_is_kept_as_text_whatever_is_in_it(serve: Instance, notes: Line) -> None:
    await post(serve, notes, body={"version": "1.1.0"})
    reason = "'; DROP TABLE rollouts; -- <b>%_\\"
    assert (await post(serve, notes, "pause", {"reason": reason})).json()["reason"] == reason


@pytest.mark.parametrize("reason", ["\0", "x" * 501])
async def test_a_reason_that_no_database_or_reader_wants_is_refused(serve: Instance, notes: Line, reason: str) -> None:
    await post(serve, notes, body={"version": "1.1.0"})
    for verb in ("pause", "rollback"):
        assert code(await post(serve, notes, verb, {"reason": reason})) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(("verb", "status"), [("read", 403), ("upload", 201)])
async def test_who_may_point_the_channel_may_roll_out(serve: Instance, notes: Line, verb: str, status: int) -> None:
    headers = await token_with(serve, f"{serve.project.id}/{notes.id}/production:{verb}")
    assert (await post(serve, notes, body={"version": "1.1.0"}, **headers)).status_code == status
