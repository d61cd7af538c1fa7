"""What a server has of an app already, as far as a push needs to know it; asked once."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ecrin.cli.connection import Connection, NotOurServer, ServerRefused, segment
from ecrin.errors import NotFound
from ecrin.updates.bundles.model import File
from ecrin.updates.errors import BundleNotFound, ChannelNotFound

LAST = 3  # versions that a push is compared with


class Published:
    """An app's bundles and channels on a server."""

    def __init__(self, server: Connection, app_id: str) -> None:
        self._server = server
        self._app = f"/api/v1/apps/{segment(app_id)}"
        self.path = f"{self._app}/bundles"

    def has(self, version: str) -> bool:
        """Return whether a version is published; raises `ServerRefused` for an app that is not there."""
        if any(bundle["version"] == version for bundle in self._newest):
            return True
        try:
            self._server.call("GET", f"{self.path}/{segment(version)}")
        except ServerRefused as error:
            if error.code not in {BundleNotFound.code, NotFound.code}:
                raise
            return False
        return True

    def summary(self, version: str) -> Mapping[str, Any] | None:
        """Return a version as the newest are listed, or None if it is not among them."""
        return next((bundle for bundle in self._newest if bundle["version"] == version), None)

    def channel(self, name: str, *, may_lack: bool) -> Mapping[str, Any] | None:
        """Return a channel, or None if there is none and that `may_lack` be so; raises `ServerRefused` otherwise."""
        try:
            found: Mapping[str, Any] = self._server.call("GET", f"{self._app}/channels/{segment(name)}")
        except ServerRefused as error:
            if error.code == ChannelNotFound.code and may_lack:
                return None
            raise
        return found

    def manifests(self) -> Mapping[str, Sequence[File]]:
        """Return the manifests of the last versions that have one, the newest first."""
        return self._manifests

    @cached_property
    def _newest(self) -> list[Mapping[str, Any]]:
        found = self._server.call("GET", self.path)["bundles"]
        return [bundle for bundle in found if not bundle.get("deleted_at")]

    @cached_property
    def _manifests(self) -> dict[str, tuple[File, ...]]:
        found: dict[str, tuple[File, ...]] = {}
        for bundle in self._newest[:LAST]:
            whole = self._server.call("GET", f"{self.path}/{segment(bundle['version'])}")
            if entries := whole.get("manifest"):
                found[str(bundle["version"])] = tuple(_file(entry) for entry in entries)
        return found


def entries_by_content(manifests: Mapping[str, Sequence[File]]) -> dict[str, File]:
    """Return entries by the SHA-256 of the plain file, those of sealed bundles left out."""
    return {file.hash: file for files in manifests.values() for file in files if len(file.hash) == len(file.object)}


def _file(entry: Mapping[str, Any]) -> File:
    try:
        return File(str(entry["name"]), str(entry["hash"]), str(entry["object"]), int(entry["size"]))
    except (KeyError, TypeError, ValueError):
        raise NotOurServer("A manifest of the server cannot be read.") from None
