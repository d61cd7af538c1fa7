"""`POST /updates/manifest_size`: how much a device would download (protocol sheet §2.5)."""

from ecrin.updates.bundles.model import Bundle
from ecrin.updates.resolution.catalog import Catalog
from ecrin.web.capgo.asking import UNKNOWN_APP, identity
from ecrin.web.capgo.messages import Listed, SizesAsked
from ecrin.web.capgo.offers import Offers
from ecrin.web.capgo.problem import soft
from ecrin.web.http import Call, Reply, json_reply
from ecrin.web.routing import OPEN, Route

MAX_BODY = 2 * 1024 * 1024  # an entry of a sealed manifest has about 900 bytes


class SizeEndpoints:
    """Sizes of the files of a bundle."""

    def __init__(self, catalog: Catalog, offers: Offers) -> None:
        self._catalog = catalog
        self._offers = offers

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("POST", "/updates/manifest_size", OPEN, self.sizes, SizesAsked, max_body=MAX_BODY)]

    async def sizes(self, call: Call) -> Reply:
        """Answer with the size of each file that the device lists, or of all files of the bundle where it lists none.

        Sizes are looked up by name and hash in the bundle that is named; what a device claims to be a URL is read by
        nobody, it goes back as it came.
        """
        asked: SizesAsked = call.body
        app_id, _ = identity(asked)
        view = self._catalog.view(app_id)
        if view is None:
            return soft(UNKNOWN_APP)
        bundle = view.bundles.get(asked.version or "")
        known = {(f.name, f.hash): f.size for f in bundle.manifest} if bundle else {}
        listed = asked.manifest if asked.manifest is not None else asked.files
        entries = [_entry(f, known) for f in (listed if listed is not None else self._all(bundle))]
        sizes = [size for entry in entries if isinstance(size := entry.get("size"), int)]
        return json_reply(
            {
                "totalSize": sum(sizes),
                "knownFiles": len(sizes),
                "unknownFiles": len(entries) - len(sizes),
                "files": entries,
            }
        )

    def _all(self, bundle: Bundle | None) -> list[Listed]:
        if bundle is None:
            return []
        return [
            Listed(file_name=f.name, file_hash=f.hash, download_url=self._offers.url(bundle.app_id, f.object))
            for f in bundle.manifest
        ]


def _entry(listed: Listed, known: dict[tuple[str, str], int]) -> dict[str, object]:
    size = known.get((listed.file_name, listed.file_hash))
    told: dict[str, object] = {"error": "size_unknown"} if size is None else {"size": size}
    return {
        "file_name": listed.file_name,
        "file_hash": listed.file_hash,
        "download_url": listed.download_url,
        **told,
    }
