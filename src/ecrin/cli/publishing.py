"""The steps of `ecrin push`: look, pack, send what the server lacks, publish. All that needs the plaintext is here."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ecrin.base.secret import Secret
from ecrin.cli.connection import Connection, ServerRefused, Upload, segment
from ecrin.cli.progress import Progress, size
from ecrin.cli.published import Published, entries_by_content
from ecrin.cli.rehearsal import rehearsal
from ecrin.errors import ConfigurationError
from ecrin.updates.bundles import rules
from ecrin.updates.bundles.model import NewBundle
from ecrin.updates.errors import BundleExists, InvalidBundle
from ecrin.updates.packing.compress import QUALITY
from ecrin.updates.packing.model import Package, Scan
from ecrin.updates.packing.pack import Packer
from ecrin.updates.packing.ready import sealed, unpacked
from ecrin.updates.packing.rules import MAP, TOOLING
from ecrin.updates.packing.scan import scan
from ecrin.updates.rollout.rules import check_free
from ecrin.updates.sealing.keys import PrivateKey, PublicKey

AT_ONCE = 6  # uploads
ASKED_AT_ONCE = 1000  # names of objects in one question


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `ecrin push` was told; the members are its options."""

    source: Path
    app_id: str
    version: str
    channel: str | None = None
    create_channel: bool = False
    end_rollout: bool = False
    key: Path | None = None
    dry_run: bool = False
    version_exists_ok: bool = False
    min_native: str | None = None
    link: str = ""
    comment: str = ""
    source_commit: str = ""
    no_manifest: bool = False
    with_maps: bool = False
    quality: int | None = None
    checksum: str = ""
    iv_session_key: str = ""
    public_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it, for programs and for people."""

    record: dict[str, Any]
    lines: list[str]


def publish(order: Order, server: Connection, progress: Progress) -> Done:
    """Publish a bundle, or say what it would mean.

    Raises `InvalidVersion`, `InvalidBundle`, `ConfigurationError` for a key file that cannot be used, and whatever the
    server refuses, `RolloutUnderWay` at once. Nothing is visible to devices until the last step, one transaction.
    """
    start = time.monotonic()
    rules.check_version(order.version)
    published = Published(server, order.app_id)
    if published.has(order.version):
        return _exists(order)
    channel = published.channel(order.channel, may_lack=order.create_channel) if order.channel else None
    _check_rollout(order, channel, progress)
    with TemporaryDirectory(prefix="ecrin-push-") as folder:
        package, found = _package(order, published, Path(folder), progress)
        new = _new(order, package)
        rules.check(new)
        _tell_left_out(found, progress)
        _tell_other_key(published.summary(channel["version"] or "") if channel else None, new, progress)
        missing = _missing(server, order.app_id, package)
        if order.dry_run:
            progress.end()
            return Done(*rehearsal(_facts(order, package, missing), package, published, channel))
        _send(server, order.app_id, package, missing, progress)
        progress.end()
        try:
            server.call("POST", published.path, _body(order, new, create=channel is None))
        except ServerRefused as error:
            if error.code != BundleExists.code:
                raise
            return _exists(order)
        return _done(order, package, missing, time.monotonic() - start)


def _check_rollout(order: Order, channel: Mapping[str, Any] | None, progress: Progress) -> None:
    """Refuse what the server would refuse once everything was sent; raises `RolloutUnderWay`."""
    if channel is None or channel["rollout"] is None:
        return
    version = str(channel["rollout"]["version"])
    check_free(order.app_id, str(channel["name"]), version, end=order.end_rollout)
    if not order.dry_run:
        progress.say(f"This ends the rollout of {version} on {channel['name']}.")


def _package(order: Order, published: Published, folder: Path, progress: Progress) -> tuple[Package, Scan | None]:
    """Return what will be published, and what was found where that can be seen."""
    if order.iv_session_key:
        public = PublicKey(_text(order.public_key)) if order.public_key else None
        return sealed(order.source, order.checksum, order.iv_session_key, public, folder), None
    key = PrivateKey(Secret(_text(order.key))) if order.key else None
    found = _scan(order, folder, progress)
    advance = progress("dedupe", len(found.files), "files")
    # Nothing is taken over for a quality that was asked for: what is there may have another.
    taken = {} if key or order.no_manifest or order.quality is not None else entries_by_content(published.manifests())
    advance(len(found.files))
    packer = Packer(
        folder, quality=QUALITY if order.quality is None else order.quality, key=key, published=taken, stages=progress
    )
    ready = order.source if order.source.is_file() else None
    return packer.pack(found.files, ready, listed=not order.no_manifest), found


def _scan(order: Order, folder: Path, progress: Progress) -> Scan:
    advance = progress("scan", 0)
    if order.source.is_file():
        inside = folder / "unpacked"
        inside.mkdir()
        found = unpacked(order.source, inside)
    else:
        found = scan(order.source, with_maps=order.with_maps)
    advance(found.size)
    return found


def _text(path: Path | None) -> str:
    try:
        return path.read_text("ascii") if path else ""
    except (OSError, UnicodeDecodeError):
        hint = "Make a pair: ecrin update-key create"
        raise ConfigurationError(f"The key file {path} cannot be read.", hint=hint) from None


def _new(order: Order, package: Package) -> NewBundle:
    return NewBundle(
        version=order.version,
        checksum=package.checksum,
        zip=package.zip,
        session_key=package.sealing.session_key,
        key_id=package.sealing.key_id,
        manifest=package.manifest,
        min_native=order.min_native,
        link=order.link,
        comment=order.comment,
        source_commit=order.source_commit,
    )


def _body(order: Order, new: NewBundle, *, create: bool) -> dict[str, Any]:
    body = {name: value for name, value in asdict(new).items() if value}
    if order.channel is None:
        return body
    where = {"channel": order.channel, "end_rollout": order.end_rollout}
    return {**body, **where, "create_channel": create}  # to make one takes a wider scope than to point it


def _missing(server: Connection, app_id: str, package: Package) -> list[str]:
    path = f"/api/v1/apps/{segment(app_id)}/objects:missing"
    names = sorted(package.needed)
    found: set[str] = set()
    for at in range(0, len(names), ASKED_AT_ONCE):
        found.update(server.call("POST", path, {"hashes": names[at : at + ASKED_AT_ONCE]})["missing"])
    return [name for name in names if name in found]


def _send(server: Connection, app_id: str, package: Package, missing: list[str], progress: Progress) -> None:
    """Send objects, several at once; the first refusal ends it. Raises `InvalidBundle` for one that is not here."""
    sizes = package.needed
    advance = progress("upload", sum(sizes[name] for name in missing))
    if gone := [name for name in missing if name not in package.objects]:
        raise InvalidBundle(f"{len(gone)} files went missing on the server meanwhile.", hint="Push again.")

    def send(name: str) -> None:
        body = Upload(package.objects[name], sizes[name], advance)
        server.upload(f"/api/v1/apps/{segment(app_id)}/objects/{name}", body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for _ in pool.map(send, missing):
                pass
        finally:
            pool.shutdown(cancel_futures=True)


def _tell_left_out(found: Scan | None, progress: Progress) -> None:
    if found is None:
        return
    if maps := found.count(MAP):
        progress.say(f"Left out {_count(maps, 'source map')} (*.map); --with-maps publishes what is left out.")
    if tooling := [name for name, reason in found.left_out.items() if reason == TOOLING]:
        progress.say(
            f"Left out what tools need and apps do not: {', '.join(tooling[:5])}{', …' if len(tooling) > 5 else ''}"
        )
    if empty := sum(1 for f in found.files if not f.size):
        progress.say(
            f"Left {_count(empty, 'empty file')} out of the manifest, as @capgo/cli does; the archive has all."
        )


def _tell_other_key(before: Mapping[str, Any] | None, new: NewBundle, progress: Progress) -> None:
    """Warn where the devices of a channel would refuse the bundle, as they have one key and install by that alone."""
    if before is None or not before["sealed"]:
        return
    if not new.session_key:
        progress.say(
            f"Caution: {before['version']} is sealed, this is not; apps with a key install sealed bundles only."
        )
    elif before["key_id"] and new.key_id and before["key_id"] != new.key_id:
        progress.say(f"Caution: {before['version']} is sealed by another key; apps that have that one refuse this.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _exists(order: Order) -> Done:
    if not order.version_exists_ok:
        raise BundleExists(f"{order.app_id} {order.version} was published already.")
    record = {"app_id": order.app_id, "version": order.version, "published": False}
    return Done(record, [f"{order.app_id} {order.version} is there already; nothing was changed."])


def _done(order: Order, package: Package, missing: list[str], seconds: float) -> Done:
    record = {**_facts(order, package, missing), "published": True, "seconds": round(seconds, 1)}
    where = f"to {order.channel}" if order.channel else "to no channel"
    what = f"{_count(len(package.manifest), 'file')} and the archive" if package.manifest else "the archive"
    sent = f"sent {size(record['bytes_sent'])} of {size(record['bytes'])}"
    how = "sealed, " if package.sealing.session_key else ""
    return Done(record, [f"Published {order.app_id} {order.version} {where}: {what}, {how}{sent} in {seconds:.1f} s."])


def _facts(order: Order, package: Package, missing: list[str]) -> dict[str, Any]:
    sizes = package.needed
    return {
        "app_id": order.app_id,
        "version": order.version,
        "channel": order.channel,
        "sealed": bool(package.sealing.session_key),
        "key_id": package.sealing.key_id,
        "checksum": package.checksum,
        "files": len(package.manifest),
        "bytes": sum(sizes.values()),
        "zip_bytes": package.zip_size,
        "objects_sent": len(missing),
        "bytes_sent": sum(sizes[name] for name in missing),
    }
