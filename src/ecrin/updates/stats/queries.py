"""The SQL that reads statistics; all of it runs as `scan`, which holds nobody up."""

from ecrin.base.clock import DAY, HOUR, MINUTE, Instant
from ecrin.storage.sql.port import Tx
from ecrin.updates.devices.model import Device, Platform
from ecrin.updates.rollout.rules import Tally
from ecrin.updates.stats.model import ACTIVE, INSTALLED, Adoption, Point, VersionSummary
from ecrin.updates.stats.rules import DOWNLOADED, OFFERED, SHARES, floor, needed

_COUNTED = "app_id = :app AND is_prod = 1 AND is_emulator = 0 AND seen_at >= :since"

# One row a device and version, whatever kinds of ends it had.
_ENDS = (
    "SELECT version, device_id, MAX(CASE WHEN kind = 'install' THEN 1 ELSE 0 END) AS installed,"
    " MAX(CASE WHEN kind = 'failure' THEN 1 ELSE 0 END) AS failed"
    " FROM outcomes WHERE app_id = :app AND at >= :since GROUP BY version, device_id"
)


async def tally(tx: Tx, app_id: str, version: str, since: Instant) -> Tally:
    """Return how many devices tried a version since an instant, and how many of them it failed on.

    A device that had it before and failed since then is an attempt too.
    """
    row = await tx.one(
        "SELECT COUNT(DISTINCT device_id) AS attempts,"
        " COUNT(DISTINCT CASE WHEN kind = 'failure' THEN device_id END) AS failures FROM outcomes"
        " WHERE app_id = :app AND version = :version AND kind IN ('install', 'failure') AND at >= :since",
        app=app_id,
        version=version,
        since=since,
    )
    return Tally(row["attempts"], row["failures"]) if row else Tally(0, 0)


async def versions(tx: Tx, app_id: str, since: Instant) -> list[VersionSummary]:
    """Return what became of each version since an instant, by version."""
    ends = await tx.all(
        "SELECT version, COUNT(*) AS attempts, SUM(installed) AS installs,"  # noqa: S608
        " SUM(CASE WHEN failed = 1 OR installed = 0 THEN 1 ELSE 0 END) AS failures"
        f" FROM ({_ENDS}) AS ends GROUP BY version",
        app=app_id,
        since=since,
    )
    found = {row["version"]: row for row in ends}
    downloads = await _by_version(tx, app_id, since, DOWNLOADED)
    offers = await _by_version(tx, app_id, since, OFFERED)
    return [
        VersionSummary(
            version,
            found[version]["attempts"] if version in found else 0,
            found[version]["installs"] if version in found else 0,
            found[version]["failures"] if version in found else 0,
            downloads.get(version, 0),
            offers.get(version, 0),
        )
        for version in sorted({*found, *downloads, *offers})
    ]


async def actions(tx: Tx, app_id: str, since: Instant, version: str = "") -> list[tuple[str, str, str, int]]:
    """Return version, action, platform and how often, since the day of an instant, the most frequent first."""
    rows = await tx.all(
        "SELECT version, action, platform, SUM(count) AS count FROM counts"
        " WHERE app_id = :app AND step = :step AND at >= :since AND (:version = '' OR version = :version)"
        " GROUP BY version, action, platform ORDER BY SUM(count) DESC, version, action, platform",
        app=app_id,
        step=DAY,
        since=floor(since, DAY),
        version=version,
    )
    return [(row["version"], row["action"], row["platform"], row["count"]) for row in rows]


async def series(
    tx: Tx, app_id: str, step: int, start: Instant, end: Instant, by: str, only: dict[str, str]
) -> list[Point]:
    """Return counts by bucket and by one of the columns; `only` limits columns to one value each."""
    chosen = "".join(f" AND {column} = :{column}" for column in only)
    rows = await tx.all(
        f"SELECT at, {by} AS key, SUM(count) AS count FROM counts"  # noqa: S608
        f" WHERE app_id = :app AND step = :step AND at >= :start AND at < :end{chosen}"
        f" GROUP BY at, {by} ORDER BY at, {by}",
        app=app_id,
        step=step,
        start=floor(start, step),
        end=end,
        **only,
    )
    return [Point(row["at"], row["key"], row["count"]) for row in rows]


