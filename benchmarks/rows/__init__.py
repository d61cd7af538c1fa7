"""The rows of the table, a file each: `measure(stage)` returns its figures."""
