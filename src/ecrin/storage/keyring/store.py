"""The SQL of keys; the private half is sealed under the master key, for its own row only."""

from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.crypto.keyset import Key
from ecrin.storage.sql.port import Row, Tx


class KeyStore:
    """Reads and writes keys under one master key."""

    def __init__(self, master: Envelope) -> None:
        self._master = master

    async def load(self, tx: Tx) -> list[Key]:
        """Return every key; raises `DecryptionFailed` if the master key is not the one they were sealed with."""
        return [self._key(row) for row in await tx.all("SELECT * FROM keys ORDER BY active_from, id")]

    async def save(self, tx: Tx, key: Key) -> None:
        """Insert a key, or write the times of one that is there."""
        await tx.run(
            "INSERT INTO keys (id, purpose, sealed, public, certificate, created_at, active_from, verify_until)"
            " VALUES (:id, :purpose, :sealed, :public, :certificate, :created_at, :active_from, :verify_until)"
            " ON CONFLICT (id) DO UPDATE SET active_from = :active_from, verify_until = :verify_until",
            id=key.id,
            purpose=key.purpose,
            sealed=self._master.seal(key.material.reveal(), table="keys", row=key.id, column="sealed"),
            public=key.public,
            certificate=key.certificate,
            created_at=key.created_at,
            active_from=key.active_from,
            verify_until=key.verify_until,
        )

    async def erase(self, tx: Tx, key_id: str) -> None:
        """Remove a key for good."""
        await tx.run("DELETE FROM keys WHERE id = :id", id=key_id)

    def _key(self, row: Row) -> Key:
        material = self._master.unseal(row["sealed"], table="keys", row=row["id"], column="sealed")
        return Key(
            row["id"],
            row["purpose"],
            Secret(material),
            row["public"],
            row["certificate"],
            row["created_at"],
            row["active_from"],
            row["verify_until"],
        )
