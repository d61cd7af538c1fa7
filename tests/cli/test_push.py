"""`ecrin push` against a real server: what is sent, what is published, what is refused, and that nothing is left."""

import hashlib
import json
import os
import pty
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import brotli
import pytest

from cli.flaky import flaky
from ecrin.base.secret import Secret
from ecrin.updates.sealing import checksum, session
from ecrin.updates.sealing.keys import PrivateKey
from server_process import ECRIN, Server, ecrin, environment, start

numbers = count(1)
LONG = "".join(f"const value{i} = {i};\n" for i in range(3000))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start(tmp_path_factory.mktemp("push") / "ecrin-data", "dev")
    yield running
    running.close()


@dataclass
class App:
    """An app of its own on the server, and the folder that is pushed."""

    server: Server
    id: str
    dist: Path
    options: list[str] = field(default_factory=list)

    def push(self, version: str, *options: object, **env: str) -> subprocess.CompletedProcess[str]:
        where = [] if "ECRIN_URL" in env else ["--data", self.server.data]
        return ecrin(
            "push", self.dist, "--app", self.id, "--version", version, *where, *options, cwd=self.dist.parent, **env
        )

    def pushed(self, version: str, *options: object, **env: str) -> dict[str, Any]:
        """Push with success and return what was printed as JSON."""
        done = self.push(version, "--json", *options, **env)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def refused(self, version: str, *options: object, code: str, **env: str) -> str:
        """Push without success and return what was said."""
        done = self.push(version, "--json", *options, **env)
        assert (done.returncode, done.stdout) == (1, ""), done
        said = json.loads(done.stderr.splitlines()[-1])["error"]
        assert said["code"] == code, said
        return str(said["message"])

    def get(self, path: str) -> Any:
        reply = self.server.http.get(f"/api/v1/apps/{self.id}{path}", headers={"authorization": "Bearer owner"})
        assert reply.status_code == 200, reply.text
        return reply.json()

    @property
    def versions(self) -> list[str]:
        return [bundle["version"] for bundle in self.get("/bundles")["bundles"]]

    def lives(self) -> str | None:
        """Return the version that the channel `production` points at."""
        return next(c["version"] for c in self.get("/channels")["channels"] if c["name"] == "production")

    def stored(self, name: str) -> bytes:
        reply = self.server.http.get(f"/files/{self.id}/{name}")
        assert reply.status_code == 200, reply.text
        return reply.content


@pytest.fixture
def app(server: Server, tmp_path: Path) -> App:
    app_id = f"com.example.push{next(numbers)}"
    body = {"app_id": app_id}
    made = server.http.post("/api/v1/projects/demo-ecrin/apps", json=body, headers={"authorization": "Bearer owner"})
    assert made.status_code == 201, made.text
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<html>")
    (dist / "assets/main.js").write_text(LONG)
    (dist / "assets/logo.svg").write_text("<svg/>")
    return App(server, app_id, dist)


def token(app: App, *scopes: str) -> dict[str, str]:
    """Return the environment of a build machine with a token of its own."""
    body = {"scopes": list(scopes)}
    made = app.server.http.post("/api/v1/tokens", json=body, headers={"authorization": "Bearer owner"})
    assert made.status_code == 201, made.text
    return {"ECRIN_URL": app.server.url, "ECRIN_TOKEN": made.json()["token"]}


def key_pair(folder: Path) -> PrivateKey:
    assert ecrin("update-key", "create", "--out", folder, cwd=folder.parent).returncode == 0
    return PrivateKey(Secret((folder / ".capgo_key_v2").read_text()))


def test_a_folder_becomes_the_version_of_a_channel(app: App) -> None:
    done = app.pushed("1.0.0", "--channel", "production", "--min-native", "0.9.0", "--comment", "First")
    assert (done["published"], done["files"], done["objects_sent"], done["bytes_sent"]) == (True, 3, 4, done["bytes"])
    bundle = app.get("/bundles/1.0.0")
    assert (app.lives(), bundle["min_native"], bundle["comment"]) == ("1.0.0", "0.9.0", "First")
    assert bundle["checksum"] == hashlib.sha256(app.stored(bundle["zip"])).hexdigest()
    entry = next(e for e in bundle["manifest"] if e["name"] == "assets/main.js.br")
    assert brotli.decompress(app.stored(entry["object"])).decode() == LONG


