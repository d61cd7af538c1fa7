"""`serve` in this folder: a new project in an instance that the tests of one engine share. `app` is a new app there."""

import pytest

from auth.sharing import serve, shared_engine, shared_serve
from harness import Instance
from updates.bundles.publishing import Publisher, new_app

__all__ = ["serve", "shared_engine", "shared_serve"]


@pytest.fixture
async def app(serve: Instance) -> Publisher:
    return await new_app(serve)
