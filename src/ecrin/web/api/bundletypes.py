"""What goes in and out at /api/v1/apps/{app}/objects and /api/v1/apps/{app}/bundles."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ecrin.updates.bundles.model import Bundle, File, NewBundle
from ecrin.web.api.paging import Cursor
from ecrin.web.api.units import Size, Time


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """Names of objects."""

    hashes: list[str]


class Missing(msgspec.Struct):
    """The objects that must be sent."""

    missing: list[str]


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A file of a manifest."""

    name: Annotated[str, Meta(description="Its path; it ends in .br where the object is compressed with brotli.")]
    hash: Annotated[str, Meta(description="SHA-256 of the plain file in hex, or that hash sealed.")]
    object: Annotated[str, Meta(description="SHA-256 of the stored bytes in hex.")]
    size: Annotated[Size, Meta(description="Bytes that are stored.")]


class Published(msgspec.Struct, forbid_unknown_fields=True):
    """A bundle to publish, and the channel to point at it; with `end_rollout` the rollout of that channel ends."""

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
    end_rollout: bool = False


class Described(msgspec.Struct, forbid_unknown_fields=True):
    """Link and comment to change."""

    link: str | None = None
    comment: str | None = None


class EntryShown(Entry, forbid_unknown_fields=False):
    """A file of a manifest."""


class BundleSummary(msgspec.Struct, kw_only=True):
    """A bundle as lists show it; `zip` is null where it has no archive here, `external_url` where none elsewhere."""

    version: str
    number: Annotated[int, Meta(description="It grows with each bundle of the app.")]
    checksum: Annotated[str, Meta(description="SHA-256 of the archive in hex, or that hash sealed.")]
    zip: Annotated[str | None, Meta(description="The object of the archive: SHA-256 in hex.")]
    zip_size: Size
    external_url: str | None
    sealed: bool
    key_id: Annotated[str, Meta(description="Which key pair sealed it; empty where that is not known.")]
    files: Annotated[int, Meta(description="How many files its manifest has; 0 without one.")]
    min_native: Annotated[str | None, Meta(description="The lowest native version that it runs on.")]
    link: str
    comment: str
    source_commit: str
    created_by: str
    created_at: Time


class BundleShown(BundleSummary, kw_only=True):
    """A bundle with everything that a device would be given."""

    session_key: Annotated[str, Meta(description="The sealed key of the archive and the files; empty without sealing.")]
    manifest: list[EntryShown]


class BundleList(msgspec.Struct):
    """Some bundles, the newest first, and the cursor of the next."""

    bundles: list[BundleSummary]
    next_cursor: str | None


class BundleQuery(msgspec.Struct):
    """Which page of bundles is wanted."""

    cursor: Cursor = ""


def summary(bundle: Bundle) -> BundleSummary:
    """Return a bundle as lists show it."""
    return BundleSummary(**_summary(bundle))


def shown(bundle: Bundle) -> BundleShown:
    """Return a bundle as the API shows it."""
    manifest = [EntryShown(f.name, f.hash, f.object, f.size) for f in bundle.manifest]
    return BundleShown(**_summary(bundle), session_key=bundle.session_key, manifest=manifest)


def new_bundle(body: Published) -> NewBundle:
    """Return what a publisher asks for."""
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


def _summary(bundle: Bundle) -> dict[str, Any]:
    plain = {name: getattr(bundle, name) for name in BundleSummary.__struct_fields__ if hasattr(bundle, name)}
    return {**plain, "sealed": bool(bundle.session_key), "files": len(bundle.manifest)}
