"""Rotation of signing keys: publish first, sign later, retire last.

A new key is published for `publish_for` before it signs, so that no verifier's cached key document misses it; the old
one stays published for `verify_for` after its last signature, so that nothing it signed becomes invalid before its
time. `publish_for` 0 is the emergency. States: next -> active -> retiring -> retired. Times are milliseconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from ecrin.base.clock import Instant
from ecrin.base.secret import Secret
from ecrin.errors import KeyUnknown, Refused

State = Literal["next", "active", "retiring", "retired"]


class RotationPending(Refused):
    """A key that was published does not sign yet; another one would make the order of keys unclear."""

    code = "ROTATION_PENDING"
    status = 409
    sentence = "The next key of this set waits for its turn already."
    hint = "Wait until it signs (`ecrin key list` shows when), then rotate again."


@dataclass(frozen=True, slots=True)
class Key:
    """One key and its times.

    `material` is the private key (PKCS8 DER) or the raw symmetric key, `public` the SPKI DER or empty, `certificate`
    a PEM or empty. It signs from `active_from` until a younger one does, and verifies before `verify_until`; None
    means that no successor is known yet.
    """

    id: str
    purpose: str
    material: Secret[bytes]
    public: bytes
    certificate: str
    created_at: Instant
    active_from: Instant
    verify_until: Instant | None

    def retired(self, now: Instant) -> bool:
        """Return whether nothing that this key signed is accepted any more."""
        return self.verify_until is not None and now >= self.verify_until


@dataclass(frozen=True, slots=True)
class Keyset:
    """The keys of one purpose, oldest first; raises `ValueError` for a foreign purpose or two keys of one id."""

    purpose: str
    keys: tuple[Key, ...] = field(default=())

    def __post_init__(self) -> None:
        if any(key.purpose != self.purpose for key in self.keys):
            raise ValueError("A key of another purpose is not part of this set.")
        if len({key.id for key in self.keys}) != len(self.keys):
            raise ValueError("Two keys of a set have the same id.")
        object.__setattr__(self, "keys", tuple(sorted(self.keys, key=lambda key: key.active_from)))

    def signer(self, now: Instant) -> Key:
        """Return the key that signs at `now`: the youngest whose time has come; raises `KeyUnknown` if none has."""
        begun = [key for key in self.keys if key.active_from <= now]
        if not begun:
            raise KeyUnknown("No key of this set signs yet.")
        return begun[-1]

    def published(self, now: Instant) -> tuple[Key, ...]:
        """Return the keys that verifiers must know at `now`: the next one included, the retired ones not."""
        return tuple(key for key in self.keys if not key.retired(now))

    def verifier(self, key_id: str, now: Instant) -> Key:
        """Return the published key of this id; raises `KeyUnknown` if there is none or it has retired."""
        for key in self.published(now):
            if key.id == key_id:
                return key
        raise KeyUnknown

    def state(self, key: Key, now: Instant) -> State:
        """Return where a key of this set stands at `now`."""
        if key.active_from > now:
            return "next"
        if key.retired(now):
            return "retired"
        return "active" if key.id == self.signer(now).id else "retiring"

    def updated(self, changes: Iterable[Key]) -> "Keyset":
        """Return the set with these keys added or put in the place of those with the same ids."""
        by_id = {key.id: key for key in (*self.keys, *changes)}
        return Keyset(self.purpose, tuple(by_id.values()))


def rotate(keyset: Keyset, new_key: Key, now: Instant, *, publish_for: int, verify_for: int) -> tuple[Key, ...]:
    """Return the keys to write: first the new one with its times, then the predecessors whose end is now known.

    `publish_for` and `verify_for` are milliseconds; `verify_for` must be at least the life of what the key signs. The
    first key of a set signs at once. No earlier key outlives the switch by more than `verify_for`, those that were
    retiring already included, so 0 cuts all of them off. Raises `RotationPending` while a next key waits and
    `ValueError` for a negative time or an id that is taken.
    """
    if publish_for < 0 or verify_for < 0:
        raise ValueError("Times of a rotation cannot be negative.")
    if any(key.id == new_key.id for key in keyset.keys):
        raise ValueError("The id of the new key is taken.")
    if not keyset.keys:
        return (replace(new_key, active_from=now, verify_until=None),)
    newest = keyset.keys[-1]
    if newest.active_from > now:
        raise RotationPending
    # One millisecond apart even if two emergencies share one: at every moment exactly one key signs.
    active_from = max(now + publish_for, newest.active_from + 1)
    changed = (
        _ended(key, active_from + verify_for) for key in keyset.keys if not key.retired(active_from + verify_for)
    )
    return (replace(new_key, active_from=active_from, verify_until=None), *changed)


def _ended(key: Key, verify_until: Instant) -> Key:
    return replace(key, verify_until=verify_until)
