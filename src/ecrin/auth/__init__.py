"""Who you are: accounts, sessions, tokens, and the ways to prove it.

A feature calls another through its `service` only, in one direction:
accounts <- sessions <- tokens <- password, outofband.
"""
