"""What a bundle may be. Pure; the server checks what it can see: names, shapes, hashes and sizes."""

import re
from dataclasses import fields
from urllib.parse import urlsplit

from semver import Version

from ecrin.errors import InvalidRequest
from ecrin.updates.bundles import paths
from ecrin.updates.bundles.model import Bundle, File, NewBundle
from ecrin.updates.errors import InvalidBundle, InvalidVersion
from ecrin.updates.sealing import checksum, session

MAX_VERSION = 128
MAX_FILES = 10_000
MAX_TEXT = 2048
MAX_COMMIT = 128
AES_BLOCK = 16
_OBJECT = re.compile(r"[0-9a-f]{64}")
_SEALED_HASH = re.compile(r"[0-9a-f]{512}")
_KEY_ID = re.compile(r"[A-Za-z0-9+/=]{1,20}")


def check_version(text: str) -> None:
    """Raise `InvalidVersion` for what is no semantic version (semver.org 2.0.0)."""
    if len(text) > MAX_VERSION or not text.isascii() or not Version.is_valid(text):
        raise InvalidVersion(f"{paths.shown(text)} is not a semantic version.")


def check_object(name: str) -> None:
    """Raise `InvalidRequest` for what cannot be the name of an object."""
    if not _OBJECT.fullmatch(name):
        raise InvalidRequest("The name of an object is its SHA-256 in 64 lower-case hex digits.")


def check(new: NewBundle) -> None:
    """Raise `InvalidVersion` or `InvalidBundle` for what no device could install."""
    check_version(new.version)
    if new.min_native is not None:
        check_version(new.min_native)
    _check_forms(new)
    _check_sealing(new)
    _check_manifest(new)
    _check_url("link", new.link, {"https", "http"})
    _check_text("comment", new.comment, MAX_TEXT)
    _check_text("source_commit", new.source_commit, MAX_COMMIT)


def check_described(link: str, comment: str) -> None:
    """Raise `InvalidBundle` for a link or a comment that a bundle may not have."""
    _check_url("link", link, {"https", "http"})
    _check_text("comment", comment, MAX_TEXT)


def check_sizes(new: NewBundle, sizes: dict[str, int]) -> None:
    """Raise `InvalidBundle` if the objects that are stored have other sizes than the bundle says, or impossible ones.

    `sizes` has each object of the bundle.
    """
    for file in new.manifest:
        if sizes[file.object] != file.size:
            raise InvalidBundle(f"{paths.shown(file.name)} has {sizes[file.object]} bytes, not {file.size}.")
    if new.session_key:
        for name in objects(new):
            if sizes[name] == 0 or sizes[name] % AES_BLOCK:
                raise InvalidBundle("A sealed object is not whole AES blocks long.")


def objects(new: NewBundle) -> frozenset[str]:
    """Return the objects that a bundle is made of."""
    return frozenset({file.object for file in new.manifest} | ({new.zip} if new.zip else set()))


def same(new: NewBundle, bundle: Bundle) -> bool:
    """Return whether a bundle that is there is what is asked for, member by member."""
    return all(getattr(new, member.name) == getattr(bundle, member.name) for member in fields(NewBundle))


def target(file: File) -> str:
    """Return the path at which devices keep a file of a manifest (protocol sheet §5)."""
    return file.name.removesuffix(paths.BROTLI)


def _check_forms(new: NewBundle) -> None:
    if new.zip is not None:
        check_object(new.zip)
    if new.external_url is not None:
        if new.zip or new.manifest:
            raise InvalidBundle("An external bundle has neither an archive nor a manifest here.")
        _check_url("external_url", new.external_url, {"https"})
        if not new.external_url:
            raise InvalidBundle("The external_url is empty.")
    elif not (new.zip or new.manifest):
        raise InvalidBundle("It has no archive, no manifest and no external URL.")


def _check_sealing(new: NewBundle) -> None:
    try:
        if new.session_key:
            session.check(new.session_key)
            checksum.check_sealed(new.checksum)
        else:
            checksum.check_plain(new.checksum)
    except InvalidRequest as error:
        raise InvalidBundle(str(error)) from None
    if new.key_id and not (new.session_key and _KEY_ID.fullmatch(new.key_id)):
        raise InvalidBundle("A key id is at most 20 characters of base64, and belongs to a session key.")
    if new.zip and not new.session_key and new.checksum != new.zip:
        raise InvalidBundle("The checksum is not the SHA-256 of the archive.")


def _check_manifest(new: NewBundle) -> None:
    if len(new.manifest) > MAX_FILES:
        raise InvalidBundle(f"A manifest has at most {MAX_FILES} files.")
    for file in new.manifest:
        _check_file(file, sealed=bool(new.session_key))
    names = [target(file) for file in new.manifest]
    paths.check_distinct(names)
    if names and paths.INDEX not in names:
        raise InvalidBundle(f"The manifest has no {paths.INDEX} at its root.")


def _check_file(file: File, *, sealed: bool) -> None:
    paths.check(file.name)
    paths.check(target(file))
    if not _OBJECT.fullmatch(file.object):
        raise InvalidBundle(f"{paths.shown(file.name)}: the object is not named by 64 lower-case hex digits.")
    if not (_SEALED_HASH if sealed else _OBJECT).fullmatch(file.hash):
        digits = 512 if sealed else 64
        raise InvalidBundle(f"{paths.shown(file.name)}: the hash does not have {digits} lower-case hex digits.")
    if not sealed and not file.name.endswith(paths.BROTLI) and file.hash != file.object:
        raise InvalidBundle(f"{paths.shown(file.name)}: the object is other content than the hash says.")


def _check_url(member: str, text: str, schemes: set[str]) -> None:
    if not text:
        return
    try:
        parts = urlsplit(text)
        good = parts.scheme in schemes and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        good = False
    if not good or len(text) > MAX_TEXT or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidBundle(f"The {member} is not an address that begins with {' or '.join(sorted(schemes))}://.")


def _check_text(member: str, text: str, most: int) -> None:
    if len(text) > most or not text.replace("\n", "").replace("\t", "").isprintable():
        raise InvalidBundle(f"The {member} has more than {most} characters, or one that cannot be printed.")
