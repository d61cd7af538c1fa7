"""The SQL of channels and of the groups that audiences name."""

import json
from dataclasses import asdict, replace

from ecrin.storage.sql.port import Row, Tx
from ecrin.updates.channels.model import Audience, Channel, ChannelSettings, Limit, Package


async def of_app(tx: Tx, app_id: str) -> list[Channel]:
    """Return an app's channels by name."""
    rows = await tx.all("SELECT * FROM channels WHERE app_id = :app_id ORDER BY name", app_id=app_id)
    return [_channel(row) for row in rows]


async def by_name(tx: Tx, app_id: str, name: str) -> Channel | None:
    """Return a channel."""
    row = await tx.one("SELECT * FROM channels WHERE app_id = :app_id AND name = :name", app_id=app_id, name=name)
    return _channel(row) if row else None


async def by_number(tx: Tx, app_id: str, number: int) -> Channel | None:
    """Return a channel by the number that rollouts and overrides name."""
    sql = "SELECT * FROM channels WHERE app_id = :app_id AND number = :number"
    row = await tx.one(sql, app_id=app_id, number=number)
    return _channel(row) if row else None


async def insert(tx: Tx, channel: Channel) -> Channel:
    """Write a new channel and return it with its number; raises `Conflict` for a name that is taken."""
    sql = "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM channels WHERE app_id = :app_id"
    row = await tx.one(sql, app_id=channel.app_id)
    made = replace(channel, number=int(row["next"]) if row else 1)
    await tx.run(
        "INSERT INTO channels (app_id, number, name, version, settings, created_at)"
        " VALUES (:app_id, :number, :name, :version, :settings, :created_at)",
        app_id=made.app_id,
        number=made.number,
        name=made.name,
        version=made.version,
        settings=_text(made.settings),
        created_at=made.created_at,
    )
    return made


async def update(tx: Tx, channel: Channel) -> None:
    """Write a channel's version and settings."""
    await tx.run(
        "UPDATE channels SET version = :version, settings = :settings WHERE app_id = :app_id AND number = :number",
        app_id=channel.app_id,
        number=channel.number,
        version=channel.version,
        settings=_text(channel.settings),
    )


async def delete(tx: Tx, channel: Channel) -> None:
    """Remove a channel with its rollouts and the overrides to it."""
    for table in ("overrides", "rollouts"):
        sql = f"DELETE FROM {table} WHERE app_id = :app_id AND channel = :number"  # noqa: S608
        await tx.run(sql, app_id=channel.app_id, number=channel.number)
    sql = "DELETE FROM channels WHERE app_id = :app_id AND number = :number"
    await tx.run(sql, app_id=channel.app_id, number=channel.number)


async def groups(tx: Tx, app_id: str) -> dict[str, frozenset[str]]:
    """Return the custom ids of each group."""
    found: dict[str, set[str]] = {}
    for row in await tx.all("SELECT group_name, custom_id FROM group_members WHERE app_id = :app_id", app_id=app_id):
        found.setdefault(row["group_name"], set()).add(row["custom_id"])
    return {name: frozenset(members) for name, members in found.items()}


async def set_group(tx: Tx, app_id: str, name: str, members: frozenset[str]) -> None:
    """Replace the members of a group; a group without any is gone."""
    await tx.run("DELETE FROM group_members WHERE app_id = :app_id AND group_name = :name", app_id=app_id, name=name)
    for custom_id in sorted(members):
        sql = "INSERT INTO group_members (app_id, group_name, custom_id) VALUES (:app_id, :name, :custom_id)"
        await tx.run(sql, app_id=app_id, name=name, custom_id=custom_id)


def audience_text(audience: Audience) -> str:
    """Return an audience as it is kept."""
    return json.dumps({"custom_ids": sorted(audience.custom_ids), "groups": sorted(audience.groups)})


def audience(text: str) -> Audience:
    """Return an audience that was kept."""
    kept = json.loads(text)
    return Audience(frozenset(kept["custom_ids"]), frozenset(kept["groups"]))


def _text(settings: ChannelSettings) -> str:
    return json.dumps({**asdict(settings), "audience": json.loads(audience_text(settings.audience))})


def _channel(row: Row) -> Channel:
    kept = json.loads(row["settings"])
    kept["audience"] = audience(json.dumps(kept["audience"]))
    kept["disable_auto_update"] = Limit(kept["disable_auto_update"])
    kept["update_package"] = Package(kept["update_package"])
    settings = ChannelSettings(**kept)
    return Channel(row["app_id"], row["number"], row["name"], row["created_at"], row["version"], settings)
