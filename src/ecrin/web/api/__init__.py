"""Our own API under /api/v1: what operators and CI do with projects, keys and credentials. Errors are RFC 9457."""
