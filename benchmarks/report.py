"""The table on a terminal, the same as Markdown, and as JSON for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.result import Figure

HEAD = ("row", "what", "ours", "peer", "ratio", "budget", "verdict")
QUIET = 0.05


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned lines, with each note below its line."""
    rows = [_cells(figure) for figure in figures]
    widths = [max(len(row[i]) for row in (HEAD, *rows)) for i in range(len(HEAD))]
    lines = [_aligned(HEAD, widths), "  ".join("-" * width for width in widths)]
    for figure, row in zip(figures, rows, strict=True):
        lines.append(_aligned(row, widths))
        if figure.note:
            lines.append(f"{'':{widths[0]}}    {figure.note}")
    return "\n".join(lines)


def markdown(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = [f"| {' | '.join(HEAD[1:])} |", "| --- " * (len(HEAD) - 1) + "|"]
    lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in _cells(figure)[1:])} |" for figure in figures]
    return "\n".join(lines)


def disturbed(figures: Sequence[Figure]) -> str:
    """Return a line that names the rows during which other work took more than a twentieth of the machine, or ""."""
    shares = {f.row: f.detail.get("neighbours_took", 0.0) for f in figures}
    rows = [f"{row} {share:.0%}" for row, share in shares.items() if isinstance(share, float) and share > QUIET]
    return f"Other work took part of the machine: {', '.join(rows)}. The clock says less then." if rows else ""


def document(figures: Sequence[Figure], about: dict[str, object]) -> str:
    """Return the run as JSON: the machine, and every figure with its details."""
    return json.dumps({"machine": about, "figures": [asdict(figure) for figure in figures]}, indent=2) + "\n"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = f"{cells[0]:{widths[0]}}  {cells[1]:{widths[1]}}"
    right = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells[2:], widths[2:], strict=True))
    return f"{left}  {right}".rstrip()


def _cells(figure: Figure) -> tuple[str, ...]:
    peer = _number(figure.peer, figure.unit)
    return (
        figure.row,
        figure.what,
        _number(figure.ours, figure.unit),
        f"{peer} ({figure.against})" if peer and figure.against else peer,
        _ratio(figure),
        figure.budget,
        figure.verdict.value,
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _ratio(figure: Figure) -> str:
    if figure.ratio is None:
        return ""
    return f"{figure.ratio:.0%}" if figure.budget.endswith("%") else f"{figure.ratio:.2f} x"
