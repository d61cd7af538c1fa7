"""The first start of `ecrin serve`, as a person at a terminal and as a service manager see it; and the second."""

import fcntl
import itertools
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from server_process import ECRIN, ecrin, environment, started

TOKEN = re.compile(r"ecrin_operator_[\w-]{43}")


class Terminal:
    """A terminal with a command running on it."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self._screen = screen
        self.text = ""

    def read_until(self, words: str) -> str:
        """Return what the screen shows once the words are on it."""
        while words not in self.text:
            assert select.select([self._screen], [], [], 60)[0], self.text
            self.text += os.read(self._screen, 65536).decode().replace("\r\n", "\n")
        return self.text

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)


@contextmanager
def terminal(cwd: Path, *arguments: str) -> Iterator[Terminal]:
    """Run `ecrin ARGUMENTS` with a terminal of its own, where Ctrl-C works."""
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        [ECRIN, *arguments],
        cwd=cwd,
        env=environment(TERM="xterm", COLUMNS="200"),
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(keyboard)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_terminal_is_shown_the_operators_token_once_and_ctrl_c_ends_the_server(tmp_path: Path) -> None:
    with terminal(tmp_path, "serve", "--port", "0") as first:
        token = TOKEN.search(first.read_until("Then: "))
        assert token is not None
        url = re.search(r"listening on +(\S+)", first.text)
        assert url is not None
        reply = httpx.get(f"{url[1]}/api/v1/projects", headers={"authorization": f"Bearer {token[0]}"})
        assert reply.json()["projects"][0]["project_id"] == "default"
        first.press(b"\x03")
        assert first.process.wait(30) == 0
    assert not (tmp_path / "ecrin-data/operator-token").exists()
    with terminal(tmp_path, "serve", "--port", "0") as second:
        assert not TOKEN.search(second.read_until("Then: "))
        assert "operator" not in second.text


def test_without_a_terminal_the_operators_token_lies_in_the_folder_and_nowhere_else(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        token = (server.data / "operator-token").read_text().strip()
        assert TOKEN.fullmatch(token)
        assert server.admin("GET", "/api/v1/projects").status_code == 200
        assert server.facts["operator_token_file"] == str(server.data / "operator-token")
        assert token not in str(server.facts)
        server.end()
        assert token not in server.log.read_text()
    (tmp_path / "data/operator-token").unlink()
    with started(tmp_path / "data") as again:
        assert "operator_token_file" not in again.facts
        assert not (again.data / "operator-token").exists()


def test_lines_that_nobody_watches_name_the_file_and_not_the_token(tmp_path: Path) -> None:
    command = [ECRIN, "serve", "--port", "0", "--data", "data"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        banner = "".join(itertools.takewhile(lambda line: not line.startswith("Then: "), lines))
        process.terminate()
    assert "operator      its token is in data/operator-token" in banner
    assert not TOKEN.search(banner)


def test_all_of_the_folder_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with started(tmp_path / "data") as server:
            server.sign_up()
            found = {path.name: oct(mode(path)) for path in server.data.iterdir()}
    finally:
        os.umask(before)
    assert mode(tmp_path / "data") == 0o700
    assert set(found) >= {"master.key", "ecrin.db", "ecrin.db-wal", "ecrin.sock", "operator-token", "lock"}
    assert set(found.values()) == {"0o600"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_commands_work_as_they_stand(tmp_path: Path) -> None:
    with terminal(tmp_path, "serve", "--port", "0") as shown:
        text = shown.read_until("Then: ") + shown.read_until("user list")
        curl = re.search(r"(curl -s .*?\}')", text, re.DOTALL)
        assert curl is not None
        reply = subprocess.run(curl[1], shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert '"idToken":"ey' in reply
        then = re.search(r"Then: (.+)", text)
        assert then is not None
        listed = subprocess.run(
            then[1], shell=True, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
        ).stdout
        assert "ada@example.org" in listed


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/tokens", "/api/v1/keys"])
@pytest.mark.parametrize("token", ["", "owner", "admin", "ecrin_operator_", "ecrin_operator_" + "A" * 43])
def test_there_is_no_default_credential(shared_url: str, path: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    assert httpx.get(shared_url + path, headers=headers).status_code in {401, 403}


@pytest.fixture(scope="module")
def shared_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server.url


def test_the_first_start_names_its_project_as_asked_and_a_later_one_makes_no_other(tmp_path: Path) -> None:
    with started(tmp_path / "data", "serve", "--project", "my-app") as server:
        assert server.facts["project_id"] == "my-app"
        server.end()
    with started(tmp_path / "data") as server:
        assert server.facts["project_id"] == "my-app"
        server.end()
    done = ecrin("serve", "--port", 0, "--project", "other", "--data", "data", cwd=tmp_path)
    assert (done.returncode, "PROJECT_NOT_FOUND" in done.stderr) == (1, True)


def test_a_server_that_died_before_its_first_project_starts_anew(tmp_path: Path) -> None:
    done = ecrin("serve", "--port", 0, "--project", "Not An Id", "--data", "data", cwd=tmp_path)
    assert "INVALID_PROJECT_ID" in done.stderr
    with started(tmp_path / "data") as server:
        assert server.admin("GET", "/api/v1/tokens").json()["tokens"][0]["name"] == "first operator"
        assert server.end(signal.SIGINT) == 0
