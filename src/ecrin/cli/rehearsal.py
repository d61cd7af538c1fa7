"""What `ecrin push --dry-run` says: files, bytes sent, bytes that devices would download, and whose devices."""

from collections.abc import Mapping
from typing import Any

from ecrin.cli.progress import size
from ecrin.cli.published import Published
from ecrin.updates.packing.model import Package
from ecrin.updates.packing.rules import to_download

PLATFORMS = ("ios", "android", "electron")


def rehearsal(
    facts: Mapping[str, Any], package: Package, published: Published, channel: Mapping[str, Any] | None
) -> tuple[dict[str, Any], list[str]]:
    """Return the record and the lines of a push that sends nothing; `channel` is None for one that is not there."""
    reach = _reach(facts["channel"], channel)
    downloads = _downloads(package, published)
    lines = [
        f"{facts['app_id']} {facts['version']}: {facts['files']} files, {size(facts['bytes'])} with the archive.",
        f"Would send {facts['objects_sent']} objects, {size(facts['bytes_sent'])}.",
        f"A device that takes archives would download {size(package.zip_size)}.",
        *(f"One that comes from {d['from']}: {d['files']} files, {size(d['bytes'])}." for d in downloads),
        f"Who would get it: {_sentence(reach)}",
        "Nothing was sent.",
    ]
    return {**facts, "published": False, "dry_run": True, "downloads": downloads, "reach": reach}, lines


def _downloads(package: Package, published: Published) -> list[dict[str, Any]]:
    """Return what devices would fetch by manifest, from nothing and from each of the last versions."""
    if not package.manifest:
        return []
    before = {"nothing": (), **published.manifests()}
    fetched = {version: to_download(package.manifest, manifest) for version, manifest in before.items()}
    return [{"from": v, "files": len(files), "bytes": sum(f.size for f in files)} for v, files in fetched.items()]


def _reach(name: str | None, channel: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return whose devices would get the bundle."""
    if channel is None:
        return {"channel": name, "exists": False}
    return {
        "channel": name,
        "exists": True,
        "ends_rollout": channel["rollout"] and channel["rollout"]["version"],
        "public": bool(channel["public"]),
        "platforms": [p for p in PLATFORMS if channel[p]],
        "audience_custom_ids": list(channel["audience_custom_ids"]),
        "audience_groups": list(channel["audience_groups"]),
        "disable_auto_update": channel["disable_auto_update"],
    }


def _sentence(reach: Mapping[str, Any]) -> str:
    if reach["channel"] is None:
        return "nobody, until a channel is pointed at it or a rollout of it begins."
    if not reach["exists"]:
        return f"nobody yet: the channel {reach['channel']} would be made, and no device follows it."
    who = "every device that follows no other" if reach["public"] else "the devices that were put on it"
    named = [f"group {g}" for g in reach["audience_groups"]] + [f"id {c}" for c in reach["audience_custom_ids"]]
    limits = [f"of {', '.join(named)} only"] if named else []
    limits.append(f"on {', '.join(reach['platforms']) or 'no platform'}")
    if reach["disable_auto_update"] != "none":
        limits.append(f"held back by its rule {reach['disable_auto_update']!r} about native versions")
    ends = f" Its rollout of {reach['ends_rollout']} would end." if reach["ends_rollout"] else ""
    return f"channel {reach['channel']}: {who}, {', '.join(limits)}.{ends}"
