"""What devices say about updates: kept before they are told so, counted, and judged (protocol sheet §3).

The rows lie in a database of their own, so that a flood of them slows neither a sign-in nor `/updates`.
"""
