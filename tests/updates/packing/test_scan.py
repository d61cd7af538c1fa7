"""Which files of a folder are published, and which folders are refused."""

import os
import re
from pathlib import Path

import pytest

from ecrin.updates.errors import InvalidBundle
from ecrin.updates.packing.rules import MAP, TOOLING
from ecrin.updates.packing.scan import scan


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "index.html").write_text("<html>")
    return folder


def put(dist: Path, name: str, text: str = "x") -> None:
    path = dist / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def names(dist: Path, *, with_maps: bool = False) -> list[str]:
    return [f.name for f in scan(dist, with_maps=with_maps).files]


def test_files_are_sorted_by_name_with_their_sizes(dist: Path) -> None:
    put(dist, "b/c.js", "12345")
    put(dist, "a.js")
    assert [(f.name, f.size) for f in scan(dist).files] == [("a.js", 1), ("b/c.js", 5), ("index.html", 6)]


@pytest.mark.parametrize("name", [".DS_Store", ".git/config", "a/node_modules/b.js", "package-lock.json", ".gitignore"])
def test_what_tools_need_is_left_out_and_named(dist: Path, name: str) -> None:
    put(dist, name)
    found = scan(dist)
    assert [f.name for f in found.files] == ["index.html"]
    assert list(found.left_out.values()) == [TOOLING]


@pytest.mark.parametrize("name", ["my.gitignored.js", "tsconfig.json.js", "a.DS_Store", "nodemodules/a.js"])
def test_a_name_that_only_looks_like_a_tools_is_kept(dist: Path, name: str) -> None:
    put(dist, name)
    assert name in names(dist)


def test_source_maps_are_left_out_unless_they_are_wanted(dist: Path) -> None:
    put(dist, "a.js.map")
    assert scan(dist).left_out == {"a.js.map": MAP}
    assert names(dist, with_maps=True) == ["a.js.map", "index.html"]


def test_a_folder_without_index_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "sub/index.html")
    with pytest.raises(InvalidBundle, match=r"index\.html"):
        scan(tmp_path)


@pytest.mark.parametrize("missing", [Path("nowhere"), Path(__file__)])
def test_what_is_no_folder_is_refused(missing: Path) -> None:
    with pytest.raises(InvalidBundle, match="no folder"):
        scan(missing)


@pytest.mark.parametrize(
    "name", ["a\\b.js", "a:b.js", "end.", "end ", "a\nb.js", "\u202ea.js", "a\udcff.js"], ids=ascii
)
def test_a_name_that_not_every_device_can_keep_is_refused(dist: Path, name: str) -> None:
    put(dist, name)
    with pytest.raises(InvalidBundle):
        scan(dist)


@pytest.mark.parametrize(("one", "other"), [("a.js", "A.js"), ("é.js", "e\u0301.js"), ("ß.js", "ss.js")])
def test_names_that_meet_on_some_devices_are_refused(dist: Path, one: str, other: str) -> None:
    put(dist, one)
    put(dist, other)
    with pytest.raises(InvalidBundle, match="twice"):
        scan(dist)


def test_a_link_out_of_the_folder_is_refused(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (dist / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InvalidBundle, match="leads out"):
        scan(dist)


def test_a_link_to_a_folder_is_refused(dist: Path, tmp_path: Path) -> None:
    (dist / "all").symlink_to(tmp_path)
    with pytest.raises(InvalidBundle, match="link to a folder"):
        scan(dist)


def test_a_link_inside_the_folder_is_the_file_that_it_leads_to(dist: Path) -> None:
    (dist / "home.html").symlink_to("index.html")
    assert names(dist) == ["home.html", "index.html"]


def test_a_link_to_nothing_is_refused(dist: Path) -> None:
    (dist / "gone").symlink_to("nowhere")
    with pytest.raises(InvalidBundle, match="no plain file"):
        scan(dist)


def test_what_is_no_plain_file_is_refused(dist: Path) -> None:
    os.mkfifo(dist / "pipe")
    with pytest.raises(InvalidBundle, match="no plain file"):
        scan(dist)


def test_a_refusal_shows_no_control_characters(dist: Path) -> None:
    put(dist, "a\x1b[31m.js")
    with pytest.raises(InvalidBundle) as caught:
        scan(dist)
    assert not re.search(r"[\x00-\x1f]", str(caught.value))
