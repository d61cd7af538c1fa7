"""/api/v1/apps/{app}/stats: what devices reported."""

from ecrin.base.clock import DAY, HOUR, MINUTE, Clock, Instant
from ecrin.errors import InvalidRequest
from ecrin.updates.stats import rules
from ecrin.updates.stats.model import Adoption, Kind, VersionSummary
from ecrin.updates.stats.service import COLUMNS, StatsService
from ecrin.web.api.statstypes import (
    MAX_DAYS,
    ActiveDay,
    AdoptionQuery,
    AdoptionShown,
    CurvePoint,
    DaysQuery,
    Failure,
    FailureList,
    FailureQuery,
    Point,
    Series,
    SeriesQuery,
    Summary,
    VersionShown,
)
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import APP_READ, Route

BASE = "/api/v1/apps/{app}/stats"
STEPS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
_BUCKETS = 60  # that a series goes back where nobody says


class UpdateStatsEndpoints:
    """Figures of an app; all times are milliseconds since the epoch, all rates shares between 0 and 1."""

    def __init__(self, stats: StatsService, clock: Clock) -> None:
        self._stats = stats
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", f"{BASE}/summary", APP_READ, self.summary, reply=Summary, query=DaysQuery),
            Route("GET", f"{BASE}/series", APP_READ, self.series, reply=Series, query=SeriesQuery),
            Route("GET", f"{BASE}/adoption", APP_READ, self.adoption, reply=AdoptionShown, query=AdoptionQuery),
            Route("GET", f"{BASE}/failures", APP_READ, self.failures, reply=FailureList, query=FailureQuery),
        ]

    async def summary(self, call: Call) -> Reply:
        """Return what became of each version, and how many devices were there, in the last `days` (30)."""
        app, days = call.params["app"], _number(call, "days", 30, MAX_DAYS)
        present, by_day = await self._stats.active(app, days)
        versions = await self._stats.versions(app, days)
        return json_reply(Summary(days, present, [ActiveDay(*day) for day in by_day], [_version(v) for v in versions]))

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
        found = [Point(at=p.at, count=p.count, **{by: p.key}) for p in points]
        return json_reply(Series(step, by, start, end, found))

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
        return json_reply(FailureList(days, [_failure(*row) for row in rows]))


def _version(v: VersionSummary) -> VersionShown:
    return VersionShown(v.version, v.attempts, v.installs, v.failures, v.success_rate, v.downloads, v.offers)


def _adoption(found: Adoption) -> AdoptionShown:
    start = found.started_at
    reached = {str(share): at - start for share, at in found.reached.items() if at is not None and start is not None}
    return AdoptionShown(
        version=found.version,
        started_at=start,
        active_devices=found.active,
        installed=found.installed,
        milliseconds_to_percent={str(share): reached.get(str(share)) for share in found.reached},
        curve=[CurvePoint(*point) for point in found.curve],
    )


def _failure(version: str, action: str, platform: str, count: int) -> Failure:
    blames_bundle = rules.kind_of(action) is Kind.FAILURE
    return Failure(version, action, platform, count, rules.is_crash(action), blames_bundle)


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
