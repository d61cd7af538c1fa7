"""Tokens of operators and CI: secrets, kept as keyed hashes, each with scopes."""
