"""The Firebase surface: Identity Toolkit v1, Secure Token, key documents, and in `ecrin dev` the emulator's routes.

Wire shapes only; what a call means is in `ecrin.auth`. Facts: protocol sheet §1 to §6.
"""