async def active(tx: Tx, app_id: str, since: Instant, platform: str = "") -> int:
    """Return how many real devices with released builds were there since an instant."""
    row = await tx.one(
        f"SELECT COUNT(*) AS n FROM devices WHERE {_COUNTED} AND (:platform = '' OR platform = :platform)",  # noqa: S608
        app=app_id,
        since=since,
        platform=platform,
    )
    return row["n"] if row else 0


async def adoption(tx: Tx, app_id: str, version: str, platform: str = "") -> Adoption:
    """Return how a version spread."""
    which = {"app": app_id, "version": version, "platform": platform}
    where = (
        " FROM outcomes WHERE app_id = :app AND version = :version AND kind = 'install'"
        " AND (:platform = '' OR platform = :platform)"
    )
    row = await tx.one(f"SELECT COUNT(*) AS n, MIN(at) AS first, MAX(at) AS last{where}", **which)
    if row is None or not row["n"]:
        return Adoption(version, None, await active(tx, app_id, 0, platform), 0, dict.fromkeys(SHARES), ())
    present = max(await active(tx, app_id, floor(row["first"], DAY), platform), row["n"])
    reached: dict[int, Instant | None] = {}
    for share in SHARES:
        sql = f"SELECT at{where} ORDER BY at LIMIT 1 OFFSET :skip"
        nth = await tx.one(sql, skip=needed(share, present) - 1, **which)
        reached[share] = nth["at"] if nth else None
    step = MINUTE if row["last"] - row["first"] < DAY else HOUR
    only = {"action": INSTALLED, "version": version} | ({"platform": platform} if platform else {})
    firsts = await series(tx, app_id, step, row["first"], row["last"] + 1, "version", only)
    return Adoption(version, row["first"], present, row["n"], reached, _cumulated(firsts))


async def active_by_day(tx: Tx, app_id: str, since: Instant) -> list[tuple[Instant, int]]:
    """Return how many devices were there on each day."""
    rows = await tx.all(
        "SELECT at, SUM(count) AS count FROM counts WHERE app_id = :app AND step = :step AND at >= :since"
        " AND action = :action GROUP BY at ORDER BY at",
        app=app_id,
        step=DAY,
        since=floor(since, DAY),
        action=ACTIVE,
    )
    return [(row["at"], row["count"]) for row in rows]


async def devices(tx: Tx, app_id: str, after: str, limit: int) -> list[Device]:
    """Return devices by id, those that come after one."""
    rows = await tx.all(
        "SELECT * FROM devices WHERE app_id = :app AND device_id > :after ORDER BY device_id LIMIT :limit",
        app=app_id,
        after=after,
        limit=limit,
    )
    return [
        Device(
            **{name: row[name] for name in Device.__slots__ if name not in {"platform", "is_emulator", "is_prod"}},
            platform=Platform(row["platform"]),
            is_emulator=bool(row["is_emulator"]),
            is_prod=bool(row["is_prod"]),
        )
        for row in rows
    ]


async def _by_version(tx: Tx, app_id: str, since: Instant, action: str) -> dict[str, int]:
    rows = await tx.all(
        "SELECT version, SUM(count) AS count FROM counts WHERE app_id = :app AND step = :step AND at >= :since"
        " AND action = :action GROUP BY version",
        app=app_id,
        step=DAY,
        since=floor(since, DAY),
        action=action,
    )
    return {row["version"]: row["count"] for row in rows}


def _cumulated(points: list[Point]) -> tuple[tuple[Instant, int], ...]:
    found, total = [], 0
    for point in points:
        total += point.count
        found.append((point.at, total))
    return tuple(found)
