"""The shell inside the templates for build machines: the same in each, and run here against a server."""

import re
import secrets
import stat
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecrin.cli.push import push
from server_process import ECRIN, Server, ecrin

FOLDER = Path(__file__).parents[2] / "deploy/ci"
OWNER = {"authorization": "Bearer owner"}
FILES = {"github": "github/action.yml", "gitlab": "gitlab/ecrin-push.gitlab-ci.yml", "jenkins": "jenkins/Jenkinsfile"}
SHELLS = {"github": "bash", "gitlab": "sh", "jenkins": "sh"}
each = pytest.mark.parametrize("where", FILES)


def text(where: str) -> str:
    return (FOLDER / FILES[where]).read_text("utf-8")


def script(where: str) -> str:
    """Return the shell that a template runs to publish."""
    if where == "jenkins":
        found = re.findall(r"sh '''\n(.*?)\n *'''", text(where), re.S)
    else:
        found = re.findall(r"^ *(?:run:|-) \|\n(.*)", text(where), re.S | re.M)
    assert len(found) == 1
    return textwrap.dedent(found[0]).strip() + "\n"


@pytest.fixture
def app(server: Server, tmp_path: Path) -> str:
    app_id = f"com.example.ci{secrets.token_hex(4)}"
    made = server.http.post("/api/v1/projects/demo-ecrin/apps", json={"app_id": app_id}, headers=OWNER)
    assert made.status_code == 201, made.text
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/index.html").write_text("<html>")
    return app_id


@pytest.fixture
def run(server: Server, app: str, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    body = {"scopes": [f"demo-ecrin/{app}:upload"]}
    token = server.http.post("/api/v1/tokens", json=body, headers=OWNER).json()["token"]
    (tmp_path / "tmp").mkdir()

    def run(where: str, **more: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": f"{Path(ECRIN).parent}:/usr/bin:/bin",
            "TMPDIR": str(tmp_path / "tmp"),
            "ECRIN_URL": server.url,
            "ECRIN_TOKEN": token,
            "PUSH_APP": app,
            "PUSH_VERSION": "v1.2.3",
            "PUSH_CHANNEL": "production",
            "PUSH_COMMIT": "0123abc",
        }
        command = [SHELLS[where], "-e", "-c", script(where)]
        return subprocess.run(
            command, cwd=tmp_path, env={**env, **more}, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def bundle(server: Server, app: str) -> dict[str, Any]:
    reply = server.http.get(f"/api/v1/apps/{app}/bundles/1.2.3", headers=OWNER)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def test_every_template_runs_the_same_shell() -> None:
    assert script("github") == script("gitlab") == script("jenkins")


@each
def test_a_template_publishes_and_does_so_once(where: str, server: Server, app: str, run: Any, tmp_path: Path) -> None:
    for _ in range(2):
        done = run(where)
        assert done.returncode == 0, done.stderr
    assert bundle(server, app)["source_commit"] == "0123abc"
    assert list((tmp_path / "tmp").iterdir()) == []


@each
@pytest.mark.parametrize("kind", ["PUSH_KEY", "PUSH_KEY_FILE"])
def test_a_key_seals_and_is_left_nowhere(
    where: str, kind: str, server: Server, app: str, run: Any, tmp_path: Path
) -> None:
    assert ecrin("update-key", "create", "--out", tmp_path / "keys", cwd=tmp_path).returncode == 0
    key = tmp_path / "keys/.capgo_key_v2"
    done = run(where, **{kind: key.read_text() if kind == "PUSH_KEY" else str(key)})
    assert done.returncode == 0, done.stderr
    assert bundle(server, app)["sealed"] is True
    assert list((tmp_path / "tmp").iterdir()) == []


def test_more_options_are_options_and_nothing_is_read_as_shell(
    server: Server, app: str, run: Any, tmp_path: Path
) -> None:
    (tmp_path / "dist/a.map").write_text("{}")
    done = run("github", PUSH_OPTIONS="--with-maps --comment $(touch${IFS}owned)")
    assert done.returncode == 0, done.stderr
    assert [e["name"] for e in bundle(server, app)["manifest"]] == ["a.map", "index.html"]
    assert not (tmp_path / "owned").exists()


@each
@pytest.mark.parametrize("missing", ["ECRIN_URL", "ECRIN_TOKEN", "PUSH_APP", "PUSH_VERSION"])
def test_what_is_missing_is_named(where: str, missing: str, run: Any) -> None:
    done = run(where, **{missing: ""})
    assert done.returncode != 0
    assert missing in done.stderr


def test_a_refusal_fails_the_job(run: Any) -> None:
    assert run("github", PUSH_VERSION="nonsense").returncode == 1


def test_secrets_are_in_no_arguments(run: Any, tmp_path: Path) -> None:
    """A stand-in for `ecrin` writes down how it was called, and what the key file may be read by."""
    tools = tmp_path / "tools"
    tools.mkdir()
    seen = tmp_path / "seen"
    said = f'printf "%s\\n" "$@" > {seen}'
    mode = f'while [ "$1" != --encrypt ]; do shift; done; stat -c %a "$2" >> {seen}'
    (tools / "ecrin").write_text(f"#!/bin/sh\n{said}\n{mode}\n")
    (tools / "ecrin").chmod(stat.S_IRWXU)
    done = run("gitlab", PATH=f"{tools}:/usr/bin:/bin", PUSH_KEY="hunter2", ECRIN_TOKEN="ecrin_ci_secret")
    assert done.returncode == 0, done.stderr
    lines = seen.read_text().splitlines()
    assert lines[-1] == "600"
    assert not {"hunter2", "ecrin_ci_secret"} & set(lines)


def test_every_option_that_the_shell_names_exists() -> None:
    options = {name for parameter in push.params for name in parameter.opts}
    assert set(re.findall(r"(?<= )--[a-z][a-z-]+", script("github"))) - {"--quiet"} <= options


def test_no_action_of_anybody_else_is_used() -> None:
    assert "uses:" not in re.sub(r"#.*", "", text("github"))


@each
def test_inputs_never_stand_in_the_shell(where: str) -> None:
    assert "${{" not in script(where)
    assert "\\" not in script(where)  # which Groovy would read


def test_the_shell_is_sound() -> None:
    subprocess.run(["sh", "-n"], input=script("gitlab"), text=True, check=True)
