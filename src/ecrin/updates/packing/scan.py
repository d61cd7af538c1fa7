"""Reads a folder: which files it would publish. Refuses what is no plain file, and links that lead out of it."""

import os
from collections.abc import Iterator
from pathlib import Path

from ecrin.updates.errors import InvalidBundle
from ecrin.updates.packing.model import Scan, Source
from ecrin.updates.packing.rules import check_names, left_out


def scan(folder: Path, *, with_maps: bool = False) -> Scan:
    """Return what a folder holds; raises `InvalidBundle` for what no device could install."""
    if not folder.is_dir():
        raise InvalidBundle(f"{folder} is no folder.")
    root = folder.resolve()
    files: list[Source] = []
    omitted: dict[str, str] = {}
    for path in _walk(folder, folder, omitted):
        name = path.relative_to(folder).as_posix()
        reason = left_out(name, with_maps=with_maps)
        if reason is not None:
            omitted[name] = reason
        else:
            files.append(Source(name, path, _size(path, root)))
    files.sort(key=lambda f: f.name)
    check_names(f.name for f in files)
    return Scan(tuple(files), omitted)


def _walk(folder: Path, top: Path, omitted: dict[str, str]) -> Iterator[Path]:
    for entry in _entries(folder):
        path = Path(entry.path)
        if not entry.is_dir():
            yield path
            continue
        name = path.relative_to(top).as_posix()
        reason = left_out(name, with_maps=True)
        if reason is not None:
            omitted[f"{name}/"] = reason
        elif entry.is_symlink():
            raise InvalidBundle(f"{name!r} is a link to a folder.", hint="Copy what it leads to into the folder.")
        else:
            yield from _walk(path, top, omitted)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise InvalidBundle(f"{folder} cannot be read: {error.strerror}.") from None


def _size(path: Path, root: Path) -> int:
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        raise InvalidBundle(f"{path} is a link that leads out of the folder.", hint="Copy the file into the folder.")
    if not path.is_file():
        raise InvalidBundle(f"{path} is no plain file.")
    return path.stat().st_size
