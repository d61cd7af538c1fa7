"""kill -9 under load: what was acknowledged is there, and a session whose refresh reply was lost goes on by grace.

A few kills; `tests/faults` has many. That nothing is lost to a power failure is the matter of test_durability.py.
"""

import itertools
from pathlib import Path

import crash_load


def test_f1_killed_under_load_nothing_acknowledged_is_lost_and_every_session_goes_on(data: Path) -> None:
    delays = itertools.cycle([0.4, 0.15, 0.7])
    journal = crash_load.sweep(data, 3, lambda: next(delays))
    print(journal.figures())
    assert journal.lost == 0
    assert journal.acknowledged > 30
    assert journal.recovered == journal.replies_lost