def test_the_summary_is_one_line_where_there_is_no_terminal(app: App) -> None:
    done = app.push("1.0.0", "--channel", "production")
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith(f"Published {app.id} 1.0.0 to production: 3 files and the archive, sent ")
    assert done.stderr == ""


def test_each_stage_has_a_line_on_a_terminal(app: App) -> None:
    key_pair(app.dist.parent / "keys")
    ours, theirs = pty.openpty()
    key = app.dist.parent / "keys/.capgo_key_v2"
    arguments = ["push", app.dist, "--app", app.id, "--version", "1.0.0", "--data", app.server.data, "--encrypt", key]
    with subprocess.Popen([ECRIN, *map(str, arguments)], stdout=theirs, stderr=theirs, env=environment()) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 4096):
                seen += part
        except OSError:
            pass  # how Linux says that the other end is closed
        assert process.wait(60) == 0
    os.close(ours)
    lines = [line.split("\x1b[2K")[-1] for line in seen.decode().split("\n") if line.strip()]
    assert [line.split()[0] for line in lines] == "scan dedupe compress encrypt sign upload Published".split()


def test_without_a_channel_it_is_there_and_nobody_gets_it(app: App) -> None:
    app.pushed("1.0.0")
    assert (app.versions, app.lives()) == (["1.0.0"], None)


def test_a_second_version_sends_only_what_changed(app: App) -> None:
    app.pushed("1.0.0", "--channel", "production")
    (app.dist / "assets/logo.svg").write_text("<svg>new</svg>")
    assert app.pushed("1.0.1", "--channel", "production")["objects_sent"] == 2


def test_a_version_is_never_replaced(app: App) -> None:
    app.pushed("1.0.0", "--channel", "production")
    (app.dist / "index.html").write_text("<html>other")
    assert "1.0.0" in app.refused("1.0.0", "--channel", "production", code="BUNDLE_EXISTS")


def test_a_version_that_is_there_may_be_no_failure(app: App) -> None:
    app.pushed("1.0.0", "--channel", "production")
    app.pushed("1.0.1", "--channel", "production")
    assert app.pushed("1.0.0", "--channel", "production", "--version-exists-ok")["published"] is False
    assert app.lives() == "1.0.1"  # an old job that is run again moves nothing


def test_a_channel_is_made_on_request_only(app: App) -> None:
    app.refused("1.0.0", "--channel", "beta", code="CHANNEL_NOT_FOUND")
    assert app.versions == []
    app.pushed("1.0.0", "--channel", "beta", "--create-channel")
    assert {c["name"]: c["version"] for c in app.get("/channels")["channels"]} == {"production": None, "beta": "1.0.0"}


def test_source_maps_are_left_out_and_said_to_be(app: App) -> None:
    (app.dist / "assets/main.js.map").write_text("{}")
    done = app.push("1.0.0")
    assert "Left out 1 source map" in done.stderr
    assert "--with-maps" in done.stderr
    app.pushed("1.0.1", "--with-maps")
    found = [[e["name"] for e in app.get(f"/bundles/1.0.{i}")["manifest"]] for i in (0, 1)]
    assert ["assets/main.js.map" in names for names in found] == [False, True]


def test_without_a_manifest_there_is_only_the_archive(app: App) -> None:
    assert app.pushed("1.0.0", "--no-manifest")["objects_sent"] == 1
    assert app.get("/bundles/1.0.0")["manifest"] == []


