"""Écrin keeps an app's sessions safe: sign-in, tokens and sessions, on your own server.

This package is small to import: nothing of the server is loaded before it is asked for.
"""

__version__ = "0.1.0"  # here and nowhere else: the package's metadata read it from this line
