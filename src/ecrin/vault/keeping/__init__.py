"""Keeping one vault in this process: its file, who has the turn to change it, how it is made, opened, locked, ended."""
