"""The vault's format, version 1 (docs/specs/vault-format.md): bytes in, bytes out; no file, no clock, no prompt."""
