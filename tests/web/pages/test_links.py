from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.web.pages.headers import origin_of
from ecrin.web.pages.links import web_link, with_parameters


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.org",
        "https://app.example.org/path?x=1#part",
        "http://localhost:3000/",
        "https://exämple.org/",
        "http://[::1]:8080/",
    ],
)
def test_an_address_of_the_web_is_one(url: str) -> None:
    assert web_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "/path",
        "//evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "https:evil.example",
        "https://",
        "https://:443/",
        "https://evil.example\\@app.example.org/",
        "https://evil.example\\.app.example.org/",
        "https://app.example.org@evil.example/",
        "https://app.example.org/\r\nSet-Cookie: a=b",
        "java\tscript:alert(1)",
        " https://app.example.org",
        "https://[::1",
        "https://app.example.org:port/",
    ],
)
def test_an_address_that_is_none_or_means_two_hosts_is_refused(url: str | None) -> None:
    assert web_link(url) == ""


NAMES = {"mode": "signIn", "oobCode": "c&d=é", "apiKey": "k", "lang": "fr"}


def test_parameters_are_added_behind_those_that_are_there() -> None:
    made = with_parameters("https://app.example.org/in?next=%2Fa%20b#top", NAMES)
    assert made == "https://app.example.org/in?next=%2Fa%20b&mode=signIn&oobCode=c%26d%3D%C3%A9&apiKey=k&lang=fr#top"


@pytest.mark.parametrize("own", ["oobCode=evil", "%6FobCode=evil", "oobCode", "oobCode=a&oobCode=b&mode=x"])
def test_parameters_of_the_same_names_are_replaced(own: str) -> None:
    made = with_parameters(f"https://app.example.org/?{own}&keep=1", NAMES)
    assert parse_qsl(urlsplit(made).query) == [("keep", "1"), *NAMES.items()]


@given(st.text(), st.text())
def test_the_result_is_printable_ascii_on_the_same_host(path: str, code: str) -> None:
    url = web_link(f"https://app.example.org/{path}")
    if url:
        made = with_parameters(url, {"oobCode": code.encode(errors="replace").decode()})
        assert made.isascii()
        assert made.isprintable()
        assert urlsplit(made).netloc == "app.example.org"


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Auth.Example.org", "https://auth.example.org"),
        ("https://auth.example.org:443/", "https://auth.example.org"),
        ("http://auth.example.org:80", "http://auth.example.org"),
        ("http://auth.example.org:443", "http://auth.example.org:443"),
        ("http://127.0.0.1:9099", "http://127.0.0.1:9099"),
        ("http://[::1]:9099", "http://[::1]:9099"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address: str, origin: str) -> None:
    assert origin_of(address) == origin
