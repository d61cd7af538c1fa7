"""Base64url as tokens use it (RFC 4648 §5, §10): one spelling for each value (attack A9)."""

import pytest

from ecrin.base.encoding import b64url, unb64url
from ecrin.errors import InvalidRequest


def test_base64url_matches_rfc_4648(vectors):
    for case in vectors("base64url")["cases"]:
        data = bytes.fromhex(case["bytes"])
        assert (b64url(data), unb64url(case["text"])) == (case["text"], data)


def test_a9_other_spellings_of_base64url_are_refused(vectors):
    for case in vectors("base64url")["refused"]:
        with pytest.raises(InvalidRequest):
            pytest.fail(f"{case['why']} was read as {unb64url(case['text'])!r}")
