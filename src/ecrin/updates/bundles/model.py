"""A bundle: one immutable version of an app's code, and the objects that it is made of."""

from dataclasses import dataclass

from ecrin.base.clock import Instant

BUILTIN = "builtin"  # the code that the store delivered; a channel may point at it, and no bundle has the name


@dataclass(frozen=True, slots=True)
class File:
    """One entry of a manifest (protocol sheet §5).

    `name` is the path that devices see (it ends in `.br` if the object is brotli), `hash` what they compare (SHA-256
    hex of the plaintext, or 512 hex digits of a sealed one), `object` the SHA-256 of the stored bytes, `size` theirs.
    """

    name: str
    hash: str
    object: str
    size: int


@dataclass(frozen=True, slots=True)
class NewBundle:
    """What a publisher asks for; the members mean what they mean in a `Bundle`."""

    version: str
    checksum: str
    zip: str | None = None
    external_url: str | None = None
    session_key: str = ""
    key_id: str = ""
    manifest: tuple[File, ...] = ()
    min_native: str | None = None
    link: str = ""
    comment: str = ""
    source_commit: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it was published.

    `zip` is the object of the archive (None where there is only a manifest or an external URL). `checksum` is SHA-256
    hex of the archive, or the sealed spelling of protocol sheet §7; `session_key` and `key_id` are "" when it is not
    sealed. `min_native` is the lowest native version it runs on.
    """

    app_id: str
    number: int
    version: str
    checksum: str
    created_by: str
    created_at: Instant
    zip: str | None = None
    zip_size: int = 0
    external_url: str | None = None
    session_key: str = ""
    key_id: str = ""
    manifest: tuple[File, ...] = ()
    min_native: str | None = None
    link: str = ""
    comment: str = ""
    source_commit: str = ""
    deleted_at: Instant | None = None

    @property
    def objects(self) -> frozenset[str]:
        """Return the objects that must be there for devices to install it."""
        return frozenset({f.object for f in self.manifest} | ({self.zip} if self.zip else set()))
