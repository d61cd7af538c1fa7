"""Objects: files by the SHA-256 of their bytes, once per app. A row about one is written after it is durable."""
