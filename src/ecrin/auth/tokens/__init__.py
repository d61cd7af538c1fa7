"""Tokens: what a session hands out, and the sign-ins that need nothing but a token (anonymous, custom)."""
