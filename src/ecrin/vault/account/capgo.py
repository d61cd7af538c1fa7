"""What `@capgo/capacitor-persistent-account` wrote. Pure.

The plugin takes `{data: …}` and gives `{data: …}` back. Its native sides keep what is inside; its web side keeps the
wrapper too, and so gives `{data: {data: …}}` back. All three are read here: at most two wrappers are taken off. Data of
an app's own that has `data` as its only member looks like a wrapper: save such an account by `save`.
"""

from ecrin.base.encoding import strict_json
from ecrin.errors import InvalidRequest
from ecrin.vault.account.errors import InvalidAccount
from ecrin.vault.model import Json

WRAPPERS = 2
_AS_TEXT = "Hand over the JSON as text, as the plugin kept it."


def unwrap(found: Json) -> Json:
    """Return the account inside what the plugin keeps or gives back; None where it has none."""
    for _ in range(WRAPPERS):
        if not isinstance(found, dict) or found.keys() != {"data"}:
            break
        found = found["data"]
    return found


def account_of(text: str) -> Json:
    """Return the account in the plugin's JSON; raises `InvalidAccount` if it is no JSON or has none."""
    try:
        found = unwrap(strict_json(text.encode() if isinstance(text, str) else b""))
    except (InvalidRequest, UnicodeEncodeError):
        raise InvalidAccount("This is no JSON of the plugin's.", hint=_AS_TEXT) from None
    if found is None:
        raise InvalidAccount("There is no account in this.")
    return found
