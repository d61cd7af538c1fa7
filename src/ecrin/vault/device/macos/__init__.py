"""macOS: Keychain, Touch ID, Secure Enclave, presence, windows. From Apple's documentation; not run on a Mac yet."""
