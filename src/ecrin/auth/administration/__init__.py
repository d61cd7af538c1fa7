"""Administration: what a project's administrators do to single accounts."""
