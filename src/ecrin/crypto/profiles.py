"""How much Argon2id costs, by name: for passwords on a server, for passcodes on a device, for tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """The cost of one Argon2id hash: memory in KiB, passes over it, and lanes (RFC 9106 §3.1)."""

    memory_kib: int
    time_cost: int
    parallelism: int


# OWASP's first choice for a server that hashes many at once: 19 MiB, two passes.
INTERACTIVE = Profile(memory_kib=19 * 1024, time_cost=2, parallelism=1)

# RFC 9106's second recommendation, for a device whose user opens one vault: 64 MiB, three passes, four lanes.
DEVICE = Profile(memory_kib=64 * 1024, time_cost=3, parallelism=4)

# For tests only: protects nothing.
CHEAPEST = Profile(memory_kib=8, time_cost=1, parallelism=1)
