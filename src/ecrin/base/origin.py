"""Where a request comes from: who asks, from which address, under which request id. Events and limits read it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """`actor` is a stable name (`user:ID`, `operator:ID`, `client`, `local`), `address` the client's IP or ""."""

    actor: str
    address: str = ""
    request_id: str = ""


SYSTEM = Origin("system")
