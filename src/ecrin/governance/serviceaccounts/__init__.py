"""Service accounts: keys with which a backend signs custom tokens and asks for access tokens (RFC 7523)."""
