"""/api/v1/apps/{app}/objects and /api/v1/apps/{app}/bundles: what `ecrin push` speaks.

Objects and bundles belong to the app: whoever may upload to one channel may add them, and moves that channel alone.
"""

from ecrin.errors import InvalidRequest
from ecrin.governance.callers import Scope, Verb
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.bundles.model import Bundle
from ecrin.updates.bundles.service import NEWEST, BundleService, InUnit
from ecrin.updates.channels.model import ChannelSettings
from ecrin.updates.channels.rules import check_name
from ecrin.updates.channels.service import ChannelService
from ecrin.updates.errors import ChannelNotFound
from ecrin.web.api.apps import BASE as APP
from ecrin.web.api.bundletypes import (
    Asked,
    BundleList,
    BundleQuery,
    BundleShown,
    Described,
    Missing,
    Published,
    new_bundle,
    shown,
    summary,
)
from ecrin.web.http import NO_CONTENT, Call, Reply, json_reply
from ecrin.web.routing import APP_PART_READ, APP_PART_UPLOAD, APP_WRITE, Route

OBJECTS = f"{APP}/objects"
BASE = f"{APP}/bundles"
ONE = f"{BASE}/{{version}}"
MAX_OBJECT = 512 * 1024 * 1024  # bytes
MAX_ASKED = 20_000
MAX_NAMES = 2 * 1024 * 1024  # bytes: so many names of objects
MAX_BUNDLE = 16 * 1024 * 1024  # bytes: a sealed manifest of ten thousand files
PAGE = 50


class BundleEndpoints:
    """Take objects; publish, list, show, describe and delete bundles."""

    def __init__(self, bundles: BundleService, channels: ChannelService) -> None:
        self._bundles = bundles
        self._channels = channels

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", f"{OBJECTS}:missing", APP_PART_UPLOAD, self.missing, Asked, MAX_NAMES, reply=Missing),
            Route("PUT", f"{OBJECTS}/{{hash}}", APP_PART_UPLOAD, self.upload, max_body=MAX_OBJECT, stream=True),
            Route("POST", BASE, APP_PART_UPLOAD, self.publish, Published, MAX_BUNDLE, reply=BundleShown, status=201),
            Route("GET", BASE, APP_PART_READ, self.list, reply=BundleList, query=BundleQuery),
            Route("GET", ONE, APP_PART_READ, self.show, reply=BundleShown),
            Route("PATCH", ONE, APP_WRITE, self.describe, Described, reply=BundleShown),
            Route("DELETE", ONE, APP_WRITE, self.delete),
        ]

    async def missing(self, call: Call) -> Reply:
        """Return which objects must be sent."""
        if len(call.body.hashes) > MAX_ASKED:
            raise InvalidRequest(f"Ask for at most {MAX_ASKED} objects at once.")
        return json_reply(Missing(await self._bundles.missing(call.params["app"], call.body.hashes)))

    async def upload(self, call: Call) -> Reply:
        """Take an object as it comes; sent again it is the same."""
        length = call.header(b"content-length")
        if call.stream is None or not length.isdigit() or not length.isascii():
            raise InvalidRequest("Say the size of the object in Content-Length.")
        await self._bundles.add_object(call.params["app"], call.params["hash"], int(length), call.stream)
        async for _ in call.stream:  # of an object that is there nothing was read; the client hears us afterwards
            pass
        return NO_CONTENT

    async def publish(self, call: Call) -> Reply:
        """Publish a bundle, and point a channel at it in the same transaction."""
        body: Published = call.body
        within = None
        if body.channel is None:
            wanted = call.app_scope(Verb.UPLOAD)
            call.caller.require(wanted, hint=_own_channels(call.caller.within(wanted)))
        else:
            check_name(body.channel)
            verb = Verb.WRITE if body.create_channel else Verb.UPLOAD
            call.caller.require(call.channel_scope(body.channel, verb))
            within = self._pointing(call, body.channel, create=body.create_channel, end_rollout=body.end_rollout)
        bundle = await self._bundles.publish(call.params["app"], new_bundle(body), call.origin, within=within)
        return json_reply(shown(bundle), 201)

    async def list(self, call: Call) -> Reply:
        """Return bundles, the newest first, without their manifests; `cursor` goes on where the last page ended."""
        cursor = call.query.get("cursor") or str(NEWEST)
        if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 19:
            raise InvalidRequest("The cursor is not one of ours.")
        found = await self._bundles.page(call.params["app"], min(int(cursor), NEWEST), PAGE + 1)
        some = found[:PAGE]
        following = str(some[-1].number) if len(found) > PAGE else None
        return json_reply(BundleList([summary(b) for b in some], following))

    async def show(self, call: Call) -> Reply:
        """Return a bundle."""
        return json_reply(shown(await self._bundles.get(call.params["app"], call.params["version"])))

    async def describe(self, call: Call) -> Reply:
        """Change link and comment."""
        body: Described = call.body
        app_id, version = call.params["app"], call.params["version"]
        return json_reply(shown(await self._bundles.describe(app_id, version, body.link, body.comment)))

    async def delete(self, call: Call) -> Reply:
        """Take a bundle out of use for ever."""
        await self._bundles.delete(call.params["app"], call.params["version"], call.origin)
        return NO_CONTENT

    def _pointing(self, call: Call, name: str, *, create: bool, end_rollout: bool) -> InUnit:
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
                await self._channels.point_in(tx, app, channel, bundle.version, by, now, end_rollout=end_rollout)

        return within


def _own_channels(scopes: tuple[Scope, ...]) -> str | None:
    """Return what to do for who may publish to some channels of the app, and named none."""
    names = sorted({scope.channel for scope in scopes if scope.channel})
    if not names:
        return None
    return f"This credential is for a part of the app: name it, {' or '.join(f'--channel {name}' for name in names)}."
