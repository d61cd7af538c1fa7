"""Secrets do not show, and one that is sealed stays so until it is asked for."""

import pytest

from ecrin.base.secret import Secret


@pytest.mark.parametrize("secret", [Secret("hunter2"), Secret(b"hunter2"), Secret(lambda: "hunter2")])
def test_a_secret_does_not_show(secret: Secret[str]) -> None:
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"


def test_a_sealed_secret_is_opened_when_it_is_asked_for() -> None:
    opened: list[str] = []

    def open_it() -> str:
        opened.append("x")
        return "hunter2"

    secret = Secret(open_it)
    assert not opened
    assert (secret.reveal(), opened) == ("hunter2", ["x"])


def test_secrets_are_equal_by_what_they_hide() -> None:
    assert Secret(lambda: "a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
