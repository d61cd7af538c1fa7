"""What packing passes on: the files of a folder, and what is stored and published of them."""

from dataclasses import dataclass, field
from pathlib import Path

from ecrin.updates.bundles.model import File


@dataclass(frozen=True, slots=True)
class Source:
    """A file to publish: `name` is its path in the app with slashes, `size` in bytes."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder holds: the files to publish, sorted by name, and the names left out with the reason."""

    files: tuple[Source, ...]
    left_out: dict[str, str]

    @property
    def size(self) -> int:
        """Return the bytes of the files."""
        return sum(f.size for f in self.files)

    def count(self, reason: str) -> int:
        """Return how many were left out for a reason."""
        return sum(1 for r in self.left_out.values() if r == reason)


@dataclass(frozen=True, slots=True)
class Sealing:
    """How a bundle is sealed, as it is published; both are "" for one that is not."""

    session_key: str = ""
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A bundle ready to be sent. `objects` are the stored bytes by their SHA-256, those that were made here."""

    zip: str
    zip_size: int
    checksum: str
    sealing: Sealing = Sealing()
    manifest: tuple[File, ...] = ()
    objects: dict[str, Path] = field(default_factory=dict)

    @property
    def needed(self) -> dict[str, int]:
        """Return the sizes of all objects that devices need, by their SHA-256."""
        return {f.object: f.size for f in self.manifest} | {self.zip: self.zip_size}
