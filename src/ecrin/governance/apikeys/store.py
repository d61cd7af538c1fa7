"""The SQL of operator and CI tokens."""

import json

from ecrin.base.clock import Instant
from ecrin.governance.apikeys.model import Token, TokenKind
from ecrin.governance.callers import Scope
from ecrin.storage.sql.port import Row, Tx


async def insert(tx: Tx, token: Token, token_hash: bytes) -> None:
    """Write a new token."""
    await tx.run(
        "INSERT INTO credentials (id, kind, name, hash, scopes, created_by, created_at, expires_at, revoked_at)"
        " VALUES (:id, :kind, :name, :hash, :scopes, :created_by, :created_at, :expires_at, NULL)",
        id=token.id,
        kind=token.kind,
        name=token.name,
        hash=token_hash,
        scopes=json.dumps([str(s) for s in token.scopes]),
        created_by=token.created_by,
        created_at=token.created_at,
        expires_at=token.expires_at,
    )


async def by_hash(tx: Tx, token_hash: bytes) -> Token | None:
    """Return the token that is stored under a hash."""
    row = await tx.one("SELECT * FROM credentials WHERE hash = :hash", hash=token_hash)
    return _token(row) if row else None


async def load(tx: Tx) -> list[Token]:
    """Return every token, the oldest first."""
    return [_token(row) for row in await tx.all("SELECT * FROM credentials ORDER BY created_at, id")]


async def revoke(tx: Tx, token_id: str, now: Instant) -> bool:
    """Mark a token as revoked; return whether there was one that was not."""
    sql = "UPDATE credentials SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"
    return await tx.run(sql, id=token_id, now=now) == 1


async def revoke_all(tx: Tx, now: Instant) -> None:
    """Mark every token as revoked."""
    await tx.run("UPDATE credentials SET revoked_at = :now WHERE revoked_at IS NULL", now=now)


def _token(row: Row) -> Token:
    scopes = tuple(Scope.parse(text) for text in json.loads(row["scopes"]))
    times = row["created_at"], row["expires_at"], row["revoked_at"]
    return Token(row["id"], TokenKind(row["kind"]), row["name"], scopes, row["created_by"], *times)
