"""`serve` in this folder: a new project in an instance that the tests of one engine share."""

from auth.sharing import serve, shared_engine, shared_serve

__all__ = ["serve", "shared_engine", "shared_serve"]
