"""The operator's live view: what happens to apps and what devices say, as server-sent events (WHATWG HTML §9.2)."""
