"""`serve` and `dev` in this folder: a new project in an instance that the tests of one engine share."""

from auth.sharing import (
    dev,
    open_instance,
    posting,
    serve,
    shared_dev,
    shared_engine,
    shared_posting,
    shared_serve,
    shared_sink,
    sink,
)

__all__ = [
    "dev",
    "open_instance",
    "posting",
    "serve",
    "shared_dev",
    "shared_engine",
    "shared_posting",
    "shared_serve",
    "shared_sink",
    "sink",
]
