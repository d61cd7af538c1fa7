from collections.abc import Callable

import pytest

from ecrin.errors import InvalidRequest
from ecrin.ops.mail.model import Letter

MakeLetter = Callable[..., Letter]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@@example.org",
        "ann@example.org,bob@example.org",
        "ann@example.org bob@example.org",
        "Ann <ann@example.org>",
        '"ann"@example.org',
        "ann@example.org\r\nBcc: bob@example.org",
        "ann@example.org\n",
        "ann\x00@example.org",
        "ann@example.org\u2028",
        "ann\u202e@example.org",
        "ann@example.org\ud800",
        "a" * 250 + "@b.org",
    ],
)
def test_a26_an_address_that_is_not_one_plain_address_makes_no_letter(letter: MakeLetter, address: str) -> None:
    for changes in ({"recipient": address}, {"values": {"email": address}}, {"values": {"new_email": address}}):
        with pytest.raises(InvalidRequest):
            letter(**changes)


@pytest.mark.parametrize(
    "address", ["ann@example.org", "ann+tag@example.org", "o'neil@example.org", "jürgen@exämple.org"]
)
def test_a_plain_address_makes_a_letter(letter: MakeLetter, address: str) -> None:
    assert letter(recipient=address).recipient == address


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert(1)",
        "//example.org/",
        "https://",
        "https:example",
        "https://example.org/a b",
        "https://example.org/\r\nX: y",
    ],
)
def test_a_link_that_is_not_http_makes_no_letter(letter: MakeLetter, link: str) -> None:
    with pytest.raises(InvalidRequest):
        letter(values={"link": link})


def test_an_unknown_template_makes_no_letter(letter: MakeLetter) -> None:
    with pytest.raises(InvalidRequest):
        letter(template="../../etc/passwd")


def test_the_repr_shows_neither_code_nor_address(letter: MakeLetter) -> None:
    shown = repr(letter())
    assert "s3cret-c0de" not in shown
    assert "ann@example.org" not in shown


def test_a_letter_comes_back_from_its_bytes(letter: MakeLetter) -> None:
    before = letter(values={"project_name": "Écrin \ud800", "new_email": "bob@example.org"})
    assert Letter.from_bytes("notes", before.to_bytes()) == before


def test_a24_the_bytes_do_not_tell_whether_the_letter_is_delivered(letter: MakeLetter) -> None:
    assert letter(deliver=True).to_bytes() == letter(deliver=False).to_bytes()
