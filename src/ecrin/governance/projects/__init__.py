"""Projects: the security boundary, with their settings and web API keys."""
