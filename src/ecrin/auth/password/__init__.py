"""Passwords: sign-up and sign-in with an e-mail address and a password."""
