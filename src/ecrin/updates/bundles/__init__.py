"""Bundles: immutable versions of an app's code, their files stored by content."""
