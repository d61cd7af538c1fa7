"""The surface of Capgo's clients (protocol sheet: docs/reference of @capgo/capacitor-updater 8.51), unmodified."""
