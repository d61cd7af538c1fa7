"""RFC 9110 §14.1.2 a second time, by listing the bytes: for sizes so small that this is possible."""


def expected(first: int | None, last: int | None, size: int) -> tuple[int, int] | str | None:
    """What a single range means: first byte and the one after the last, nothing understood, or no byte in it."""
    if first is None and last is None:
        return None
    if first is None:
        wanted = [at for at in range(size) if at >= size - (last or 0)]
    elif last is not None and last < first:
        return None
    else:
        wanted = [at for at in range(size) if at >= first and (last is None or at <= last)]
    return (wanted[0], wanted[-1] + 1) if wanted else "unsatisfiable"
