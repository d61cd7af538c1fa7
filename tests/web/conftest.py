"""Instances for this folder.

`serve` and `dev` are a new project in an instance that the tests of one engine share; what reads or writes in more than
one step runs there. `strict` and `desk` are the same on the embedded engine alone: for tables of requests and walks
over all routes, in which nothing hangs on the engine. `ada` and `ann` have just signed up in `dev` and in `desk`.
"""

import secrets
from collections.abc import AsyncIterator

import pytest

from auth.sharing import dev, opened, own_project, serve, shared_dev, shared_engine, shared_serve
from ecrin.base.secret import Secret
from harness import Instance
from web.wire import PASSWORD, Facts

__all__ = ["dev", "serve", "shared_dev", "shared_engine", "shared_serve"]


@pytest.fixture(scope="session")
async def embedded_serve(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    url = f"sqlite:///{tmp_path_factory.mktemp('strict')}/ecrin.db"
    async with opened("serve", url, Secret(secrets.token_bytes(32))) as instance:
        yield instance


@pytest.fixture(scope="session")
async def embedded_dev(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    url = f"sqlite:///{tmp_path_factory.mktemp('desk')}/ecrin.db"
    async with opened("dev", url, Secret(secrets.token_bytes(32))) as instance:
        yield instance


@pytest.fixture
async def strict(embedded_serve: Instance) -> Instance:
    return await own_project(embedded_serve)


@pytest.fixture
async def desk(embedded_dev: Instance) -> Instance:
    return await own_project(embedded_dev)


@pytest.fixture
async def ada(dev: Instance) -> Facts:
    return {**await dev.sign_up("ada@example.org", PASSWORD), "password": PASSWORD}


@pytest.fixture
async def ann(desk: Instance) -> Facts:
    return {**await desk.sign_up("ada@example.org", PASSWORD), "password": PASSWORD}
