"""The SQL of out-of-band codes."""

from ecrin.auth.outofband.model import Code, Purpose
from ecrin.base.clock import Instant
from ecrin.base.secret import Secret
from ecrin.crypto.envelope import Envelope
from ecrin.storage.sql.port import Row, Tx


async def insert(tx: Tx, code: Code, columns: Envelope) -> None:
    """Write a new code; its readable copy, where there is one, is sealed."""
    sealed = None
    if code.readable is not None:
        sealed = columns.seal(code.readable.reveal().encode(), table="oob_codes", row=code.hash.hex(), column="sealed")
    await tx.run(
        "INSERT INTO oob_codes (hash, project_id, account_id, purpose, email, new_email, continue_url, sealed,"
        " created_at, expires_at) VALUES (:hash, :project_id, :account_id, :purpose, :email, :new_email,"
        " :continue_url, :sealed, :created_at, :expires_at)",
        hash=code.hash,
        project_id=code.project_id,
        account_id=code.account_id,
        purpose=code.purpose,
        email=code.email,
        new_email=code.new_email,
        continue_url=code.continue_url,
        sealed=sealed,
        created_at=code.created_at,
        expires_at=code.expires_at,
    )


async def by_hash(tx: Tx, code_hash: bytes) -> Code | None:
    """Return the code that is stored under a hash."""
    row = await tx.one("SELECT * FROM oob_codes WHERE hash = :hash", hash=code_hash)
    return _code(row, None) if row else None


async def use(tx: Tx, code: Code, now: Instant) -> bool:
    """Use a code up, in one conditional write; return whether it was still unused."""
    sql = "UPDATE oob_codes SET used_at = :now WHERE hash = :hash AND used_at IS NULL"
    return await tx.run(sql, hash=code.hash, now=now) == 1


async def void(tx: Tx, project_id: str, account_id: str, purpose: Purpose, now: Instant) -> None:
    """Use up every code of an account for a purpose."""
    await tx.run(
        "UPDATE oob_codes SET used_at = :now WHERE project_id = :project_id AND account_id = :account_id"
        " AND purpose = :purpose AND used_at IS NULL",
        project_id=project_id,
        account_id=account_id,
        purpose=purpose,
        now=now,
    )


async def readable(tx: Tx, project_id: str, columns: Envelope, now: Instant) -> list[Code]:
    """Return the codes of a project that are still good and have a readable copy, the oldest first."""
    rows = await tx.all(
        "SELECT * FROM oob_codes WHERE project_id = :project_id AND used_at IS NULL AND expires_at > :now"
        " AND sealed IS NOT NULL ORDER BY created_at",
        project_id=project_id,
        now=now,
    )
    return [_code(row, columns) for row in rows]


async def purge(tx: Tx, before: Instant, limit: int) -> int:
    """Remove codes that ran out before an instant; return how many."""
    return await tx.run(
        "DELETE FROM oob_codes WHERE hash IN (SELECT hash FROM oob_codes WHERE expires_at < :before LIMIT :limit)",
        before=before,
        limit=limit,
    )


def _code(row: Row, columns: Envelope | None) -> Code:
    text = None
    if columns is not None:
        opened = columns.unseal(row["sealed"], table="oob_codes", row=row["hash"].hex(), column="sealed")
        text = Secret(opened.decode())
    return Code(
        row["hash"],
        row["project_id"],
        row["account_id"],
        Purpose(row["purpose"]),
        row["email"],
        row["new_email"],
        row["continue_url"],
        row["created_at"],
        row["expires_at"],
        row["used_at"],
        text,
    )
