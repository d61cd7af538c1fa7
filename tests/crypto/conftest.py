"""Vectors from the repository, the keys they hold, and a meter that counts work instead of time."""

import base64
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ecrin.crypto.jose import rsa
from ecrin.crypto.jose.sign import Rs256Signer
from ecrin.crypto.jose.verify import Rs256Verifier

VECTORS = Path(__file__).parents[2] / "vectors"

# What parses or decodes a token, or asks the network; none of it may run for input that is refused by its size.
PARSERS = frozenset(("b64decode", "a2b_base64", "strict_json", "loads", "raw_decode", "scan_once", "scanner"))
NETWORK = frozenset(("getaddrinfo", "connect", "socket", "create_connection", "urlopen"))


@dataclass(frozen=True)
class Work:
    """What an action did: how often it entered each Python and C function, and its memory peak in bytes."""

    calls: Counter[str]
    peak: int


def measure(action: Callable[[], object]) -> Work:
    calls: Counter[str] = Counter()

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            calls[frame.f_code.co_name] += 1
        elif event == "c_call":
            calls[argument.__name__] += 1

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    return Work(calls, peak)


@pytest.fixture(scope="session")
def work() -> Callable[[Callable[[], object]], Work]:
    return measure


@pytest.fixture(scope="session")
def parsers() -> frozenset[str]:
    return PARSERS


@pytest.fixture(scope="session")
def network() -> frozenset[str]:
    return NETWORK


@dataclass(frozen=True)
class TestKey:
    """The RSA key of vectors/jose.json."""

    __test__ = False
    kid: str
    private: bytes
    public: bytes


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], dict[str, Any]]:
    def load(name: str) -> dict[str, Any]:
        return dict(json.loads((VECTORS / f"{name}.json").read_text()))

    return load


@pytest.fixture(scope="session")
def rsa_key(vectors: Callable[[str], dict[str, Any]]) -> TestKey:
    jose = vectors("jose")
    private, public = (base64.b64decode(jose[name]) for name in ("private_pkcs8_der", "public_spki_der"))
    return TestKey(jose["kid"], private, public)


@pytest.fixture(scope="session")
def signer(rsa_key: TestKey) -> Rs256Signer:
    return Rs256Signer(rsa_key.kid, rsa_key.private)


@pytest.fixture(scope="session")
def verifier(rsa_key: TestKey) -> Rs256Verifier:
    return Rs256Verifier({rsa_key.kid: rsa_key.public})


@pytest.fixture(scope="session")
def other_verifier(rsa_key: TestKey) -> Rs256Verifier:
    """Another key under the id of the first."""
    return Rs256Verifier({rsa_key.kid: rsa.generate()[1]})
