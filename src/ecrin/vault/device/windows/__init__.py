"""Windows: Credential Manager, Hello, presence, windows. From Microsoft's documentation; not run on Windows yet."""
