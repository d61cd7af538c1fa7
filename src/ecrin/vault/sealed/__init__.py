"""Sealed files: what an app keeps beside its vaults, a file an item, under a key in the system's key store."""
