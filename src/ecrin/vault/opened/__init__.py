"""An open vault in this process: its keys, what it knows of the file, and how it changes it."""
