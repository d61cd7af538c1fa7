"""What is allowed and yet weak is said at the start."""

import pytest

from ecrin.settings import Settings

HTTPS = "https://auth.example.org"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, []),
        ({"public_url": HTTPS, "trusted_proxies": ("127.0.0.1",)}, []),
        ({"public_url": HTTPS}, ["ECRIN_TRUSTED_PROXIES"]),
        ({"public_url": "http://auth.example.org", "host": "192.0.2.1"}, ["ECRIN_PUBLIC_URL"]),
        ({"public_url": "http://localhost:8080", "trusted_proxies": ("127.0.0.1",)}, []),
    ],
)
def test_weak_settings_are_named(given: dict[str, object], named: list[str]) -> None:
    cautions = Settings(**given).cautions  # type: ignore[arg-type]

    assert [caution.split()[0] for caution in cautions] == named
