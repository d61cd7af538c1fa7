"""The unmodified npm `@capgo/electron-updater` 0.0.6 in plain Node against `ecrin serve` (protocol sheet §11.1)."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from server_process import ecrin

pytestmark = pytest.mark.xdist_group("electron")

ONE = {"index.html": "<h1>one</h1>", "assets/app.js": "one()"}
TWO = {"index.html": "<h1>two</h1>", "assets/app.js": "two()", "assets/new.css": "h1{}"}
UP_TO_DATE = "no_new_version_available"


def updated(app: Any) -> None:
    """Check, download, and run what was downloaded, as an app that asks for direct updates does."""
    app.get("checkForUpdates")
    app.get("notifyAppReady")


def test_a_new_app_has_nothing_to_install(launch):
    with launch() as app:
        assert app.get("getLatest")["kind"] != "", app.log()


def test_an_update_is_checked_downloaded_verified_unzipped_and_shown(launch, publisher):
    publisher.publish("1.1.0", ONE)
    with launch(directUpdate=True) as app:
        app.get("checkForUpdates")
        assert app.events() == ["updateAvailable", "downloadComplete", "appReloaded"], app.log()
        assert app.get("page") == ONE


def test_the_checksum_is_that_of_the_bytes_it_downloads(launch, publisher):
    made = publisher.publish("1.1.0", ONE)
    with launch() as app:
        latest = app.get("getLatest")
        bundle = app.get("download", {key: latest[key] for key in ("url", "version", "checksum")})
        assert (bundle["status"], bundle["checksum"]) == ("success", made)


def test_a_download_that_differs_from_the_checksum_is_refused_by_the_client(launch, publisher):
    publisher.publish("1.1.0", ONE)
    with launch() as app:
        latest = app.get("getLatest")
        wrong = {"url": latest["url"], "version": "1.1.0", "checksum": hashlib.sha256(b"other").hexdigest()}
        assert app.say("download", wrong) == {"error": "Checksum verification failed"}


def test_the_next_check_says_that_it_is_up_to_date(launch, publisher):
    publisher.publish("1.1.0", ONE)
    with launch(directUpdate=True) as app:
        updated(app)
        app.events()
        app.get("checkForUpdates")
        assert (app.events(), app.get("getLatest")["error"]) == (["noNeedUpdate"], UP_TO_DATE)


def test_an_update_waits_for_the_next_launch_unless_it_is_direct(launch, publisher):
    publisher.publish("1.1.0", ONE)
    with launch() as app:
        app.get("checkForUpdates")
        assert app.running() == "1.0.0"
    with launch() as app:
        assert (app.running(), app.get("page")) == ("1.1.0", ONE)


def test_a_second_version_replaces_the_first(launch, publisher):
    publisher.publish("1.1.0", ONE)
    with launch(directUpdate=True) as app:
        updated(app)
        publisher.publish("1.2.0", TWO)
        updated(app)
        assert (app.running(), app.get("page")) == ("1.2.0", TWO)


def test_a_channel_moved_back_takes_the_device_back(launch, publisher):
    publisher.publish("1.1.0", ONE)
    publisher.publish("1.2.0", TWO)
    with launch(directUpdate=True) as app:
        updated(app)
        publisher.channel(version="1.1.0")
        updated(app)
        assert (app.running(), app.get("page")) == ("1.1.0", ONE)


def test_reset_goes_back_to_the_built_in_version_and_the_next_check_offers_the_update_again(launch, publisher):
    publisher.publish("1.1.0", ONE)
    with launch(directUpdate=True) as app:
        updated(app)
        app.get("reset")
        assert (app.running(), app.get("getLatest")["version"]) == ("1.0.0", "1.1.0")


def test_a_channel_at_builtin_offers_electron_no_download(launch, publisher):
    publisher.channel(version="builtin")
    with launch(directUpdate=True) as app:
        app.get("checkForUpdates")
        assert app.running() == "1.0.0"


def test_an_app_that_nobody_knows_is_refused_without_an_error_status(launch, publisher):
    with launch(appId="com.example.nobody") as app:
        assert app.get("getLatest")["error"] == "on_premise_app"


def test_a_higher_major_version_is_not_offered_by_default(launch, publisher):
    publisher.publish("2.0.0", ONE)
    with launch() as app:
        assert app.get("getLatest")["error"] == "disable_auto_update_to_major"


@pytest.fixture
def beta(publisher) -> str:
    """A channel that devices may choose, beside `production`; they have bundles of their own."""
    publisher.publish("1.1.0", ONE)
    publisher.publish("1.2.0", TWO, channel="beta")
    publisher.channel("beta", allow_device_self_set=True)
    return "beta"


def test_the_channels_that_a_device_may_choose_are_listed(launch, beta):
    with launch() as app:
        found = {entry["name"]: entry["allow_self_set"] for entry in app.get("listChannels")["channels"]}
        assert found == {"production": False, "beta": True}


def test_a_device_that_sets_its_channel_follows_it(launch, beta):
    with launch(directUpdate=True) as app:
        assert app.get("setChannel", {"channel": beta})["status"] == "ok"
        updated(app)
        assert app.running() == "1.2.0"


def test_a_device_that_unsets_its_channel_follows_the_public_one_again(launch, beta):
    with launch() as app:
        app.get("setChannel", {"channel": beta})
        app.get("unsetChannel", {})
        assert app.get("getLatest")["version"] == "1.1.0"


def test_the_channel_is_the_one_that_is_really_followed(launch, beta):
    with launch() as app:
        before = app.get("getChannel")["channel"]
        app.get("setChannel", {"channel": beta})
        assert (before, app.get("getChannel")["channel"]) == ("production", "beta")


def test_a_channel_that_devices_may_not_choose_is_refused_and_not_kept(launch, beta, publisher):
    publisher.channel(beta, allow_device_self_set=False)
    with launch() as app:
        refused = app.get("setChannel", {"channel": beta})
        assert (refused["error"], app.get("getLatest")["version"]) == ("channel_self_set_not_allowed", "1.1.0")


def test_an_unknown_channel_is_refused_and_not_kept(launch, beta):
    with launch() as app:
        refused = app.get("setChannel", {"channel": "nowhere"})
        assert (refused["error"], app.get("getLatest")["version"]) == ("channel_not_found", "1.1.0")


def test_a_bundle_that_was_sealed_is_opened_with_the_public_key_of_the_app(launch, publisher, strict_server, tmp_path):
    token = {"ECRIN_URL": strict_server.origin, "ECRIN_TOKEN": strict_server.admin_token}
    for name, text in ONE.items():
        (tmp_path / "dist" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dist" / name).write_text(text)
    assert ecrin("update-key", "create", "--out", "keys", cwd=tmp_path).returncode == 0
    order = ["--app", publisher.app_id, "--version", "1.1.0", "--channel", "production"]
    pushed = ecrin("push", "dist", *order, "--encrypt", "keys/.capgo_key_v2", cwd=tmp_path, **token)
    assert pushed.returncode == 0, pushed.stderr
    with launch(directUpdate=True, publicKey=(tmp_path / "keys" / ".capgo_key_v2.pub").read_text()) as app:
        updated(app)
        assert (app.running(), app.get("page")) == ("1.1.0", ONE), app.log()


Summary = Callable[[str], dict[str, Any]]


@pytest.fixture
def summary(publisher) -> Summary:
    """What the server counted for a version."""

    def found(version: str) -> dict[str, Any]:
        versions = publisher.stats("summary")["versions"]
        return next((entry for entry in versions if entry["version"] == version), {})

    return found


def test_an_installation_is_counted_once_although_each_launch_reports_it(launch, publisher, summary):
    publisher.publish("1.1.0", ONE)
    with launch(directUpdate=True) as app:
        updated(app)
        app.get("notifyAppReady")
    with launch() as app:
        app.get("notifyAppReady")
    assert (summary("1.1.0")["installs"], summary("1.1.0")["downloads"]) == (1, 1)


def test_a_failed_download_is_counted(launch, publisher, summary):
    publisher.publish("1.1.0", ONE)
    with launch() as app:
        latest = app.get("getLatest")
        app.say("download", {"url": f"{latest['url']}0", "version": "1.1.0"})
    assert summary("1.1.0")["failures"] == 1
