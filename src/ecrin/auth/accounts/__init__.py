"""Accounts: who the users of a project are. The lowest feature of sign-in: it calls no other."""
