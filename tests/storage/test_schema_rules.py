"""The pure half of the migrations: splitting files into statements, deciding what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import ConfigurationError, DatabaseNewer
from ecrin.storage.sql.port import Migration
from ecrin.storage.sql.schema import missing, shipped, statements


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("", 0),
        ("-- nothing; at all\n", 0),
        ("CREATE TABLE a (b TEXT);", 1),
        ("CREATE TABLE a (b TEXT);\n\n-- after; it\nCREATE TABLE c (d TEXT);\n-- the end\n", 2),
        ("INSERT INTO a VALUES ('one; two');INSERT INTO a VALUES ('it''s; three');", 2),
        ('CREATE TABLE "a;b" (c TEXT); /* one; two; */ DROP TABLE "a;b";', 2),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END; DELETE FROM d;", 2),
    ],
)
def test_a_file_is_split_where_statements_end(sql: str, count: int) -> None:
    assert len(list(statements(sql))) == count


@pytest.mark.parametrize("sql", ["CREATE TABLE a (b TEXT)", "SELECT 1; SELECT 'open;", "SELECT 1; /* open;"])
def test_a_file_that_ends_in_a_statement_is_refused(sql: str) -> None:
    with pytest.raises(ConfigurationError, match="complete"):
        list(statements(sql))


@given(st.integers(0, 8), st.integers(0, 8))
def test_what_is_missing_completes_what_is_applied(applied: int, known: int) -> None:
    migrations = [Migration(number, f"m{number}", "") for number in range(1, known + 1)]
    history = [(number, f"m{number}") for number in range(1, applied + 1)]
    if applied > known:
        with pytest.raises(DatabaseNewer):
            missing(migrations, history)
    else:
        assert [migration.number for migration in missing(migrations, history)] == list(range(applied + 1, known + 1))


@given(st.integers(1, 6), st.data())
def test_any_other_history_is_refused(known: int, data: st.DataObject) -> None:
    migrations = [Migration(number, f"m{number}", "") for number in range(1, known + 1)]
    history = [(number, f"m{number}") for number in range(1, data.draw(st.integers(1, known)) + 1)]
    place = data.draw(st.integers(0, len(history) - 1))
    history[place] = (history[place][0], "other")
    with pytest.raises(ConfigurationError):
        missing(migrations, history)


def test_the_migrations_of_this_release_are_whole_and_in_order() -> None:
    assert missing(shipped(), []) == list(shipped())
    for migration in shipped():
        assert list(statements(migration.sql))
