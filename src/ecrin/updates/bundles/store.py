"""The SQL of bundles and of the objects that they are made of."""

import json
from collections.abc import Iterable, Iterator

from ecrin.base.clock import Instant
from ecrin.storage.sql.port import Row, Tx
from ecrin.updates.bundles.model import Bundle, File

AT_ONCE = 500  # names in one statement


async def by_version(tx: Tx, app_id: str, version: str) -> Bundle | None:
    """Return a bundle that is not deleted."""
    sql = "SELECT * FROM bundles WHERE app_id = :app_id AND version = :version AND deleted_at IS NULL"
    row = await tx.one(sql, app_id=app_id, version=version)
    return _bundle(row) if row else None


async def of_app(tx: Tx, app_id: str) -> list[Bundle]:
    """Return an app's bundles that are not deleted, the newest first."""
    sql = "SELECT * FROM bundles WHERE app_id = :app_id AND deleted_at IS NULL ORDER BY number DESC"
    return [_bundle(row) for row in await tx.all(sql, app_id=app_id)]


async def page(tx: Tx, app_id: str, before: int, limit: int) -> list[Bundle]:
    """Return bundles with a number below `before`, the newest first."""
    sql = (
        "SELECT * FROM bundles WHERE app_id = :app_id AND deleted_at IS NULL AND number < :before"
        " ORDER BY number DESC LIMIT :limit"
    )
    return [_bundle(row) for row in await tx.all(sql, app_id=app_id, before=before, limit=limit)]


async def was_published(tx: Tx, app_id: str, version: str) -> bool:
    """Return whether the version was ever published, be it deleted since."""
    sql = "SELECT number FROM bundles WHERE app_id = :app_id AND version = :version"
    return await tx.one(sql, app_id=app_id, version=version) is not None


async def newest(tx: Tx, app_id: str) -> int:
    """Return the number of the bundle that was published last, 0 where there is none."""
    row = await tx.one("SELECT MAX(number) AS number FROM bundles WHERE app_id = :app_id", app_id=app_id)
    return int(row["number"] or 0) if row else 0


async def named(tx: Tx, app_id: str) -> frozenset[str]:
    """Return the versions that a channel (and so every override to it) or a rollout under way names."""
    rows = await tx.all(
        "SELECT version FROM channels WHERE app_id = :app_id AND version IS NOT NULL"
        " UNION SELECT version FROM rollouts WHERE app_id = :app_id AND ended_at IS NULL"
        " UNION SELECT previous FROM rollouts WHERE app_id = :app_id AND ended_at IS NULL AND previous IS NOT NULL",
        app_id=app_id,
    )
    return frozenset(row["version"] for row in rows)


async def unused(tx: Tx, app_id: str) -> dict[str, Instant | None]:
    """Return since when each bundle is known to be named by nothing (None: it was, when it was last looked at)."""
    sql = "SELECT version, unused_since FROM bundles WHERE app_id = :app_id AND deleted_at IS NULL"
    return {row["version"]: row["unused_since"] for row in await tx.all(sql, app_id=app_id)}


async def set_unused(tx: Tx, app_id: str, version: str, since: Instant | None) -> None:
    """Note since when a bundle is named by nothing."""
    sql = "UPDATE bundles SET unused_since = :since WHERE app_id = :app_id AND version = :version"
    await tx.run(sql, app_id=app_id, version=version, since=since)


async def insert(tx: Tx, bundle: Bundle) -> Bundle:
    """Write a new bundle and return it with its number; raises `Conflict` for a version that was ever published."""
    sql = "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM bundles WHERE app_id = :app_id"
    row = await tx.one(sql, app_id=bundle.app_id)
    number = int(row["next"]) if row else 1
    await tx.run(
        "INSERT INTO bundles (app_id, number, version, zip, zip_size, external_url, checksum, session_key, key_id,"
        " manifest, min_native, link, comment, source_commit, created_by, created_at)"
        " VALUES (:app_id, :number, :version, :zip, :zip_size, :external_url, :checksum, :session_key, :key_id,"
        " :manifest, :min_native, :link, :comment, :source_commit, :created_by, :created_at)",
        app_id=bundle.app_id,
        number=number,
        version=bundle.version,
        zip=bundle.zip,
        zip_size=bundle.zip_size,
        external_url=bundle.external_url,
        checksum=bundle.checksum,
        session_key=bundle.session_key,
        key_id=bundle.key_id,
        manifest=json.dumps([[f.name, f.hash, f.object, f.size] for f in bundle.manifest]),
        min_native=bundle.min_native,
        link=bundle.link,
        comment=bundle.comment,
        source_commit=bundle.source_commit,
        created_by=bundle.created_by,
        created_at=bundle.created_at,
    )
    made = await by_version(tx, bundle.app_id, bundle.version)
    assert made is not None  # noqa: S101  it was written in this unit
    return made


