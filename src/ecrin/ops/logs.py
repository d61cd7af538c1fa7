"""Logs on standard error: one event a line, JSON unless a person watches the terminal. Secrets are never passed in.

What libraries say by the standard `logging` comes out as the same lines. A line that cannot be written (a full disk, a
reader that went away) is lost: it must not break the request that it is about.
"""

import logging
import os
import sys
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.stdlib import ProcessorFormatter

from ecrin.errors import ConfigurationError

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Lines:
    """Writes lines to a stream; the methods are the levels that structlog calls."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write a line, or lose it."""
        if self._stream is not None:
            with suppress(OSError, ValueError):
                self._stream.write(f"{line}\n")
                self._stream.flush()

    debug = info = warning = error = critical = msg


def configure(level: str) -> None:
    """Set the logs up; `level` is debug, info, warning or error. Raises `ConfigurationError` for another."""
    if level not in LEVELS:
        raise ConfigurationError(f"ECRIN_LOG is '{level[:20]}'.", hint="Use debug, info, warning or error.")
    stream: TextIO | None = sys.stderr  # None where the process was started with it closed
    before: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = _renderer(stream)
    structlog.configure(
        processors=[*before, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: Lines(stream),
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(stream) if stream else logging.NullHandler()
    libraries.setFormatter(
        ProcessorFormatter(foreign_pre_chain=before, processors=[ProcessorFormatter.remove_processors_meta, renderer])
    )
    logging.basicConfig(level=max(LEVELS[level], logging.WARNING), handlers=[libraries], force=True)


def _renderer(stream: TextIO | None) -> structlog.typing.Processor:
    """Return JSON, or colours for a terminal; tracebacks stay plain, for pretty ones show the values of variables."""
    if stream is not None and stream.isatty():
        plain = structlog.dev.plain_traceback
        return structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ, exception_formatter=plain)
    return structlog.processors.JSONRenderer()
