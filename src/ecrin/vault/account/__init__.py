"""The account of an app's user: small JSON that survives a restart and a reinstall, sealed in files of its own."""
