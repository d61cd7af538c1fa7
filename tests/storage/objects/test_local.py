"""Objects in a local folder: whole and durable, or not there at all."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ecrin.base.clock import DAY
from ecrin.errors import EcrinError, InvalidRequest, NotFound, StorageError, StorageFull, StorageReadOnly
from ecrin.storage.objects import names
from ecrin.storage.objects.errors import ObjectMismatch
from ecrin.storage.objects.local import INCOMING, PIECE, LocalObjects
from ecrin.testing.clock import START, FakeClock

APP = "com.example.notes"


def name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def objects(tmp_path: Path, clock: FakeClock) -> LocalObjects:
    return LocalObjects(tmp_path / "objects", clock)


async def put(objects: LocalObjects, data: bytes, app_id: str = APP) -> str:
    await objects.put(app_id, name_of(data), len(data), chunks(data))
    return name_of(data)


async def whole(objects: LocalObjects, name: str, start: int = 0, stop: int = 10**9) -> bytes:
    return b"".join([piece async for piece in objects.read(APP, name, start, stop)])


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17])
async def test_what_was_put_is_read_again(objects: LocalObjects, size: int) -> None:
    data = os.urandom(size)
    await objects.put(APP, name_of(data), size, chunks(*(data[i : i + 70_001] for i in range(0, size, 70_001))))
    assert (await objects.size(APP, name_of(data)), await whole(objects, name_of(data))) == (size, data)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (5, PIECE + 7), (PIECE + 1, PIECE + 2), (9, 10**9)])
async def test_a_range_is_read_in_pieces_of_bounded_size(objects: LocalObjects, start: int, stop: int) -> None:
    data = os.urandom(2 * PIECE + 5)
    name = await put(objects, data)
    pieces = [piece async for piece in objects.read(APP, name, start, stop)]
    assert (b"".join(pieces), all(len(piece) <= PIECE for piece in pieces)) == (data[start:stop], True)


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        (4, [b"abc"]),
        (2, [b"abc"]),
        (2, [b"a", b"b", b"c"]),
        (3, [b"abd"]),
        (3, []),
        (0, [b"abc"]),
    ],
)
async def test_other_bytes_than_announced_are_refused_and_leave_nothing(
    objects: LocalObjects, tmp_path: Path, size: int, parts: list[bytes]
) -> None:
    with pytest.raises(ObjectMismatch):
        await objects.put(APP, name_of(b"abc"), size, chunks(*parts))
    assert files(tmp_path) == []


async def test_more_than_announced_is_refused_before_it_is_read(objects: LocalObjects) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1000

    with pytest.raises(ObjectMismatch):
        await objects.put(APP, name_of(b""), 5000, endless())
    assert taken == 6


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), RuntimeError("gone"), InvalidRequest("gone")])
async def test_an_upload_that_breaks_off_leaves_nothing(
    objects: LocalObjects, tmp_path: Path, error: Exception
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * PIECE
        raise error

    with pytest.raises((RuntimeError, EcrinError)):
        await objects.put(APP, name_of(b"x" * 2 * PIECE), 2 * PIECE, broken())
    assert files(tmp_path) == []


async def test_an_upload_that_is_cancelled_leaves_nothing(objects: LocalObjects, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield b"x" * PIECE
        begun.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(objects.put(APP, name_of(b""), 2 * PIECE, hanging()))
    await begun.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert files(tmp_path) == []


async def test_an_object_that_is_there_is_not_read_again(objects: LocalObjects) -> None:
    name = await put(objects, b"abc")

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    await objects.put(APP, name, 3, never())


async def test_a_file_is_durable_before_it_has_its_name_and_the_name_before_put_returns(
    objects: LocalObjects, tmp_path: Path
) -> None:
    await put(objects, b"the folder is there")
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        file = Path(f"/proc/self/fd/{handle}").readlink()
        steps.append(f"sync {file.relative_to(tmp_path / 'objects').parts[0]}")
        sync(handle)

    def replaced(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", synced)
        patch.setattr(Path, "replace", replaced)
        await put(objects, b"abc")
    assert steps[0] == f"sync {INCOMING}"
    assert steps[-2:] == ["rename", f"sync {APP}"]


async def test_the_name_of_an_object_that_was_there_is_durable_before_put_returns(
    objects: LocalObjects, tmp_path: Path
) -> None:
    """Whoever gave it the name may have been killed, or be at it still, before the folder was synced."""
    await put(objects, b"abc")
    synced: list[str] = []
    sync = os.fsync

    def note(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        sync(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", note)
        await put(objects, b"abc")
    assert synced == [name_of(b"abc")[:2]]


async def test_uploads_of_one_object_side_by_side_make_one_file(objects: LocalObjects, tmp_path: Path) -> None:
    data = os.urandom(2 * PIECE)
    await asyncio.gather(*(put(objects, data) for _ in range(5)))
    assert files(tmp_path) == [f"objects/{APP}/{name_of(data)[:2]}/{name_of(data)}"]


async def test_what_a_crash_left_is_removed_at_start_and_objects_are_not(objects: LocalObjects, tmp_path: Path) -> None:
    name = await put(objects, b"abc")
    (tmp_path / "objects" / INCOMING / "left").write_bytes(b"half")
    await objects.start()
    assert files(tmp_path) == [f"objects/{APP}/{name[:2]}/{name}"]


async def test_a_start_makes_no_folder(objects: LocalObjects, tmp_path: Path) -> None:
    await objects.start()
    assert list(tmp_path.iterdir()) == []


async def test_an_object_that_is_not_there_has_no_size_and_cannot_be_read(objects: LocalObjects) -> None:
    assert await objects.size(APP, name_of(b"abc")) is None
    with pytest.raises(NotFound):
        await whole(objects, name_of(b"abc"))


async def test_a_folder_that_cannot_be_looked_into_is_a_fault_of_storage(objects: LocalObjects, tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / APP).write_bytes(b"a file in the place of the folder")
    with pytest.raises(StorageError):
        await objects.size(APP, name_of(b"abc"))


async def test_objects_belong_to_their_app(objects: LocalObjects) -> None:
    name = await put(objects, b"abc", "com.example.other")
    assert await objects.size(APP, name) is None


async def test_a_removed_object_is_gone_and_removing_it_again_is_no_error(objects: LocalObjects) -> None:
    name = await put(objects, b"abc")
    await objects.remove(APP, name)
    await objects.remove(APP, name)
    assert await objects.size(APP, name) is None


async def test_kept_names_every_object_of_every_app(objects: LocalObjects) -> None:
    expected = {(app, await put(objects, data, app)) for app in (APP, "com.Example.Notes") for data in (b"a", b"b")}
    assert {(kept.app_id, kept.name) async for kept in objects.kept()} == expected


async def test_an_object_is_dated_by_when_it_was_last_put(objects: LocalObjects, clock: FakeClock) -> None:
    await put(objects, b"abc")
    clock.tick(3 * DAY)
    await put(objects, b"abc")
    assert [kept.stored_at async for kept in objects.kept()] == [START + 3 * DAY]


@pytest.mark.parametrize(
    "app_id", ["", "..", "notes", "com/example", "com.example/..", "com.exämple", "com.a\0", "." * 9]
)
async def test_an_app_id_that_is_none_makes_no_path(objects: LocalObjects, app_id: str) -> None:
    with pytest.raises(InvalidRequest):
        await put(objects, b"abc", app_id)


@pytest.mark.parametrize("name", ["", "..", "a" * 63, "A" * 64, "g" * 64, "a" * 65, f"{'a' * 62}/.", f"{'a' * 64}\n"])
async def test_a_name_that_is_none_makes_no_path(objects: LocalObjects, name: str) -> None:
    with pytest.raises(InvalidRequest):
        await objects.size(APP, name)


@pytest.mark.parametrize("app_id", [APP, "com.Example.NOTES", "COM.example", "a.b-c_d", "A.B"])
def test_a_folder_says_its_app_and_no_case_folding_joins_two(app_id: str) -> None:
    folder = names.folder(app_id)
    assert (names.app_of(folder), folder) == (app_id, folder.lower())


async def test_a_full_disk_is_said_so_and_leaves_nothing(objects: LocalObjects, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(StorageFull):
            await put(objects, b"abc")
    assert files(tmp_path) == []


async def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        with pytest.raises(StorageReadOnly):
            await put(LocalObjects(tmp_path / "none" / "objects", clock), b"abc")
