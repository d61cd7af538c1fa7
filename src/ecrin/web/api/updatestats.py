"""/api/v1/apps/{app}/stats: what devices reported."""

from typing import Any

from ecrin.base.clock import DAY, HOUR, MINUTE, Clock, Instant
from ecrin.errors import InvalidRequest
from ecrin.updates.stats import rules
from ecrin.updates.stats.model import Adoption, Kind, VersionSummary
from ecrin.updates.stats.service import COLUMNS, StatsService
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import APP_READ, Route

BASE = "/api/v1/apps/{app}/stats"
STEPS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
MAX_DAYS = 400
_BUCKETS = 60  # that a series goes back where nobody says


class UpdateStatsEndpoints:
    """Figures of an app; all times are milliseconds since the epoch, all rates shares between 0 and 1."""

    def __init__(self, stats: StatsService, clock: Clock) -> None:
        self._stats = stats
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", f"{BASE}/summary", APP_READ, self.summary),
            Route("GET", f"{BASE}/series", APP_READ, self.series),
            Route("GET", f"{BASE}/adoption", APP_READ, self.adoption),
            Route("GET", f"{BASE}/failures", APP_READ, self.failures),
        ]

    async def summary(self, call: Call) -> Reply:
        """Return what became of each version, and how many devices were there, in the last `days` (30)."""
        app, days = call.params["app"], _number(call, "days", 30, MAX_DAYS)
        present, by_day = await self._stats.active(app, days)
        versions = await self._stats.versions(app, days)
        return json_reply(
            {
                "days": days,
                "active_devices": present,
                "active_by_day": [{"at": at, "devices": count} for at, count in by_day],
                "versions": [_version(v) for v in versions],
            }
        )

    async def series(self, call: Call) -> Reply:
        """Return counts by `step` (minute, hour, day) from `from` to `to`, one line per value of `by`."""
        step = STEPS.get(call.query.get("step", "hour"))
        if step is None:
            raise InvalidRequest("A step is minute, hour or day.")
        end = _instant(call, "to", self._clock.now() + 1)
        start = _instant(call, "from", end - _BUCKETS * step)
        only = {name: call.query[name] for name in COLUMNS if call.query.get(name)}
        by = call.query.get("by", "action")
        points = await self._stats.series(call.params["app"], step, start, end, by=by, only=only)
        found = [{"at": p.at, by: p.key, "count": p.count} for p in points]
        return json_reply({"step": step, "by": by, "from": start, "to": end, "points": found})

    async def adoption(self, call: Call) -> Reply:
        """Return how `version` spread, on one `platform` or on all."""
        version = call.query.get("version", "")
        if not version:
            raise InvalidRequest("Name a version: ?version=1.2.3")
        found = await self._stats.adoption(call.params["app"], version, call.query.get("platform", ""))
        return json_reply(_adoption(found))

    async def failures(self, call: Call) -> Reply:
        """Return why versions failed in the last `days` (30), the most frequent first."""
        days = _number(call, "days", 30, MAX_DAYS)
        found = await self._stats.actions(call.params["app"], days, call.query.get("version", ""))
        rows = [(v, a, p, n) for v, a, p, n in found if rules.kind_of(a) not in {None, Kind.INSTALL}]
        return json_reply({"days": days, "failures": [_failure(*row) for row in rows]})


def _version(v: VersionSummary) -> dict[str, Any]:
    return {
        "version": v.version,
        "attempts": v.attempts,
        "installs": v.installs,
        "failures": v.failures,
        "success_rate": v.success_rate,
        "downloads": v.downloads,
        "offers": v.offers,
    }


def _adoption(found: Adoption) -> dict[str, Any]:
    start = found.started_at
    reached = {str(share): at - start for share, at in found.reached.items() if at is not None and start is not None}
    return {
        "version": found.version,
        "started_at": start,
        "active_devices": found.active,
        "installed": found.installed,
        "milliseconds_to_percent": {str(share): reached.get(str(share)) for share in found.reached},
        "curve": [{"at": at, "devices": devices} for at, devices in found.curve],
    }


def _failure(version: str, action: str, platform: str, count: int) -> dict[str, Any]:
    kind = rules.kind_of(action)
    return {
        "version": version,
        "reason": action,
        "platform": platform,
        "events": count,
        "crash": rules.is_crash(action),
        "blames_bundle": kind is Kind.FAILURE,
    }


def _number(call: Call, name: str, default: int, most: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise InvalidRequest(f"{name} is a number from 1 to {most}.")
    return int(text)


def _instant(call: Call, name: str, default: Instant) -> Instant:
    text = call.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidRequest(f"{name} is a time in milliseconds since the epoch.")
    return int(text)
