"""The command line: noun and verb, the same flags everywhere, data on stdout and talk on stderr.

Exit code 0 is done, 1 is refused or failed, 2 is wrong usage. Each noun is a file, loaded when it is asked for.
"""

from ecrin.cli.root import main

__all__ = ["main"]
