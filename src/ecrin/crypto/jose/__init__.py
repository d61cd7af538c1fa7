"""Strict JOSE: compact JWS (RFC 7515) of JSON claims (RFC 7519), signed with RS256 (RFC 7518 §3.3) and nothing else.

joserfc does the signatures; `strict` decides before it what is looked at at all. Modules are imported one by one, so
that a client that only reads claims does not load joserfc.
"""
