"""The audit trail: it listens to events; nobody calls it."""
