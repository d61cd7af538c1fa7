"""Which names of files a bundle may have, in an archive or in a manifest. Pure: refuse, never mend (attack A59).

A name is good if every device writes it to one place below the bundle's folder, the same on each file system: relative,
with single slashes, without what Windows reads as a drive, a stream or nothing, and unlike any other name of the bundle
even for a file system that knows neither case nor Unicode forms.
"""

import unicodedata
from collections.abc import Iterable

from ecrin.updates.errors import InvalidBundle

INDEX = "index.html"
BROTLI = ".br"
MAX_BYTES = 1024
MAX_PART_BYTES = 255
# What publishers leave out, as `@capgo/cli` does (protocol sheet §5).
_TOOLING = {
    ".DS_Store",
    ".git",
    ".gitignore",
    "node_modules",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.app.json",
    "tsconfig.spec.json",
}


def check(name: str) -> None:
    """Raise `InvalidBundle` for a name that is not good."""
    if not name or len(name.encode("utf-8", "replace")) > MAX_BYTES:
        raise InvalidBundle(f"A file name has 1 to {MAX_BYTES} bytes.")
    if not name.isprintable():
        raise InvalidBundle(f"{shown(name)} has a character that cannot be printed.")
    if "\\" in name or ":" in name:
        raise InvalidBundle(f"{shown(name)} has a backslash or a colon.")
    for part in name.split("/"):
        _check_part(part, name)


def check_distinct(names: Iterable[str]) -> None:
    """Raise `InvalidBundle` if two files would meet in one place, or one in the place of another's folder."""
    files: set[str] = set()
    folders: set[str] = set()
    for name in names:
        folded = fold(name)
        if folded in files:
            raise InvalidBundle(f"{shown(name)} is there twice, at least for a file system without case.")
        files.add(folded)
        parts = folded.split("/")
        folders.update("/".join(parts[:i]) for i in range(1, len(parts)))
    both = files & folders
    if both:
        raise InvalidBundle(f"{shown(min(both))} is a file and a folder at once.")


def check_index(names: Iterable[str]) -> None:
    """Raise `InvalidBundle` unless there is an index.html at the root, or in the one folder that holds everything."""
    found = frozenset(names)
    tops = {name.partition("/")[0] for name in found}
    if INDEX not in found and not (len(tops) == 1 and f"{min(tops)}/{INDEX}" in found):
        raise InvalidBundle(f"There is no {INDEX} at the root, nor in one folder that holds everything.")


def belongs_to_tools(name: str) -> bool:
    """Return whether a file, or a folder that it is in, is there for tools and not for the app."""
    return not _TOOLING.isdisjoint(name.split("/"))


def fold(name: str) -> str:
    """Return what a file system without case and Unicode forms makes of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def shown(name: str) -> str:
    """Return a name for an error, cut and with nothing in it that acts on a terminal."""
    return ascii(name if len(name) <= 80 else f"{name[:77]}...")


def _check_part(part: str, name: str) -> None:
    if part in {"", ".", ".."}:
        raise InvalidBundle(f"{shown(name)} is not a relative path with single slashes.")
    if len(part.encode("utf-8", "replace")) > MAX_PART_BYTES:
        raise InvalidBundle(f"{shown(name)} has a part of more than {MAX_PART_BYTES} bytes.")
    if part[-1] in ". " or part[0] == " ":
        raise InvalidBundle(f"{shown(name)} has a part that ends with a dot or a space, or begins with a space.")
    other = unicodedata.normalize("NFKC", part)
    if other in {".", ".."} or any(char in other for char in "/\\:"):
        raise InvalidBundle(f"{shown(name)} has a character that becomes a dot or a separator in another Unicode form.")
