"""What a device that should install something is told (protocol sheet §2.2, §2.3, §11.1).

Never `error`, `kind` or `message`: their mere presence means "no update" to the clients. Bundles do not change, so an
answer is encoded once for every way in which it differs from device to device.
"""

import gzip
from typing import NamedTuple

from ecrin.updates.bundles.model import Bundle
from ecrin.updates.devices.model import Platform
from ecrin.updates.resolution.model import AppView, Ask, Offer
from ecrin.updates.resolution.versions import METADATA, able
from ecrin.web.http import Reply, encode_json

RESET = Reply(200, b'{"version":"builtin"}')
COMPRESSED_FROM = 1400  # bytes: what fits into one packet is sent as it is
NO_ARCHIVE = "none.zip"  # `url` must be there and parse; nothing is ever found under this name


class _Form(NamedTuple):
    version: str
    zip: bool
    manifest: bool
    electron: bool
    metadata: bool


class Offers:
    """Encodes offers. `public_url` is the one address that goes into them."""

    def __init__(self, public_url: str) -> None:
        self._files = f"{public_url}/files"
        self._kept: dict[str, tuple[AppView, dict[_Form, tuple[Reply, Reply]]]] = {}

    def reply(self, offer: Offer, ask: Ask, view: AppView, *, compressed: bool) -> Reply:
        """Return an offer to a device."""
        metadata = view.app.settings.expose_metadata and able(ask.plugin, METADATA)
        electron = ask.platform is Platform.ELECTRON
        form = _Form(offer.bundle.version, offer.zip, offer.manifest, electron, metadata)
        seen, replies = self._kept.get(ask.app_id, (None, {}))
        if seen is not view:
            replies = {}
            self._kept[ask.app_id] = view, replies
        if form not in replies:
            replies[form] = _both(encode_json(self._body(offer.bundle, form)))
        return replies[form][compressed]

    def url(self, app_id: str, name: str) -> str:
        """Return where an object is read."""
        return f"{self._files}/{app_id}/{name}"

    def _body(self, bundle: Bundle, form: _Form) -> dict[str, object]:
        body: dict[str, object] = {
            "version": bundle.version,
            "url": self._archive(bundle) if form.zip else self.url(bundle.app_id, NO_ARCHIVE),
            "session_key": bundle.session_key,
            "checksum": bundle.checksum,
        }
        if form.manifest:
            body["manifest"] = [
                {"file_name": f.name, "file_hash": f.hash, "download_url": self.url(bundle.app_id, f.object)}
                for f in bundle.manifest
            ]
        if form.metadata:
            body.update({k: v for k, v in (("link", bundle.link), ("comment", bundle.comment)) if v})
        if form.electron:
            body.update(_electron(bundle))
        return body

    def _archive(self, bundle: Bundle) -> str:
        return bundle.external_url or self.url(bundle.app_id, bundle.zip or NO_ARCHIVE)


def _electron(bundle: Bundle) -> dict[str, object]:
    """Electron's updater reads another name, and compares the checksum with the bytes that it downloads (§11.1)."""
    changes: dict[str, object] = {"sessionKey": bundle.session_key} if bundle.session_key else {}
    return {**changes, "checksum": bundle.zip} if bundle.zip else changes


def _both(body: bytes) -> tuple[Reply, Reply]:
    """Return the reply as it is and, where that is shorter, compressed; both say that they differ by that."""
    if len(body) < COMPRESSED_FROM:
        return Reply(200, body), Reply(200, body)
    vary = (b"vary", b"accept-encoding")
    small = gzip.compress(body, 9, mtime=0)
    return Reply(200, body, headers=(vary,)), Reply(200, small, headers=(vary, (b"content-encoding", b"gzip")))
