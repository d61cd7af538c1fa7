"""From the named parameters of our SQL (`:name`) to PostgreSQL's numbered ones (`$1`), and the dialect of its DDL."""

import re
from functools import lru_cache

# What may hold a colon or the word TEXT without meaning it: strings, quoted names, comments, casts.
_SKIP = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::"
_PARAMETER = re.compile(rf"{_SKIP}|:(?P<name>[A-Za-z_]\w*)", re.DOTALL)
_TEXT = re.compile(rf"{_SKIP}|(?P<type>\bTEXT\b)", re.DOTALL | re.IGNORECASE)
_TABLE = re.compile(r"(?:\s|--[^\n]*\n)*(?:CREATE|ALTER)\s+TABLE\b", re.IGNORECASE)


@lru_cache(maxsize=2048)
def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return the statement with `$1`, `$2`, ... and the names they stand for; a name used twice keeps its number.

    Columns of type TEXT in CREATE and ALTER TABLE get the collation "C", so that text sorts by its bytes as on SQLite.
    """
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match["name"]
        return match[0] if name is None else f"${names.setdefault(name, len(names) + 1)}"

    translated = _PARAMETER.sub(number, sql)
    if _TABLE.match(sql):
        translated = _TEXT.sub(lambda match: match[0] if match["type"] is None else 'TEXT COLLATE "C"', translated)
    return translated, tuple(names)
