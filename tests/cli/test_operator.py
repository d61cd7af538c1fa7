"""`ecrin operator recover`: for whoever owns the folder, with a server and without, on both engines."""

import asyncio
import json
import stat
from pathlib import Path

import asyncpg
import pytest

from server_process import Server, ecrin, started

TOKENS = "/api/v1/tokens"


def status(server: Server, token: str, path: str = TOKENS) -> int:
    return server.http.get(path, headers={"authorization": f"Bearer {token}"}).status_code


def recovered(cwd: Path, *arguments: str, **env: str) -> dict[str, str]:
    done = ecrin("operator", "recover", "--json", *arguments, cwd=cwd, **env)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def test_a_token_is_recovered_with_a_server_and_without_on_each_engine(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    env = {"ECRIN_DATABASE_URL": request.getfixturevalue("database_url")} if engine == "postgres" else {}
    with started(tmp_path / "ecrin-data", **env) as server:
        first = (server.data / "operator-token").read_text().strip()
        while_running = recovered(tmp_path, **env)["token"]
        assert [status(server, token) for token in (first, while_running)] == [200, 200]
        server.sign_up()  # the server goes on writing
        server.end()
    without = recovered(tmp_path, "--revoke-others", **env)
    with started(tmp_path / "ecrin-data", **env) as server:
        assert [status(server, token) for token in (first, while_running, without["token"])] == [401, 401, 200]
        kept = server.http.get(TOKENS, headers={"authorization": f"Bearer {without['token']}"}).json()["tokens"]
    assert [token["name"] for token in kept] == ["first operator", "recovered", "recovered"]


def test_uploads_under_way_go_on(data: Path, tmp_path: Path) -> None:
    with started(data) as server:
        upload = server.data / "objects" / ".incoming" / "half"
        upload.parent.mkdir(parents=True)
        upload.write_bytes(b"half")
        recovered(tmp_path)
        assert upload.exists()
        server.end()
    with started(data):
        assert not upload.exists()


def test_without_a_terminal_the_token_goes_into_the_folder(data: Path, tmp_path: Path) -> None:
    with started(data) as server:
        before = (server.data / "operator-token").read_text()
        done = ecrin("operator", "recover", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "")
        path = server.data / "operator-token"
        assert path.read_text() != before
        assert path.read_text().strip() not in done.stderr
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert status(server, path.read_text().strip()) == 200


def test_a_token_for_one_project_opens_no_other(data: Path, tmp_path: Path) -> None:
    with started(data) as server:
        server.admin("POST", "/api/v1/projects", {"project_id": "other"})
        token = recovered(tmp_path, "--project", "other")["token"]
        assert [status(server, token, f"/api/v1/projects/{name}") for name in ("other", "default")] == [200, 403]
        done = ecrin("operator", "recover", "--project", "nowhere", cwd=tmp_path)
        assert (done.returncode, "PROJECT_NOT_FOUND" in done.stderr) == (1, True)


def test_where_there_is_no_instance_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "ecrin-data").mkdir()
    for arguments in ((), ("--data", "elsewhere")):
        done = ecrin("operator", "recover", *arguments, cwd=tmp_path)
        assert (done.returncode, "There is no instance in" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == [tmp_path / "ecrin-data"]
    assert list((tmp_path / "ecrin-data").iterdir()) == []


def test_in_a_database_without_an_instance_nothing_is_made_either(tmp_path: Path, empty_postgres: str) -> None:
    for url in (empty_postgres, f"sqlite:///{tmp_path}/none.db"):
        done = ecrin("operator", "recover", "--data", "elsewhere", cwd=tmp_path, ECRIN_DATABASE_URL=url)
        assert (done.returncode, "There is no instance in" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []
    assert asyncio.run(tables(empty_postgres)) == []


async def tables(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    found = [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    await connection.close()
    return found


def test_without_the_master_key_nothing_is_recovered(data: Path, tmp_path: Path) -> None:
    (data / "master.key").unlink()
    done = ecrin("operator", "recover", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stderr)["error"]["code"] == "MASTER_KEY_MISSING"
    assert not (data / "master.key").exists()