async def describe(tx: Tx, app_id: str, version: str, link: str, comment: str) -> None:
    """Write link and comment, the only things about a bundle that may change."""
    sql = "UPDATE bundles SET link = :link, comment = :comment WHERE app_id = :app_id AND version = :version"
    await tx.run(sql, app_id=app_id, version=version, link=link, comment=comment)


async def delete(tx: Tx, app_id: str, version: str, now: Instant) -> None:
    """Mark a bundle as deleted; its row stays, so that nothing else ever has its name."""
    sql = "UPDATE bundles SET deleted_at = :now WHERE app_id = :app_id AND version = :version AND deleted_at IS NULL"
    await tx.run(sql, app_id=app_id, version=version, now=now)


async def objects(tx: Tx, app_id: str) -> dict[str, Instant]:
    """Return when each of an app's objects came or was last asked for, by name."""
    rows = await tx.all("SELECT hash, seen_at FROM objects WHERE app_id = :app_id", app_id=app_id)
    return {row["hash"]: row["seen_at"] for row in rows}


async def left_behind(tx: Tx) -> list[str]:
    """Return the apps that are gone and have objects still."""
    sql = "SELECT DISTINCT app_id FROM objects WHERE app_id NOT IN (SELECT id FROM apps) ORDER BY app_id"
    return [row["app_id"] for row in await tx.all(sql)]


async def sizes(tx: Tx, app_id: str, names: Iterable[str]) -> dict[str, int]:
    """Return the sizes of those of the named objects that are there."""
    found: dict[str, int] = {}
    for places, values in _parts(names):
        sql = f"SELECT hash, size FROM objects WHERE app_id = :app_id AND hash IN ({places})"  # noqa: S608
        found.update({row["hash"]: row["size"] for row in await tx.all(sql, app_id=app_id, **values)})
    return found


async def seen(tx: Tx, app_id: str, names: Iterable[str], now: Instant) -> None:
    """Note that somebody asked for objects."""
    for places, values in _parts(names):
        sql = f"UPDATE objects SET seen_at = :now WHERE app_id = :app_id AND hash IN ({places})"  # noqa: S608
        await tx.run(sql, app_id=app_id, now=now, **values)


async def add_object(tx: Tx, app_id: str, name: str, size: int, now: Instant) -> None:
    """Note an object that is durable."""
    await tx.run(
        "INSERT INTO objects (app_id, hash, size, seen_at) VALUES (:app_id, :name, :size, :now)"
        " ON CONFLICT (app_id, hash) DO UPDATE SET seen_at = :now",
        app_id=app_id,
        name=name,
        size=size,
        now=now,
    )


async def drop_objects(tx: Tx, app_id: str, names: Iterable[str]) -> None:
    """Forget objects; their files go after the commit."""
    for places, values in _parts(names):
        sql = f"DELETE FROM objects WHERE app_id = :app_id AND hash IN ({places})"  # noqa: S608
        await tx.run(sql, app_id=app_id, **values)


def _parts(names: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the places and the values of IN, as many as go into one statement."""
    todo = sorted(set(names))
    for start in range(0, len(todo), AT_ONCE):
        values = {f"n{i}": name for i, name in enumerate(todo[start : start + AT_ONCE])}
        yield ", ".join(f":{place}" for place in values), values


def _bundle(row: Row) -> Bundle:
    return Bundle(
        app_id=row["app_id"],
        number=row["number"],
        version=row["version"],
        checksum=row["checksum"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        zip=row["zip"],
        zip_size=row["zip_size"],
        external_url=row["external_url"],
        session_key=row["session_key"],
        key_id=row["key_id"],
        manifest=tuple(File(*entry) for entry in json.loads(row["manifest"])),
        min_native=row["min_native"],
        link=row["link"],
        comment=row["comment"],
        source_commit=row["source_commit"],
        deleted_at=row["deleted_at"],
    )
