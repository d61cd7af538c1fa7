"""Écrin keeps an app's sessions safe: sign-in, tokens and sessions, on your own server.

This package is small to import: nothing of the server is loaded before it is asked for.
"""

from importlib.metadata import version

__version__ = version("ecrin")