def test_a_sealed_bundle_is_stored_as_nobody_but_the_key_can_read_it(app: App, tmp_path: Path) -> None:
    public = key_pair(tmp_path / "keys").public
    done = app.pushed("1.0.0", "--channel", "production", "--encrypt", tmp_path / "keys/.capgo_key_v2")
    bundle = app.get("/bundles/1.0.0")
    assert (done["sealed"], bundle["key_id"]) == (True, public.id)
    opening = session.recover(bundle["session_key"], public)
    archive = b"".join(opening.open([app.stored(bundle["zip"])]))
    assert checksum.recover(bundle["checksum"], public) == hashlib.sha256(archive).hexdigest()
    entry = next(e for e in bundle["manifest"] if e["name"] == "assets/main.js.br")
    plain = brotli.decompress(b"".join(opening.open([app.stored(entry["object"])])))
    assert (plain.decode(), checksum.recover(entry["hash"], public)) == (LONG, hashlib.sha256(plain).hexdigest())


def test_another_key_than_the_channels_is_warned_of(app: App, tmp_path: Path) -> None:
    for name in ("one", "two"):
        key_pair(tmp_path / name)
    app.pushed("1.0.0", "--channel", "production", "--encrypt", tmp_path / "one/.capgo_key_v2")
    same = app.push("1.0.1", "--channel", "production", "--encrypt", tmp_path / "one/.capgo_key_v2")
    other = app.push("1.0.2", "--channel", "production", "--encrypt", tmp_path / "two/.capgo_key_v2", "--dry-run")
    none = app.push("1.0.2", "--channel", "production", "--dry-run")
    assert ["Caution:" in done.stderr for done in (same, other, none)] == [False, True, True]


def test_an_archive_is_published_as_it_is(app: App, tmp_path: Path) -> None:
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.write(app.dist / "index.html", "index.html")
    app.dist = path
    app.pushed("1.0.0", "--channel", "production")
    bundle = app.get("/bundles/1.0.0")
    assert app.stored(bundle["zip"]) == path.read_bytes()
    assert [e["name"] for e in bundle["manifest"]] == ["index.html"]


@pytest.mark.parametrize("with_public_key", [True, False])
def test_a_sealed_archive_is_published_as_it_is(app: App, tmp_path: Path, with_public_key: bool) -> None:
    key = key_pair(tmp_path / "keys")
    plain = tmp_path / "plain.zip"
    with zipfile.ZipFile(plain, "w") as zipped:
        zipped.write(app.dist / "index.html", "index.html")
    drawn = session.draw()
    path = tmp_path / "plain.zip_encrypted.zip"
    path.write_bytes(b"".join(drawn.seal([plain.read_bytes()])))
    spelled = checksum.seal(hashlib.sha256(plain.read_bytes()).hexdigest(), key)
    app.dist = path
    looking = ["--public-key", tmp_path / "keys/.capgo_key_v2.pub"] if with_public_key else []
    app.pushed("1.0.0", "--checksum", spelled, "--iv-session-key", drawn.spelled(key), *looking)
    bundle = app.get("/bundles/1.0.0")
    assert (bundle["checksum"], bundle["session_key"]) == (spelled, drawn.spelled(key))
    assert bundle["key_id"] == (key.public.id if with_public_key else "")
    assert app.stored(bundle["zip"]) == path.read_bytes()


def test_a_rehearsal_says_what_would_be_and_sends_nothing(app: App) -> None:
    app.pushed("1.0.0", "--channel", "production")
    (app.dist / "assets/logo.svg").write_text("<svg>new</svg>")
    before = app.get("/bundles/1.0.0")["manifest"]
    said = app.pushed("1.0.1", "--channel", "production", "--dry-run")
    assert (said["published"], app.versions, app.lives()) == (False, ["1.0.0"], "1.0.0")
    assert said["objects_sent"] == 2
    assert [(d["from"], d["files"], d["bytes"]) for d in said["downloads"]] == [
        ("nothing", 3, sum(e["size"] for e in before) + 8),
        ("1.0.0", 1, 14),
    ]
    assert (said["reach"]["ends_rollout"], said["reach"]["public"]) == (None, True)
    assert app.pushed("1.0.1", "--channel", "production")["bytes_sent"] == said["bytes_sent"]


