"""`world`: an app of its own in an instance that the tests of one engine share; `desk_world` on the embedded alone."""

import pytest

from harness import Instance
from web.capgo.world import World, new_world


@pytest.fixture
async def world(serve: Instance) -> World:
    return await new_world(serve)


@pytest.fixture
async def here(strict: Instance) -> World:
    return await new_world(strict)
