"""A vault's file: SQLite, its rows, and what its faults mean ("File" in docs/specs/vault-format.md)."""
