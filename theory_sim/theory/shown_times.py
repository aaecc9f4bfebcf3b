"""Learning-rate times as texts show them; one that is not reached as beyond the run's end."""

from __future__ import annotations

import math

from theory_sim.theory.conditions import in_words

__all__ = ["shown_beyond", "shown_learning_time", "shown_time"]


def shown_learning_time(tau: float, end: float) -> str:
    """A learning time; one that is not reached as beyond the end, "-" where there is none."""
    return "-" if math.isnan(tau) else shown_beyond(end) if math.isinf(tau) else shown_time(tau)


def shown_beyond(end: float) -> str:
    """Not by the end of a run, whose last step may have gone up to 2 % past a round time: beyond that one, 1000 for 1008."""
    unit = 10.0 ** (math.floor(math.log10(end)) - 1) if 100.0 <= end < 1e9 else math.inf
    rounded = 0.0 if math.isinf(unit) else math.floor(end / unit) * unit
    return f"> {shown_time(rounded if rounded >= 0.98 * end else end)}"


def shown_time(tau: float) -> str:
    """A learning-rate time: whole, or three digits if it is below 100."""
    return f"{tau:.0f}" if 100.0 <= abs(tau) < 1e9 else in_words(tau)
