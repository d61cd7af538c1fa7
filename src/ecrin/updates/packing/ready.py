"""Archives that somebody else made, such as `@capgo/cli bundle zip` and `bundle encrypt`: published as they are."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ecrin.errors import InvalidRequest
from ecrin.updates.bundles import archive, paths
from ecrin.updates.errors import InvalidBundle
from ecrin.updates.packing.model import Package, Scan, Sealing
from ecrin.updates.packing.pieces import digest, pieces
from ecrin.updates.packing.scan import scan
from ecrin.updates.sealing import checksum, session
from ecrin.updates.sealing.keys import PublicKey


def unpacked(path: Path, folder: Path) -> Scan:
    """Return the files of an archive, unpacked into `folder`; raises `InvalidBundle` for a bad one (attack A59)."""
    check(path)
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(folder)
    inside = [folder] if (folder / paths.INDEX).is_file() else list(folder.iterdir())
    return scan(inside[0], with_maps=True)


def check(path: Path) -> None:
    """Raise `InvalidBundle` for a file that is no archive which every device would open alike (attack A59)."""
    try:
        with path.open("rb") as file:
            archive.check(file)
    except OSError as error:
        raise InvalidBundle(f"{path} cannot be read: {error.strerror}.") from None


def sealed(path: Path, spelled: str, session_key: str, public: PublicKey | None, folder: Path) -> Package:
    """Return the package of an archive that is sealed already.

    What is in it can be checked only with the app's public key; without, only its shape is. Raises `InvalidBundle`, and
    `DecryptionFailed` or `SignatureInvalid` if that key does not open it.
    """
    try:
        session.check(session_key)
        checksum.check_sealed(spelled)
    except InvalidRequest as error:
        raise InvalidBundle(str(error)) from None
    name, size = digest(path)
    if not size or size % session.SIZE:
        raise InvalidBundle(f"{path} is not sealed: it is not whole AES blocks long.")
    if public is not None:
        _open(path, spelled, session_key, public, folder / "opened.zip")
    sealing = Sealing(session_key, public.id if public else "")
    return Package(name, size, spelled, sealing, objects={name: path})


def _open(path: Path, spelled: str, session_key: str, public: PublicKey, to: Path) -> None:
    plain = hashlib.sha256()

    def opened() -> Iterator[bytes]:
        for piece in session.recover(session_key, public).open(pieces(path)):
            plain.update(piece)
            yield piece

    with to.open("wb") as out:
        out.writelines(opened())
    checksum.verify(spelled, plain.hexdigest(), public)
    check(to)
    to.unlink()
