"""How a running instance ends."""

import asyncio

import pytest

from ecrin.cli.serving import Running
from ecrin.errors import DatabaseBusy, StorageBusy
from ecrin.governance.projects.model import Project, ProjectSettings

PROJECT = Project("notes", 1, "Notes", ("key",), 0, ProjectSettings())


def running() -> Running:
    loop = asyncio.get_running_loop()
    return Running("http://127.0.0.1:9099", PROJECT, None, loop.create_future(), loop.create_future())


async def test_a_server_whose_database_another_one_took_ends_and_says_so() -> None:
    instance = running()
    instance.loss.set_exception(DatabaseBusy("Another ecrin process is using here."))
    with pytest.raises(DatabaseBusy):
        await instance.until_stopped()


async def test_a_server_whose_work_in_the_background_fails_ends_and_says_so() -> None:
    instance = running()
    instance.work.set_exception(StorageBusy())
    with pytest.raises(StorageBusy):
        await instance.until_stopped()


async def test_a_server_that_is_told_to_stop_stops() -> None:
    waiting = asyncio.create_task(running().until_stopped())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await waiting is None  # it is no failure to be stopped
