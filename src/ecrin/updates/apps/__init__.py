"""Apps: reverse-domain ids inside a project, to which bundles, channels and devices belong."""