def test_a_rehearsal_names_the_audience(app: App) -> None:
    path = f"/api/v1/apps/{app.id}/channels/production"
    owner = {"authorization": "Bearer owner"}
    assert app.server.http.patch(path, json={"audience_custom_ids": ["ada"]}, headers=owner).status_code == 200
    done = app.push("1.2.0", "--channel", "production", "--dry-run")
    assert "channel production: every device that follows no other, of id ada only, on ios" in done.stdout


@pytest.fixture
def rolling(app: App) -> App:
    """The app with 1.0.0 on its channel, and a rollout of 1.1.0 under way."""
    app.pushed("1.0.0", "--channel", "production")
    app.pushed("1.1.0")
    path = f"/api/v1/apps/{app.id}/channels/production/rollout"
    body = {"version": "1.1.0", "share_percent": 20}
    started = app.server.http.post(path, json=body, headers={"authorization": "Bearer owner"})
    assert started.status_code == 201, started.text
    (app.dist / "assets/new.js").write_text(f"// of {app.id}")
    return app


def under_way(app: App) -> str | None:
    """Return the version that is being rolled out."""
    found = app.get("/channels/production/rollout")["rollout"]
    return found["version"] if found else None


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_channel_under_a_rollout_is_refused_before_anything_is_sent(rolling: App, dry: list[str]) -> None:
    said = rolling.refused("1.2.0", "--channel", "production", *dry, code="ROLLOUT_UNDER_WAY")
    assert "1.1.0" in said
    assert (rolling.versions, rolling.lives(), under_way(rolling)) == (["1.1.0", "1.0.0"], "1.0.0", "1.1.0")
    unsent = rolling.pushed("1.2.0", "--dry-run")["objects_sent"]
    assert unsent == 2  # the new file and the archive


def test_the_hint_names_the_commands_that_end_the_rollout(rolling: App) -> None:
    said = rolling.push("1.2.0", "--channel", "production").stderr
    assert f"`ecrin rollout promote production --app {rolling.id}`" in said
    assert "--end-rollout" in said


def test_a_push_that_ends_the_rollout_says_so_and_does_both(rolling: App) -> None:
    rehearsed = rolling.push("1.2.0", "--channel", "production", "--end-rollout", "--dry-run")
    assert "Its rollout of 1.1.0 would end." in rehearsed.stdout
    assert (rolling.lives(), under_way(rolling)) == ("1.0.0", "1.1.0")
    done = rolling.push("1.2.0", "--channel", "production", "--end-rollout")
    assert "This ends the rollout of 1.1.0 on production." in done.stderr
    assert (done.returncode, rolling.lives(), under_way(rolling)) == (0, "1.2.0", None)


def test_to_no_channel_or_another_one_is_pushed_under_a_rollout(rolling: App) -> None:
    rolling.pushed("1.2.0")
    rolling.pushed("1.3.0", "--channel", "beta", "--create-channel")
    assert (rolling.lives(), under_way(rolling)) == ("1.0.0", "1.1.0")


def test_a_token_for_one_channel_publishes_there_and_nowhere_else(app: App) -> None:
    ci = token(app, f"demo-ecrin/{app.id}/production:upload")
    app.pushed("1.0.0", "--channel", "production", "--create-channel", **ci)
    assert app.lives() == "1.0.0"
    app.pushed("1.0.1", "--channel", "beta", "--create-channel")
    app.refused("1.0.2", "--channel", "beta", code="CHANNEL_NOT_FOUND", **ci)
    app.refused("1.0.2", "--channel", "beta", "--create-channel", code="PERMISSION_DENIED", **ci)
    assert "--channel production" in app.push("1.0.2", **ci).stderr
    assert app.versions == ["1.0.1", "1.0.0"]


