"""`serve` and `dev` in this folder: a new project in an instance that the tests of one engine share."""

from auth.sharing import dev, open_instance, serve, shared_dev, shared_engine, shared_serve

__all__ = ["dev", "open_instance", "serve", "shared_dev", "shared_engine", "shared_serve"]
