"""What people read in mails and on hosted pages, in French and in English.

One JSON file a language beside this module: stable keys to sentences with `{named}` places. The languages have the same
keys and the same places; a test holds them to it. Sentences are plain text: who shows them as HTML escapes them.
"""

import json
import re
from functools import cache
from importlib import resources
from typing import Literal, cast

Locale = Literal["fr", "en"]

LOCALES: tuple[Locale, ...] = ("en", "fr")
DEFAULT: Locale = "en"
MAX_PREFERENCES = 1000  # characters of an Accept-Language header that are looked at
_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:[-_][A-Za-z0-9]{1,8})*\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


def text(key: str, locale: str, **values: str) -> str:
    """Return the sentence of a key in the language that `locale` names best, with its places filled in.

    Raises `KeyError` for a key or a place without a value: both are mistakes of the caller.
    """
    return catalogue(choose(locale))[key].format_map(values)


def known(key: str) -> bool:
    """Return whether there is a sentence under this key."""
    return key in catalogue(DEFAULT)


def choose(preferences: str) -> Locale:
    """Return the language that a locale (`fr-CA`, `fr_CA`) or an Accept-Language header (RFC 9110 §12.5.4) asks for.

    The greatest weight wins, the first of equal ones; what cannot be read is passed over; the default is English.
    """
    best, best_weight = DEFAULT, 0.0
    for part in preferences[:MAX_PREFERENCES].split(","):
        found = _RANGE.fullmatch(part)
        if found is None or found[1].lower() not in LOCALES:
            continue
        weight = float(found[2] or 1)
        if weight > best_weight:
            best, best_weight = cast("Locale", found[1].lower()), weight
    return best


@cache
def catalogue(locale: Locale) -> dict[str, str]:
    """Return every sentence of a language by its key."""
    source = resources.files(__name__).joinpath(f"{locale}.json").read_text(encoding="utf-8")
    return cast("dict[str, str]", json.loads(source))
