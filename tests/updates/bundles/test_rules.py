"""What a bundle may be: pure checks of names, shapes and sizes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.updates.bundles import paths, rules
from ecrin.updates.bundles.model import File, NewBundle
from ecrin.updates.errors import InvalidBundle, InvalidVersion
from updates.bundles.publishing import SEALED, SESSION_KEY, sha

HASH = sha(b"hello")
PLAIN = NewBundle("1.0.0", HASH, HASH)
SEAL = NewBundle("1.0.0", SEALED, HASH, session_key=SESSION_KEY, key_id="MIIBCgKCAQEAabcdefgh")
INDEX = File("index.html", HASH, HASH, 5)


@pytest.mark.parametrize("version", ["0.0.0", "1.2.3", "1.2.3-rc.1", "1.2.3+5", "1.2.3-a.b+c.d", "10.20.30"])
def test_semantic_versions_are_taken(version: str) -> None:
    rules.check_version(version)


@pytest.mark.parametrize(
    "version",
    [
        *[
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "v1.2.3",
            "01.2.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3 ",
            "1.2.3\n",
            "builtin",
            "unknown",
        ],
        *[
            "1.2.x",
            "-1.2.3",
            "1.2.3+",
            "\u0661.2.3",
            "1.2\u0663.3",
            "1.2.3/..",
            "1" * 200 + ".0.0",
            "1.0.0-" + "a" * 128,
        ],
    ],
)
def test_other_versions_are_refused(version: str) -> None:
    with pytest.raises(InvalidVersion):
        rules.check_version(version)


@pytest.mark.parametrize("new", [PLAIN, SEAL, replace(SEAL, key_id=""), replace(PLAIN, zip=None, manifest=(INDEX,))])
def test_what_devices_can_install_is_taken(new: NewBundle) -> None:
    rules.check(new)


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (PLAIN, {"checksum": "x"}),
        (PLAIN, {"checksum": HASH.upper()}),
        (PLAIN, {"checksum": SEALED}),
        (PLAIN, {"checksum": "deadbeef"}),
        (PLAIN, {"checksum": sha(b"other")}),
        (PLAIN, {"key_id": "MIIBCgKCAQEAabcdefgh"}),
        (PLAIN, {"session_key": "a:b"}),
        (SEAL, {"checksum": HASH}),
        (SEAL, {"checksum": "ab" * 255}),
        (SEAL, {"key_id": "x" * 21}),
        (SEAL, {"key_id": "-----BEGIN"}),
        (SEAL, {"session_key": SESSION_KEY + ":"}),
        (SEAL, {"session_key": SESSION_KEY.replace(":", "")}),
        (SEAL, {"session_key": SESSION_KEY[4:]}),
    ],
)
def test_a_checksum_and_a_key_have_their_shapes(new: NewBundle, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidBundle):
        rules.check(replace(new, **change))


def manifest(*files: File, sealed: bool = False) -> NewBundle:
    return replace(SEAL if sealed else PLAIN, manifest=files)


def named(name: str) -> File:
    return File(name, HASH, HASH, 5)


@pytest.mark.parametrize(
    "files",
    [
        (INDEX,),
        (INDEX, named("assets/a.js"), named("assets/b.js")),
        (File("index.html.br", sha(b"plain"), HASH, 5),),
        (INDEX, named("my file.js"), named("é.js"), named(".well-known/a"), named("[...slug].js")),
    ],
)
def test_manifests_that_devices_can_follow_are_taken(files: tuple[File, ...]) -> None:
    rules.check(manifest(*files))


@pytest.mark.parametrize(
    "files",
    [
        (named("a.js"),),
        (named("dist/index.html"),),
        (INDEX, INDEX),
        (INDEX, named("index.html.br")),
        (INDEX, named("INDEX.html")),
        (INDEX, named("é.js"), named("e\u0301.js")),
        (INDEX, named("a"), named("a/b.js")),
        (INDEX, named("a"), named("A/b.js")),
        *(
            (INDEX, named(name))
            for name in ["", "../a", "/a", "a//b", "a/", "./a", "a/..", "C:a", "a\\b", "a\0", ".br"]
        ),
        *(
            (INDEX, named(name))
            for name in ["a\n", "a\x7f", "a\ud800", "a/.br", "a.", "a ", " a", "a/ ", "..br", "…/a\uff0f"]
        ),
        (replace(INDEX, hash="x"),),
        (replace(INDEX, hash=SEALED),),
        (replace(INDEX, object="x"),),
        (replace(INDEX, object=sha(b"other")),),
    ],
)
def test_manifests_that_devices_cannot_follow_are_refused(files: tuple[File, ...]) -> None:
    with pytest.raises(InvalidBundle):
        rules.check(manifest(*files))


def test_a_sealed_manifest_has_sealed_hashes() -> None:
    rules.check(manifest(replace(INDEX, hash=SEALED), sealed=True))
    with pytest.raises(InvalidBundle):
        rules.check(manifest(INDEX, sealed=True))


def test_a_manifest_of_too_many_files_is_refused() -> None:
    with pytest.raises(InvalidBundle, match="at most"):
        rules.check(manifest(*(named(f"{i}.js") for i in range(rules.MAX_FILES + 1))))


@pytest.mark.parametrize("link", ["", "https://example.com/a?b#c", "http://example.com"])
def test_addresses_are_taken(link: str) -> None:
    rules.check_described(link, "")


@pytest.mark.parametrize(
    "link",
    [
        *[
            "x",
            "javascript:alert(1)",
            "https://",
            "//example.com",
            "https://a b",
            "https://exämple.com",
            "https://[",
            "//",
        ],
        *["https://u:p@a.b", "https://a.b\n", "ftp://a.b", "https://a.b/" + "x" * 3000],
    ],
)
def test_other_addresses_are_refused(link: str) -> None:
    with pytest.raises(InvalidBundle):
        rules.check_described(link, "")


@given(st.text(max_size=20))
def test_a_good_name_stays_below_its_folder_in_every_unicode_form(name: str) -> None:
    try:
        paths.check(name)
    except InvalidBundle:
        return
    for spelled in (name, paths.fold(name)):
        parts = spelled.split("/")
        assert "" not in parts
        assert not {".", ".."} & set(parts)
        assert not set("\\:\0") & set(spelled)


@given(st.lists(st.sampled_from(["a", "A", "b", "a/b", "A/B", "ﬁ", "fi", "é", "e\u0301", "ß", "ss"]), max_size=4))
def test_names_that_pass_do_not_meet_without_case(names: list[str]) -> None:
    try:
        paths.check_distinct(names)
    except InvalidBundle:
        return
    assert len({name.upper() for name in names}) == len(names)


@pytest.mark.parametrize(
    "new",
    [
        NewBundle("1.0.0", HASH),
        NewBundle("1.0.0", HASH, HASH, external_url="https://cdn.example.org/a.zip"),
        NewBundle("1.0.0", HASH, external_url=""),
    ],
)
def test_a_bundle_has_exactly_one_place(new: NewBundle) -> None:
    with pytest.raises(InvalidBundle):
        rules.check(new)


@pytest.mark.parametrize("comment", ["x" * 10_000, "a\x07b"])
def test_a_comment_that_cannot_be_shown_is_refused(comment: str) -> None:
    with pytest.raises(InvalidBundle):
        rules.check_described("", comment)
