"""Cryptography as pure functions: bytes in, bytes out, no I/O, no clock; randomness is an argument with a safe default.

Everything here checks by raising (`ecrin.errors.CryptoError` and below); nothing returns False and nothing falls back.
A wrong size of a key or a nonce is a mistake of the caller and raises `ValueError`.
"""
