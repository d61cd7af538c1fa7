"""Settings: which source wins, what is refused, and that secrets do not show."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.secret import Secret
from ecrin.errors import ConfigurationError
from ecrin.settings import ENVIRONMENT, Settings, load

# Every setting with three values that tell its sources apart: as a flag, as a variable, as ecrin.toml has it.
SOURCES: dict[str, tuple[Any, str, str, Any]] = {
    "data": (Path("flag"), "variable", '"file"', Path),
    "host": ("127.0.0.1", "127.0.0.2", '"127.0.0.3"', str),
    "port": (1, "2", "3", int),
    "database_url": ("sqlite:///flag", "sqlite:///variable", '"sqlite:///file"', Secret),
    "public_url": ("https://flag", "https://variable", '"https://file"', str),
    "trusted_proxies": ("10.0.0.1/32", "10.0.0.2/32", '["10.0.0.3/32"]', lambda text: (text,)),
    "master_key_file": (Path("flag"), "variable", '"file"', Path),
    "smtp_url": ("smtp://flag", "smtp://variable", '"smtp://file"', Secret),
    "mail_from": ("a@flag", "a@variable", '"a@file"', str),
    "log": ("debug", "error", '"warning"', str),
}
NEEDED = {"ECRIN_MAIL_FROM": "a@example.org"}


def plain(toml: str) -> str:
    return toml.strip('[]"')


@pytest.mark.parametrize("name", SOURCES)
def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(tmp_path: Path, name: str) -> None:
    flag, variable, toml, typed = SOURCES[name]
    config = tmp_path / "ecrin.toml"
    config.write_text(f"{name} = {toml}\n")
    environment = {**NEEDED, f"ECRIN_{name.upper()}": variable}
    others = {key: value for key, value in NEEDED.items() if key != f"ECRIN_{name.upper()}"}

    assert getattr(load({name: flag}, environment, config), name) == typed(flag)
    assert getattr(load({name: None}, environment, config), name) == typed(variable)
    assert getattr(load({}, {**others, f"ECRIN_{name.upper()}": ""}, config), name) == typed(plain(toml))
    assert getattr(load({}, {}, None), name) == getattr(Settings(), name)


@given(st.permutations(sorted(SOURCES)), st.integers(0, len(SOURCES)), st.integers(0, len(SOURCES)))
def test_settings_of_different_sources_do_not_disturb_each_other(names: list[str], first: int, second: int) -> None:
    flags = {name: SOURCES[name][0] for name in names[:first]}
    environment = {f"ECRIN_{name.upper()}": SOURCES[name][1] for name in names[:second]}
    settings = load(flags, {**NEEDED, **environment}, None)
    for name in names:
        flag, variable, _, typed = SOURCES[name]
        if name in flags:
            assert getattr(settings, name) == typed(flag)
        elif f"ECRIN_{name.upper()}" in environment:
            assert getattr(settings, name) == typed(variable)
        elif f"ECRIN_{name.upper()}" not in NEEDED:
            assert getattr(settings, name) == getattr(Settings(), name)


def test_every_variable_of_the_design_is_known_and_sets_what_it_says() -> None:
    documented = "DATA HOST PORT DATABASE_URL PUBLIC_URL TRUSTED_PROXIES TLS_CERT TLS_KEY MASTER_KEY_FILE SMTP_URL"
    names = {f"ECRIN_{name}" for name in f"{documented} MAIL_FROM LOG".split()}
    assert names <= ENVIRONMENT.keys()
    assert ENVIRONMENT.keys() - names == {"ECRIN_STATS_DAYS", "ECRIN_WORKERS"}


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("ECRIN_DATBASE_URL", "Did you mean ECRIN_DATABASE_URL?"),
        ("ECRIN_PUBLIC_URI", "Did you mean ECRIN_PUBLIC_URL?"),
        ("ECRIN_PROJECT", "Known are: ECRIN_CI, ECRIN_DATA,"),
        ("ECRIN_UNSIGNED_TOKENS", "Known are:"),
        ("ECRIN_REDIS_URL", "Take it out."),
        ("ECRIN_OBJECTS_URL", "Take it out."),
    ],
)
def test_a_variable_that_means_nothing_is_refused_unless_it_is_empty(variable: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=variable) as refusal:
        load({}, {variable: "hunter2"}, None)
    assert hint in refusal.value.advice
    assert "hunter2" not in f"{refusal.value} {refusal.value.advice}"
    assert load({}, {variable: ""}, None) == Settings()


@pytest.mark.parametrize("variable", ["ECRIN_URL", "ECRIN_TOKEN", "ECRIN_CI", "ECRIN_TEST_POSTGRES_URL", "PATH"])
def test_a_variable_of_somebody_else_is_let_be(variable: str) -> None:
    assert load({}, {variable: "something"}, None) == Settings()


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("prot = 9099", "prot in .*ecrin.toml is not a setting"),
        ("mode = 'dev'", "mode in"),
        ("redis_url = 'redis://x'", "does not use Redis"),
        ("port = true", "port in .*ecrin.toml must be a whole number"),
        ("port = 1.5", "must be a whole number"),
        ("port = '12a'", "must be a whole number"),
        ("port = 65536", "0 to 65535"),
        ("host = 5", "host in .*ecrin.toml must be text"),
        ("trusted_proxies = 5", "must be a list"),
        ("trusted_proxies = ['10.0.0.0/99']", "trusted_proxies in"),
        ("trusted_proxies = [5]", "must be text"),
        ("data = 5", "must be text"),
        ("[serve]\nport = 1", "serve in"),
        ("port =", "cannot be read"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(tmp_path: Path, toml: str, said: str) -> None:
    config = tmp_path / "ecrin.toml"
    config.write_text(toml)
    with pytest.raises(ConfigurationError, match=said):
        load({}, {}, config)


@pytest.mark.parametrize("workers", [0, 2, 64, -1])
def test_any_number_of_workers_but_one_is_refused(workers: int) -> None:
    with pytest.raises(ConfigurationError, match="one worker"):
        load({"workers": workers}, {}, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "", "127.0.0.1.example.org"])
def test_away_from_loopback_serve_needs_a_public_url_and_dev_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="ECRIN_PUBLIC_URL"):
        load({"host": host}, {}, None)
    with pytest.raises(ConfigurationError, match="loopback only"):
        load({"host": host, "mode": "dev"}, {"ECRIN_PUBLIC_URL": "https://auth.example.org"}, None)
    assert load({"host": host}, {"ECRIN_PUBLIC_URL": "https://auth.example.org/"}, None).host == host


@pytest.mark.parametrize(
    "host",
    ["a" * 64, f"{'a' * 64}.example.org", "é" * 64, "auth..example.org", ".", "a\0b", "\udc80", "::1" + "0" * 70],
)
@pytest.mark.parametrize("mode", ["serve", "dev"])
def test_a_host_that_can_have_no_address_is_refused_before_anything_is_opened(host: str, mode: str) -> None:
    public = {"ECRIN_PUBLIC_URL": "https://auth.example.org"}
    with pytest.raises(ConfigurationError, match="not the name of a host") as refusal:
        load({"host": host, "mode": mode}, public, None)
    assert host not in str(refusal.value).split()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "fe80::1%eth0", "exämple.org", "a" * 63 + ".example.org"])
def test_a_host_that_may_have_an_address_is_tried(host: str) -> None:
    assert load({"host": host}, {"ECRIN_PUBLIC_URL": "https://auth.example.org"}, None).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_in_every_spelling_needs_no_public_url(host: str) -> None:
    assert load({"host": host, "mode": "dev"}, {}, None).host == host


@pytest.mark.parametrize(
    "url",
    [
        "auth.example.org",
        "ftp://auth.example.org",
        "https://",
        "https://auth.example.org/path",
        "https://auth.example.org?x=1",
        "https://auth.example.org#x",
        "https://user:hunter2@auth.example.org",
        "https://auth.example.org:port",
        "https://auth.example.org:99999",
        "https://[::1",
    ],
)
def test_a_public_url_is_an_origin_and_nothing_else(url: str) -> None:
    with pytest.raises(ConfigurationError, match="ECRIN_PUBLIC_URL must be") as refusal:
        load({}, {"ECRIN_PUBLIC_URL": url}, None)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("given_alone", ["ECRIN_TLS_CERT", "ECRIN_TLS_KEY"])
def test_certificate_and_key_belong_together(given_alone: str) -> None:
    with pytest.raises(ConfigurationError, match="belong together"):
        load({}, {given_alone: "file.pem"}, None)


@given(st.text(min_size=8).map(lambda text: f"hunter2{text}"))
def test_secrets_never_show(secret: str) -> None:
    settings = load({}, {**NEEDED, "ECRIN_DATABASE_URL": secret, "ECRIN_SMTP_URL": secret}, None)
    assert secret not in f"{settings!r} {settings} {settings.database_url} {settings.smtp_url!r}"
    assert "hunter2" not in repr(settings)
    assert settings.database_url is not None
    assert settings.database_url.reveal() == secret


def test_the_two_modes_never_share_a_database_or_a_key() -> None:
    serve, dev = Settings(mode="serve"), Settings(mode="dev")
    assert {serve.database_file, serve.master_key}.isdisjoint({dev.database_file, dev.master_key})
    assert dev.project == "demo-ecrin"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, []),
        ({"ECRIN_PUBLIC_URL": "http://127.0.0.1:9099", "ECRIN_TRUSTED_PROXIES": "127.0.0.1"}, []),
        ({"ECRIN_PUBLIC_URL": "https://auth.example.org", "ECRIN_TRUSTED_PROXIES": "127.0.0.1"}, []),
        ({"ECRIN_PUBLIC_URL": "http://auth.example.org", "ECRIN_TRUSTED_PROXIES": "127.0.0.1"}, ["plain http"]),
        ({"ECRIN_PUBLIC_URL": "https://auth.example.org"}, ["names no proxy"]),
        ({"ECRIN_PUBLIC_URL": "https://auth.example.org", "ECRIN_HOST": "0.0.0.0"}, []),
    ],
)
def test_what_is_allowed_and_weak_is_said(environment: dict[str, str], said: list[str]) -> None:
    cautions = load({}, environment, None).cautions
    assert len(cautions) == len(said)
    assert all(words in caution for words, caution in zip(said, cautions, strict=True))
