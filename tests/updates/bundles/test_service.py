"""Bundles on both engines: objects first, then all of a bundle or nothing."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from auth.sharing import rows
from ecrin.errors import InvalidRequest, StorageError
from ecrin.storage.objects.errors import ObjectMismatch
from ecrin.storage.sql.port import Tx
from ecrin.updates.apps.model import App
from ecrin.updates.bundles.model import Bundle, File, NewBundle
from ecrin.updates.errors import (
    AppNotFound,
    BundleExists,
    BundleInUse,
    BundleNotFound,
    ChannelNotFound,
    InvalidBundle,
    ObjectsMissing,
)
from updates.bundles.publishing import BY, SEALED, SESSION_KEY, Publisher, new_app, pieces, sha
from updates.bundles.zips import packed


async def test_a_bundle_is_what_was_published(app: Publisher) -> None:
    name = await app.zip()
    asked = NewBundle(
        "1.2.3", name, name, min_native="1.0.0", link="https://a.b/c", comment="x\ny", source_commit="abc"
    )
    made = await app.bundles.publish(app.id, asked, BY)
    assert made == await app.bundles.get(app.id, "1.2.3")
    assert made == Bundle(
        app_id=app.id,
        number=1,
        version="1.2.3",
        checksum=name,
        created_by="operator:test",
        created_at=app.instance.clock.now(),
        zip=name,
        zip_size=len(packed({"index.html": b"hello"})),
        min_native="1.0.0",
        link="https://a.b/c",
        comment="x\ny",
        source_commit="abc",
    )


async def test_missing_names_each_object_that_must_be_sent_once(app: Publisher) -> None:
    there = await app.add(b"abc")
    assert await app.bundles.missing(app.id, [there, sha(b"x"), sha(b"x"), sha(b"y")]) == sorted([sha(b"x"), sha(b"y")])


async def test_missing_asks_for_more_objects_than_a_statement_holds(app: Publisher) -> None:
    there = await app.add(b"abc")
    names = [sha(str(i).encode()) for i in range(1203)]
    assert await app.bundles.missing(app.id, [*names, there]) == sorted(names)


async def test_missing_refuses_what_is_no_hash(app: Publisher) -> None:
    with pytest.raises(InvalidRequest):
        await app.bundles.missing(app.id, ["../../etc/passwd"])


async def test_objects_of_another_app_are_missing(app: Publisher) -> None:
    other = await new_app(app.instance)
    assert not await other.knows(await app.add(b"abc"))


async def test_an_object_is_durable_before_the_database_knows_of_it(app: Publisher) -> None:
    """Whoever is killed in between leaves a file that nobody names, never a name without a file."""
    store, database = app.instance.app.updates.objects, app.bundles._database
    seen: list[int | None] = []

    class Watched:
        def __getattr__(self, name: str) -> object:
            return getattr(database, name)

        async def write(self, unit: object) -> object:
            seen.append(await store.size(app.id, sha(b"abc")))
            return await database.write(unit)  # type: ignore[arg-type]

    app.bundles._database = Watched()  # type: ignore[assignment]
    try:
        await app.add(b"abc")
    finally:
        app.bundles._database = database
    assert seen == [3]


@pytest.mark.parametrize("wrong", ["hash", "size", "cut"])
async def test_an_upload_that_is_not_what_was_announced_leaves_nothing(app: Publisher, wrong: str) -> None:
    name = sha(b"other") if wrong == "hash" else sha(b"abc")
    size = 2 if wrong == "size" else 3
    with pytest.raises(ObjectMismatch):
        await app.bundles.add_object(app.id, name, size, pieces(b"ab" if wrong == "cut" else b"abc"))
    assert (app.files(), await app.knows(name)) == ([], False)


async def test_an_upload_that_breaks_off_leaves_nothing_and_can_be_repeated(app: Publisher) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise InvalidRequest("The client went away.")

    with pytest.raises(InvalidRequest):
        await app.bundles.add_object(app.id, sha(b"abc"), 3, broken())
    before = app.files()
    await app.add(b"abc")
    assert (before, await app.knows(sha(b"abc"))) == ([], True)


async def test_nothing_is_taken_for_an_app_that_is_not_there(app: Publisher) -> None:
    with pytest.raises(AppNotFound):
        await app.bundles.add_object("com.example.none", sha(b"abc"), 3, pieces(b"abc"))


async def test_a_bundle_whose_objects_are_missing_is_refused(app: Publisher) -> None:
    with pytest.raises(ObjectsMissing, match="1 of the bundle's 1"):
        await app.bundles.publish(app.id, NewBundle("1.0.0", sha(b"x"), sha(b"x")), BY)
    assert await app.versions() == []


async def test_a59_an_archive_that_the_server_can_read_is_checked(app: Publisher) -> None:
    name = await app.add(packed({"index.html": b"hello", "../out": b"x"}))
    with pytest.raises(InvalidBundle, match="relative path"):
        await app.bundles.publish(app.id, NewBundle("1.0.0", name, name), BY)
    assert await app.versions() == []


async def test_a_compressed_file_is_kept_as_it_was_published(app: Publisher) -> None:
    files = (*await app.manifest(index_html=b"hello"), await app.compressed("a.js", b"let a;" * 999))
    made = await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=files), BY)
    assert made.manifest == files


@pytest.mark.parametrize("wrong", [b"let b;" * 999, b""], ids=["other content", "nothing"])
async def test_a59_a_compressed_file_of_other_content_is_refused_and_the_push_can_be_repeated(
    app: Publisher, wrong: bytes
) -> None:
    index = await app.manifest(index_html=b"hello")
    good = await app.compressed("assets/a.js", b"let a;" * 999)
    bad = replace(await app.compressed("assets/a.js", wrong), hash=good.hash)
    with pytest.raises(InvalidBundle, match=r"'assets/a\.js\.br' unpacks to other content") as refused:
        await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=(*index, bad)), BY)
    assert refused.value.code == "INVALID_BUNDLE"
    assert await app.versions() == []
    again = await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=(*index, good)), BY)
    assert (again.manifest, await app.versions()) == ((*index, good), ["1.0.0"])


async def test_a59_a_compressed_bomb_is_refused(app: Publisher) -> None:
    files = (*await app.manifest(index_html=b"hello"), await app.compressed("a.bin", bytes(33 * 1024 * 1024)))
    with pytest.raises(InvalidBundle, match="times their size"):
        await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=files), BY)
    assert await app.versions() == []


@pytest.mark.parametrize("contents", [1, 33])
async def test_a59_many_small_bombs_are_one(app: Publisher, contents: int) -> None:
    """Each is small enough; all together a device would have to write more than it may be asked to."""
    made = [await app.compressed("bin", bytes([i]) * 1024 * 1024) for i in range(contents)]
    many = tuple(replace(made[i % contents], name=f"{i}.bin.br") for i in range(33))
    files = (*await app.manifest(index_html=b"hello"), *many)
    with pytest.raises(InvalidBundle, match="times their size"):
        await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=files), BY)


async def test_a_manifest_of_other_files_than_the_archive_is_refused(app: Publisher) -> None:
    name = await app.zip("hello")
    files = await app.manifest(index_html=b"other")
    with pytest.raises(InvalidBundle, match=r"'index\.html' is other content in the archive"):
        await app.bundles.publish(app.id, NewBundle("1.0.0", name, name, manifest=files), BY)
    assert await app.versions() == []


async def test_what_a_sealed_manifest_holds_is_not_looked_at(app: Publisher) -> None:
    sealed = await app.add(os.urandom(160))
    files = tuple(File(name, SEALED, sealed, 160) for name in ("index.html", "a.js.br"))
    new = NewBundle("1.0.0", SEALED, sealed, session_key=SESSION_KEY, manifest=files)
    assert (await app.bundles.publish(app.id, new, BY)).manifest == files


async def test_a_compressed_file_whose_object_is_gone_is_refused(app: Publisher) -> None:
    files = (*await app.manifest(index_html=b"hello"), await app.compressed("a.js", b"let a;" * 999))
    await app.instance.app.updates.objects.remove(app.id, files[1].object)
    with pytest.raises(ObjectsMissing):
        await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=files), BY)


async def test_an_archive_without_index_html_is_refused(app: Publisher) -> None:
    name = await app.add(packed({"a.js": b"hello"}))
    with pytest.raises(InvalidBundle, match=r"index\.html"):
        await app.bundles.publish(app.id, NewBundle("1.0.0", name, name), BY)


async def test_a_sealed_archive_is_taken_by_its_shape(app: Publisher) -> None:
    name = await app.add(os.urandom(160))
    made = await app.bundles.publish(app.id, NewBundle("1.0.0", SEALED, name, session_key=SESSION_KEY), BY)
    assert (made.session_key, made.checksum, made.zip_size) == (SESSION_KEY, SEALED, 160)


@pytest.mark.parametrize("size", [0, 1, 159])
async def test_a_sealed_archive_is_whole_blocks_long(app: Publisher, size: int) -> None:
    name = await app.add(os.urandom(size))
    with pytest.raises(InvalidBundle, match="AES blocks"):
        await app.bundles.publish(app.id, NewBundle("1.0.0", SEALED, name, session_key=SESSION_KEY), BY)


async def test_a_manifest_is_kept_as_it_was_published(app: Publisher) -> None:
    files = await app.manifest(index_html=b"hello", assets__a_js=b"let a")
    made = await app.bundles.publish(app.id, NewBundle("1.0.0", "0" * 64, manifest=files), BY)
    assert (made.manifest, made.zip, made.zip_size) == (files, None, 0)


async def test_a_manifest_with_a_wrong_size_is_refused(app: Publisher) -> None:
    files = await app.manifest(index_html=b"hello")
    new = NewBundle("1.0.0", "0" * 64, manifest=(replace(files[0], size=6),))
    with pytest.raises(InvalidBundle, match="5 bytes, not 6"):
        await app.bundles.publish(app.id, new, BY)


async def test_an_external_bundle_needs_no_objects(app: Publisher) -> None:
    new = NewBundle("1.0.0", "0" * 64, external_url="https://cdn.example.com/a.zip")
    assert (await app.bundles.publish(app.id, new, BY)).external_url == "https://cdn.example.com/a.zip"


async def test_the_same_request_again_returns_the_bundle_that_is_there(app: Publisher) -> None:
    first = await app.publish(comment="x")
    app.instance.clock.tick(1000)
    assert await app.publish(comment="x") == first
    assert len(await rows(app.instance, "audit", "subject = :s AND event = 'bundle.published'", s=app.id)) == 1


@pytest.mark.parametrize("more", [{"text": "other"}, {"comment": "other"}, {"min_native": "2.0.0"}])
async def test_a_version_is_never_given_other_content(app: Publisher, more: dict[str, str]) -> None:
    first = await app.publish()
    with pytest.raises(BundleExists):
        await app.publish(**more)
    assert await app.bundles.get(app.id, "1.0.0") == first


async def test_the_version_of_a_deleted_bundle_is_not_given_again(app: Publisher) -> None:
    await app.publish()
    await app.bundles.delete(app.id, "1.0.0", BY)
    with pytest.raises(BundleExists):
        await app.publish()
    assert await app.versions() == []


async def test_publishers_side_by_side_each_get_a_number(app: Publisher) -> None:
    made = await asyncio.gather(*(app.publish(f"1.0.{i}") for i in range(8)))
    assert sorted(bundle.number for bundle in made) == list(range(1, 9))


async def test_the_same_request_side_by_side_makes_one_bundle(app: Publisher) -> None:
    made = await asyncio.gather(*(app.publish() for _ in range(5)))
    assert ({bundle.number for bundle in made}, await app.versions()) == ({1}, ["1.0.0"])


async def test_what_goes_wrong_within_leaves_no_bundle(app: Publisher) -> None:
    async def fails(tx: Tx, found: App, bundle: Bundle) -> None:
        raise ChannelNotFound

    name = await app.zip()
    with pytest.raises(ChannelNotFound):
        await app.bundles.publish(app.id, NewBundle("1.0.0", name, name), BY, within=fails)
    assert await app.versions() == []


async def test_devices_know_a_bundle_when_publish_returns(app: Publisher) -> None:
    await app.publish()
    view = app.instance.app.updates.catalog.view(app.id)
    assert view is not None
    assert set(view.bundles) == {"1.0.0"}


async def test_pages_go_from_the_newest_down(app: Publisher) -> None:
    for i in range(5):
        await app.publish(f"1.0.{i}")
    first = await app.bundles.page(app.id, limit=2)
    second = await app.bundles.page(app.id, first[-1].number, 2)
    assert [bundle.version for bundle in [*first, *second]] == ["1.0.4", "1.0.3", "1.0.2", "1.0.1"]


async def test_link_and_comment_may_change_and_nothing_else(app: Publisher) -> None:
    made = await app.publish(comment="old")
    described = await app.bundles.describe(app.id, "1.0.0", "https://a.b/", None)
    assert described == replace(made, link="https://a.b/")


async def test_a_link_that_is_no_address_is_refused(app: Publisher) -> None:
    await app.publish()
    with pytest.raises(InvalidBundle):
        await app.bundles.describe(app.id, "1.0.0", "javascript:alert(1)", None)


async def test_a_bundle_that_a_channel_names_is_not_deleted(app: Publisher) -> None:
    await app.publish()
    await app.instance.app.updates.channels.point(app.id, "production", "1.0.0", BY)
    with pytest.raises(BundleInUse):
        await app.bundles.delete(app.id, "1.0.0", BY)


async def test_a_bundle_that_is_not_there_is_not_deleted_nor_described(app: Publisher) -> None:
    with pytest.raises(BundleNotFound):
        await app.bundles.delete(app.id, "1.0.0", BY)
    with pytest.raises(BundleNotFound):
        await app.bundles.describe(app.id, "1.0.0", "", "")
    with pytest.raises(BundleNotFound):
        await app.bundles.get(app.id, "1.0.0")


async def test_a_bundle_whose_file_is_gone_is_refused(app: Publisher) -> None:
    name = await app.zip()
    await app.instance.app.updates.objects.remove(app.id, name)
    with pytest.raises((ObjectsMissing, StorageError)):
        await app.bundles.publish(app.id, NewBundle("1.0.0", name, name), BY)
