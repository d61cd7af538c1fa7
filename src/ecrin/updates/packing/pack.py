"""From scanned files to a package, in stages that tell how far they are; what they make is written into one folder."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ecrin.updates.bundles.model import File
from ecrin.updates.bundles.paths import BROTLI
from ecrin.updates.packing import archive
from ecrin.updates.packing.compress import QUALITY, Compressed, compress
from ecrin.updates.packing.model import Package, Sealing, Source
from ecrin.updates.packing.pieces import Advance, digest, pieces
from ecrin.updates.packing.ready import check
from ecrin.updates.sealing import checksum
from ecrin.updates.sealing.electron import readable
from ecrin.updates.sealing.keys import PrivateKey

_AHEAD = 4  # files per worker that may wait for their turn in the archive


class Stages(Protocol):
    """Hears how far the work is."""

    def __call__(self, stage: str, total: int, unit: str = "B") -> Advance:
        """Begin a stage of `total` units, bytes by default; what it returns is called with how many more are done."""
        ...


def quiet(stage: str, total: int, unit: str = "B") -> Advance:
    """Tell nobody."""
    return lambda _: None


class Packer:
    """Packs one bundle into `folder`, which is this process's own.

    `published` are manifest entries by the hash of the plain file whose objects the server has: they are not made
    again. With a private key everything is sealed under one new session key, and nothing published before is of use.
    """

    def __init__(
        self,
        folder: Path,
        *,
        quality: int = QUALITY,
        key: PrivateKey | None = None,
        published: Mapping[str, File] | None = None,
        stages: Stages = quiet,
    ) -> None:
        self._folder = folder
        self._quality = quality
        self._key = key
        self._published = published if published and key is None else {}
        self._stages = stages

    def pack(self, files: Sequence[Source], ready: Path | None = None, *, listed: bool = True) -> Package:
        """Return the package of files; `ready` is an archive of them, checked, which is published as it is.

        With `listed` a manifest is made. Raises `InvalidBundle` for a file that cannot be read, or changed since it was
        scanned, and for an archive that devices would refuse (attack A59).
        """
        path = ready or self._folder / "bundle.zip"
        objects: dict[str, Path] = {}
        entries = self._compress(files, None if ready else path, objects, listed=listed)
        if ready is None:
            check(path)
        name, size = digest(path)
        objects[name] = path
        package = Package(name, size, checksum=name, manifest=entries, objects=objects)
        return package if self._key is None else self._seal(package, self._key)

    def _compress(
        self, files: Sequence[Source], path: Path | None, objects: dict[str, Path], *, listed: bool
    ) -> tuple[File, ...]:
        advance = self._stages("compress", sum(f.size for f in files))
        entries: list[File] = []

        def work(source: Source) -> Compressed:
            return compress(
                source, quality=self._quality, known=self._published, zipped=path is not None, listed=listed
            )

        def members() -> Iterator[archive.Member]:
            for done in _side_by_side(work, files):
                if listed and done.source.size:
                    entries.append(self._entry(done, objects))
                advance(done.source.size)
                if done.member is not None:
                    yield done.member

        if path is None:
            deque(members(), maxlen=0)
        else:
            with path.open("wb") as out:
                archive.write(out, members())
        return tuple(entries)

    def _entry(self, done: Compressed, objects: dict[str, Path]) -> File:
        if done.data is None:
            known = self._published[done.hash]
            return replace(known, name=done.source.name + (BROTLI if known.object != known.hash else ""))
        name, size = self._keep([done.data], objects)
        return File(done.name, done.hash, name, size)

    def _keep(self, pieces: Iterable[bytes], objects: dict[str, Path]) -> tuple[str, int]:
        """Write an object into the folder and return its name and size."""
        new = self._folder / "new"
        digest, size = hashlib.sha256(), 0
        with new.open("wb") as out:
            for piece in pieces:
                out.write(piece)
                digest.update(piece)
                size += len(piece)
        name = digest.hexdigest()
        objects[name] = new.replace(self._folder / name)
        return name, size

    def _seal(self, plain: Package, key: PrivateKey) -> Package:
        archived = plain.objects[plain.zip]
        session = readable(lambda session: _name(session.seal(pieces(archived))))
        advance = self._stages("encrypt", sum(plain.needed.values()))
        objects: dict[str, Path] = {}
        sealed: dict[str, tuple[str, int]] = {}
        for name, path in plain.objects.items():
            sealed[name] = self._keep(session.seal(pieces(path, advance)), objects)
        advance = self._stages("sign", len(plain.manifest) + 2, "signatures")
        entries: list[File] = []
        for entry in plain.manifest:
            name, size = sealed[entry.object]
            entries.append(File(entry.name, checksum.seal(entry.hash, key), name, size))
            advance(1)
        sealing = Sealing(session.spelled(key), key.public.id)
        advance(2)
        name, size = sealed[plain.zip]
        return Package(name, size, checksum.seal(plain.checksum, key), sealing, tuple(entries), objects)


def _name(pieces: Iterable[bytes]) -> str:
    """Return the name that an object would have."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _side_by_side(work: Callable[[Source], Compressed], files: Sequence[Source]) -> Iterator[Compressed]:
    """Yield the results in the order of the files, of which only a few are held at once."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[Compressed]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for source in files:
                if len(waiting) >= workers * _AHEAD:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(work, source))
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
