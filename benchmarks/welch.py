"""Do two samples of times differ? Welch's t-test on what is left when the slowest tenth of both together is cut off.

The slowest are the machine's interruptions, which hide what a server does. Two means that many samples cannot tell
apart give |t| below 4.5 but for one time in 100,000; an attacker who has fewer samples can tell less.
"""

import math
import statistics
from collections.abc import Sequence

from benchmarks.result import percentile

LIMIT = 4.5
KEPT = 0.9


def cropped(first: Sequence[float], second: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return both samples without what is slower than nine tenths of them together."""
    most = percentile([*first, *second], KEPT)
    return [t for t in first if t <= most], [t for t in second if t <= most]


def t_value(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Welch's t (unequal variances); positive where the first sample is larger."""
    return (statistics.fmean(first) - statistics.fmean(second)) / standard_error(first, second)


def standard_error(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the standard error of the difference of the means; `LIMIT` times that is what would have been seen."""
    return math.sqrt(statistics.variance(first) / len(first) + statistics.variance(second) / len(second))
