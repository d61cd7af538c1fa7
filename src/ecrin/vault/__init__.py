"""Where a session lives on a device: an encrypted store of its own, opened by whatever the device has to open it with.

So far the format alone (docs/specs/vault-format.md). It runs on the device: nothing of the server is imported here.
"""
