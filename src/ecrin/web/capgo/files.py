"""`/files/{app}/{hash}`: the objects of bundles, as they lie in storage (protocol sheet §2.2, §15).

Only what a live bundle names is there. An object never changes, so it may be kept for a year; it is sent as it is, for
a Content-Encoding would be undone on the way and the bytes would match no hash.
"""

import structlog

from ecrin.errors import NotFound
from ecrin.storage.objects.port import ObjectStore
from ecrin.updates.resolution.catalog import Catalog
from ecrin.web.capgo.ranges import Unsatisfiable, part, unchanged
from ecrin.web.http import Call, Reply
from ecrin.web.routing import OPEN, Route

Fields = tuple[tuple[bytes, bytes], ...]
BYTES = b"application/octet-stream"
IMMUTABLE = b"public, max-age=31536000, immutable, no-transform"
ALWAYS: Fields = ((b"accept-ranges", b"bytes"), (b"content-disposition", b"attachment"))
log = structlog.get_logger("ecrin.web")


class FileEndpoints:
    """Downloads."""

    def __init__(self, catalog: Catalog, objects: ObjectStore) -> None:
        self._catalog = catalog
        self._objects = objects

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("GET", "/files/{app}/{hash}", OPEN, self.read)]

    async def read(self, call: Call) -> Reply:
        """Send an object or a part of it; raises `NotFound` alike for apps, names and objects that are not there."""
        app_id, name = call.params["app"], call.params["hash"]
        size = await self._size(app_id, name)
        etag = f'"{name}"'
        headers: Fields = ((b"etag", etag.encode()), *ALWAYS)
        if unchanged(call.header(b"if-none-match"), etag):
            return Reply(304, headers=headers, cache=IMMUTABLE)
        wanted = call.header(b"range") if call.method == "GET" else ""  # a range is for GET alone (RFC 9110 §14.2)
        try:
            found = part(wanted, call.header(b"if-range"), etag, size)
        except Unsatisfiable:
            return Reply(416, headers=((b"content-range", f"bytes */{size}".encode()), *headers))
        start, stop = found or (0, size)
        if found:
            headers = (*headers, (b"content-range", f"bytes {start}-{stop - 1}/{size}".encode()))
        stream = self._objects.read(app_id, name, start, stop)
        return Reply(
            206 if found else 200,
            content_type=BYTES,
            headers=headers,
            cache=IMMUTABLE,
            stream=stream,
            length=stop - start,
        )

    async def _size(self, app_id: str, name: str) -> int:
        view = self._catalog.view(app_id)
        if view is None or name not in view.objects:
            raise NotFound
        size = await self._objects.size(app_id, name)
        if size is None:
            log.error("an object of a bundle is not in storage", app=app_id, object=name)
            raise NotFound
        return size
