"""A server of `ecrin dev` with an app, for what builds and publishes."""

from collections.abc import Iterator

import pytest

from server_process import Server, start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start(tmp_path_factory.mktemp("ci") / "ecrin-data", "dev")
    yield running
    running.close()
