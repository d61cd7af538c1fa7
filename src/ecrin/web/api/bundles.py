"""/api/v1/apps/{app}/objects and /api/v1/apps/{app}/bundles: what `ecrin push` speaks.

Objects and bundles belong to the app: whoever may upload to one channel may add them, and moves that channel alone.
"""

from typing import Any

import msgspec

from ecrin.errors import InvalidRequest
from ecrin.governance.callers import Verb
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.bundles.model import Bundle, File, NewBundle
from ecrin.updates.bundles.service import NEWEST, BundleService, InUnit
from ecrin.updates.channels.model import ChannelSettings
from ecrin.updates.channels.rules import check_name
from ecrin.updates.channels.service import ChannelService
from ecrin.updates.errors import ChannelNotFound
from ecrin.web.api.apps import BASE as APP
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import APP_PART_READ, APP_PART_UPLOAD, APP_WRITE, Route

OBJECTS = f"{APP}/objects"
BASE = f"{APP}/bundles"
ONE = f"{BASE}/{{version}}"
MAX_OBJECT = 512 * 1024 * 1024  # bytes
MAX_ASKED = 20_000
MAX_NAMES = 2 * 1024 * 1024  # bytes: so many names of objects
MAX_BUNDLE = 16 * 1024 * 1024  # bytes: a sealed manifest of ten thousand files
PAGE = 50


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """Names of objects."""

    hashes: list[str]


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A file of a manifest."""

    name: str
    hash: str
    object: str
    size: int


class Published(msgspec.Struct, forbid_unknown_fields=True):
    """A bundle to publish, and the channel to point at it."""

    version: str
    checksum: str
    zip: str | None = None
    external_url: str | None = None
    session_key: str = ""
    key_id: str = ""
    manifest: list[Entry] = []
    min_native: str | None = None
    link: str = ""
    comment: str = ""
    source_commit: str = ""
    channel: str | None = None
    create_channel: bool = False


class Described(msgspec.Struct, forbid_unknown_fields=True):
    """Link and comment to change."""

    link: str | None = None
    comment: str | None = None


class BundleEndpoints:
    """Take objects; publish, list, show, describe and delete bundles."""

    def __init__(self, bundles: BundleService, channels: ChannelService) -> None:
        self._bundles = bundles
        self._channels = channels

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", f"{OBJECTS}:missing", APP_PART_UPLOAD, self.missing, Asked, MAX_NAMES),
            Route("PUT", f"{OBJECTS}/{{hash}}", APP_PART_UPLOAD, self.upload, max_body=MAX_OBJECT, stream=True),
            Route("POST", BASE, APP_PART_UPLOAD, self.publish, Published, MAX_BUNDLE),
            Route("GET", BASE, APP_PART_READ, self.list),
            Route("GET", ONE, APP_PART_READ, self.show),
            Route("PATCH", ONE, APP_WRITE, self.describe, Described),
            Route("DELETE", ONE, APP_WRITE, self.delete),
        ]

    async def missing(self, call: Call) -> Reply:
        """Return which objects must be sent."""
        if len(call.body.hashes) > MAX_ASKED:
            raise InvalidRequest(f"Ask for at most {MAX_ASKED} objects at once.")
        return json_reply({"missing": await self._bundles.missing(call.params["app"], call.body.hashes)})

    async def upload(self, call: Call) -> Reply:
        """Take an object as it comes; sent again it is the same."""
        length = call.header(b"content-length")
        if call.stream is None or not length.isdigit() or not length.isascii():
            raise InvalidRequest("Say the size of the object in Content-Length.")
        await self._bundles.add_object(call.params["app"], call.params["hash"], int(length), call.stream)
        async for _ in call.stream:  # of an object that is there nothing was read; the client hears us afterwards
            pass
        return json_reply({})

    async def publish(self, call: Call) -> Reply:
        """Publish a bundle, and point a channel at it in the same transaction."""
        body: Published = call.body
        within = None
        if body.channel is None:
            call.caller.require(call.app_scope(Verb.UPLOAD))
        else:
            check_name(body.channel)
            verb = Verb.WRITE if body.create_channel else Verb.UPLOAD
            call.caller.require(call.channel_scope(body.channel, verb))
            within = self._pointing(call, body.channel, create=body.create_channel)
        bundle = await self._bundles.publish(call.params["app"], _new(body), call.origin, within=within)
        return json_reply(bundle_json(bundle), 201)

    async def list(self, call: Call) -> Reply:
        """Return bundles, the newest first, without their manifests; `cursor` goes on where the last page ended."""
        cursor = call.query.get("cursor", str(NEWEST))
        if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 19:
            raise InvalidRequest("The cursor is not one of ours.")
        found = await self._bundles.page(call.params["app"], min(int(cursor), NEWEST), PAGE + 1)
        shown = found[:PAGE]
        following = str(shown[-1].number) if len(found) > PAGE else None
        return json_reply({"bundles": [summary_json(b) for b in shown], "next_cursor": following})

    async def show(self, call: Call) -> Reply:
        """Return a bundle."""
        return json_reply(bundle_json(await self._bundles.get(call.params["app"], call.params["version"])))

    async def describe(self, call: Call) -> Reply:
        """Change link and comment."""
        body: Described = call.body
        app_id, version = call.params["app"], call.params["version"]
        return json_reply(bundle_json(await self._bundles.describe(app_id, version, body.link, body.comment)))

    async def delete(self, call: Call) -> Reply:
        """Take a bundle out of use for ever."""
        await self._bundles.delete(call.params["app"], call.params["version"], call.origin)
        return json_reply({})

    def _pointing(self, call: Call, name: str, *, create: bool) -> InUnit:
        by, now = call.origin, call.now

        async def within(tx: Tx, app: App, bundle: Bundle) -> None:
            try:
                channel = await self._channels.get_in(tx, app.id, name)
            except ChannelNotFound:
                if not create:
                    raise
                await self._channels.create_in(tx, app, name, by, now, ChannelSettings(), bundle.version)
                return
            if channel.version != bundle.version:
                await self._channels.point_in(tx, app, channel, bundle.version, by, now)

        return within


def summary_json(bundle: Bundle) -> dict[str, Any]:
    """Return a bundle as lists show it."""
    return {
        "version": bundle.version,
        "number": bundle.number,
        "checksum": bundle.checksum,
        "zip": bundle.zip,
        "zip_size": bundle.zip_size,
        "external_url": bundle.external_url,
        "sealed": bool(bundle.session_key),
        "key_id": bundle.key_id,
        "files": len(bundle.manifest),
        "min_native": bundle.min_native,
        "link": bundle.link,
        "comment": bundle.comment,
        "source_commit": bundle.source_commit,
        "created_by": bundle.created_by,
        "created_at": bundle.created_at,
    }


def bundle_json(bundle: Bundle) -> dict[str, Any]:
    """Return a bundle with everything that a device would be given."""
    manifest = [{"name": f.name, "hash": f.hash, "object": f.object, "size": f.size} for f in bundle.manifest]
    return {**summary_json(bundle), "session_key": bundle.session_key, "manifest": manifest}


def _new(body: Published) -> NewBundle:
    return NewBundle(
        version=body.version,
        checksum=body.checksum,
        zip=body.zip,
        external_url=body.external_url,
        session_key=body.session_key,
        key_id=body.key_id,
        manifest=tuple(File(e.name, e.hash, e.object, e.size) for e in body.manifest),
        min_native=body.min_native,
        link=body.link,
        comment=body.comment,
        source_commit=body.source_commit,
    )
