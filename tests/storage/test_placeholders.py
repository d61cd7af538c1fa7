"""`:name` to `$1`, and text columns that sort by their bytes."""

import pytest

from ecrin.storage.sql.placeholders import numbered


@pytest.mark.parametrize(
    ("sql", "translated", "names"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT :a", "SELECT $1", ("a",)),
        ("SELECT :a, :b", "SELECT $1, $2", ("a", "b")),
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT :a_1,:aB", "SELECT $1,$2", ("a_1", "aB")),
        ("SELECT x::text, :a::bigint", "SELECT x::text, $1::bigint", ("a",)),
        ("SELECT ':a', 'it''s :b', :c", "SELECT ':a', 'it''s :b', $1", ("c",)),
        ('SELECT ":a", "x"":b" FROM t WHERE c=:c', 'SELECT ":a", "x"":b" FROM t WHERE c=$1', ("c",)),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT /* :a\n ':b */ :c", "SELECT /* :a\n ':b */ $1", ("c",)),
        ("SELECT CAST(:a AS TEXT)", "SELECT CAST($1 AS TEXT)", ("a",)),
    ],
)
def test_parameters_are_numbered(sql: str, translated: str, names: tuple[str, ...]) -> None:
    assert numbered(sql) == (translated, names)


@pytest.mark.parametrize(
    ("sql", "translated"),
    [
        ("CREATE TABLE a (b TEXT NOT NULL)", 'CREATE TABLE a (b TEXT COLLATE "C" NOT NULL)'),
        ("-- why\ncreate  table a (b text)", '-- why\ncreate  table a (b TEXT COLLATE "C")'),
        ("ALTER TABLE a ADD COLUMN b TEXT", 'ALTER TABLE a ADD COLUMN b TEXT COLLATE "C"'),
        ("CREATE TABLE a (\"text\" BIGINT, b BIGINT DEFAULT 'TEXT')",) * 2,
        ("CREATE TABLE a (context BIGINT, text_ BIGINT)",) * 2,
        ("CREATE INDEX a ON b (c)",) * 2,
    ],
)
def test_text_columns_sort_by_their_bytes(sql: str, translated: str) -> None:
    assert numbered(sql) == (translated, ())
