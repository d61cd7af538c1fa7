"""`python -m benchmarks [--quick] [--json FILE] [--markdown] [NAME ...]`: measure, print, and say what was missed.

Exit code 0 whatever the verdicts are, 1 if a row could not be measured, 2 for wrong usage.
"""

import argparse
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks import emulator, machine, report
from benchmarks.result import Figure, Unavailable, Verdict
from benchmarks.rows import (
    bare_uvicorn,
    commits,
    files,
    fleet,
    lookup,
    passwords,
    push,
    refresh,
    refused,
    start,
    stats,
    timing,
    updates,
    vault,
    vaultstart,
)
from benchmarks.stage import Stage

ROWS: dict[str, Callable[[Stage], list[Figure]]] = {
    "start": start.measure,
    "lookup": lookup.measure,
    "refresh": refresh.measure,
    "passwords": passwords.measure,
    "commits": commits.measure,
    "bare": bare_uvicorn.measure,
    "timing": timing.measure,
    "refused": refused.measure,
    "updates": updates.measure,
    "stats": stats.measure,
    "files": files.measure,
    "push": push.measure,
    "fleet": fleet.measure,
    "vault": vault.measure,
    "vaultstart": vaultstart.measure,
}


def measured(name: str, stage: Stage) -> list[Figure]:
    """Return a row's figures; a row that needs what is not here, or that fails, is one line that says so."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    neighbours = machine.Neighbours()
    try:
        figures = ROWS[name](stage)
        return [replace(f, detail={**f.detail, "neighbours_took": round(neighbours.share(), 3)}) for f in figures]
    except Unavailable as reason:
        return [Figure(name, "the whole row", "", verdict=Verdict.SKIPPED, note=str(reason))]
    except Exception as error:  # noqa: BLE001  the other rows can still be measured
        traceback.print_exc()
        print(stage.ended(), file=sys.stderr)
        return [Figure(name, "the whole row", "", verdict=Verdict.FAILED, note=f"{type(error).__name__}: {error}")]


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Figures beside the peers, in one run.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"rows: {', '.join(ROWS)}  [all]")
    parser.add_argument("--quick", action="store_true", help="few and short rounds: to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - ROWS.keys()):
        parser.error(f"there is no row {unknown[0]}; the rows are {', '.join(ROWS)}")
    about = machine.described() | {"peer": emulator.version(), "quick": options.quick}
    with Stage(quick=options.quick) as stage:
        figures = [figure for name in options.names or ROWS for figure in measured(name, stage)]
    print("  ".join(f"{name} {value}" for name, value in about.items()), end="\n\n")
    print((report.markdown if options.markdown else report.table)(figures))
    print("\n" + report.disturbed(figures))
    if options.json:
        options.json.write_text(report.document(figures, about))
    return int(any(figure.verdict is Verdict.FAILED for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
