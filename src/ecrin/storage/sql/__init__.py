"""SQL: one port, two engines (SQLite in the process, PostgreSQL by asyncpg), numbered migrations."""