def test_somebody_elses_app_and_none_are_refused_alike(app: App) -> None:
    ci = token(app, f"demo-ecrin/{app.id}:upload")
    other = App(app.server, "com.example.unknown", app.dist)
    said = other.refused("1.0.0", code="APP_NOT_FOUND", **token(app, "demo-ecrin:upload"))
    assert said == other.refused("1.0.0", code="APP_NOT_FOUND", **ci)


def test_a_reading_token_publishes_nothing(app: App) -> None:
    app.refused("1.0.0", code="PERMISSION_DENIED", **token(app, f"demo-ecrin/{app.id}:read"))
    assert app.versions == []


@pytest.mark.parametrize("version", ["1", "1.0", "v1.0.0", "1.0.0.0", "../1", "builtin"])
def test_a_version_that_is_none_is_refused_before_anything_is_asked(app: App, version: str) -> None:
    app.refused(version, code="INVALID_VERSION")


def test_a_folder_without_index_is_refused_with_what_to_name(app: App) -> None:
    (app.dist / "index.html").unlink()
    assert "index.html" in app.refused("1.0.0", code="INVALID_BUNDLE")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--checksum", "00"],
        ["--iv-session-key", "a:b"],
        ["--create-channel"],
        ["--end-rollout"],
        ["--public-key", "somewhere"],
        ["--brotli-quality", "12"],
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(app: App, arguments: list[str]) -> None:
    assert app.push("1.0.0", *arguments).returncode == 2


def test_a_key_that_is_none_is_refused_and_not_shown(app: App, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2")
    app.refused("1.0.0", "--encrypt", tmp_path / "key", code="INVALID_ARGUMENT")
    app.refused("1.0.0", "--encrypt", tmp_path / "nowhere", code="CONFIGURATION")
    assert "hunter2" not in app.push("1.0.0", "--encrypt", tmp_path / "key").stderr


def test_an_interrupted_push_is_invisible_and_goes_on_where_it_was(app: App) -> None:
    for i in range(40):
        (app.dist / f"{i}.bin").write_bytes(os.urandom(20_000))
    sizes = app.pushed("1.0.0", "--dry-run", "--channel", "production")
    half = app.server.http.put(
        f"/api/v1/apps/{app.id}/objects/{hashlib.sha256((app.dist / '0.bin').read_bytes()).hexdigest()}",
        content=(app.dist / "0.bin").read_bytes(),
        headers={"authorization": "Bearer owner"},
    )
    assert half.is_success, half.text
    assert (app.versions, app.lives()) == ([], None)
    assert app.pushed("1.0.0", "--channel", "production")["objects_sent"] == sizes["objects_sent"] - 1


def test_two_pushes_of_one_version_publish_one(app: App) -> None:
    results: list[subprocess.CompletedProcess[str]] = []

    def push(comment: str) -> None:
        results.append(app.push("1.0.0", "--channel", "production", "--comment", comment, "--version-exists-ok"))

    threads = [threading.Thread(target=push, args=(c,)) for c in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [done.returncode for done in results] == [0, 0], results
    assert app.versions == ["1.0.0"]


def test_nothing_is_left_in_the_temporary_folder(app: App, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    app.pushed("1.0.0", TMPDIR=str(temporary))
    (app.dist / "index.html").unlink()
    app.refused("1.0.1", code="INVALID_BUNDLE", TMPDIR=str(temporary))
    assert list(temporary.iterdir()) == []


def test_a_server_that_is_away_for_a_moment_is_asked_again(app: App, tmp_path: Path) -> None:
    shutil.copytree(app.dist, tmp_path / "big")
    for i in range(30):
        (tmp_path / "big" / f"{i}.bin").write_bytes(os.urandom(300_000))
    app.dist = tmp_path / "big"
    with flaky(app.server.url) as (url, failures):
        ci = token(app, f"demo-ecrin/{app.id}:upload") | {"ECRIN_URL": url}
        app.pushed("1.0.0", "--channel", "production", **ci)
    assert failures() > 0
    assert app.lives() == "1.0.0"
