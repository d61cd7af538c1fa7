"""How refusals are made. Pure."""

from ecrin.updates.resolution.model import Kind, Refusal


def blocked(error: str, message: str, stat: str, **extra: object) -> Refusal:
    """Return a refusal by policy: a client says so and counts no failure."""
    return Refusal(error, message, Kind.BLOCKED, extra, stat)


def failed(error: str, message: str, stat: str = "") -> Refusal:
    """Return a refusal that a client counts as a failure."""
    return Refusal(error, message, Kind.FAILED, {}, stat)
