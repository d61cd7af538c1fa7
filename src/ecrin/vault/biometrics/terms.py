"""What is kept behind the gate, and on which terms it is given out: as names and lines of sealed files. Pure."""

from dataclasses import dataclass

from ecrin.base.encoding import canonical_json, strict_json
from ecrin.errors import InvalidRequest
from ecrin.vault.biometrics.model import AccessControl
from ecrin.vault.sealed.format import damaged


@dataclass(frozen=True, slots=True)
class Item:
    """What is kept: `kind` is "credentials" or "data"."""

    kind: str
    name: str

    def named(self) -> bytes:
        """Return the name of the item among the sealed files."""
        return canonical_json([self.kind, self.name])


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms an item is given out; `validity_ms` is for how long one check counts, 0 for one read."""

    access: AccessControl
    enrolled: str = ""  # the mark, hexadecimal
    validity_ms: int = 0

    def line(self) -> bytes:
        """Return the terms as the line of a sealed file."""
        return canonical_json([self.access.value, self.enrolled, self.validity_ms])

    @classmethod
    def of(cls, line: bytes) -> "Terms":
        """Return the terms of such a line; raises `VaultDamaged` if they are none. Nobody vouches for them yet."""
        try:
            access, enrolled, validity_ms = strict_json(line)
            return cls(AccessControl(access), str(enrolled), int(validity_ms))
        except (InvalidRequest, ValueError, TypeError):
            raise damaged() from None
