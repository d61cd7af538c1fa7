"""Which files belong into a bundle, and which are stored as brotli. Pure.

The names that are left out and the rule for brotli are those of `@capgo/cli` (protocol sheet §5).
"""

from collections.abc import Iterable
from pathlib import PurePosixPath

from ecrin.updates.bundles import paths
from ecrin.updates.bundles.model import File
from ecrin.updates.errors import InvalidBundle

BROTLI_FROM = 8192  # bytes; smaller files are kept as they are
BROTLI_GAIN = 10  # bytes that must be saved

TOOLING = "tooling"
MAP = "source map"


def left_out(name: str, *, with_maps: bool) -> str | None:
    """Return why a file is left out, or None if it belongs into the bundle."""
    if paths.belongs_to_tools(name):
        return TOOLING
    return MAP if name.endswith(".map") and not with_maps else None


def check_names(names: Iterable[str]) -> None:
    """Raise `InvalidBundle` unless there is an index.html at the root and every device can keep all of the names."""
    found = list(names)
    for name in found:
        paths.check(name)
    paths.check_distinct(found)
    if paths.INDEX not in found:
        hint = "Name the folder that your build writes, such as dist."
        raise InvalidBundle(f"There is no {paths.INDEX} at its root.", hint=hint)


def as_brotli(name: str, size: int, compressed: int) -> bool:
    """Return whether a file is stored as brotli (sizes in bytes).

    One that is itself called `.br` always is: devices strip that ending once and decompress what had it.
    """
    return name.endswith(paths.BROTLI) or (size >= BROTLI_FROM and size - compressed > BROTLI_GAIN)


def to_download(files: Iterable[File], before: Iterable[File]) -> list[File]:
    """Return the files that a device fetches when it comes from another manifest.

    It has what it kept under the same hash and base name, wherever that was (protocol sheet §5, order of reuse).
    """
    kept = {(f.hash, _base(f.name)) for f in before}
    return [f for f in files if (f.hash, _base(f.name)) not in kept]


def _base(name: str) -> str:
    return PurePosixPath(name).name.removesuffix(paths.BROTLI)
