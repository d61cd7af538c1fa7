"""Resolution: which bundle a device gets."""
