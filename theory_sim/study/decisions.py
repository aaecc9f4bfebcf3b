"""Rules of decision that studies share: a count of independent runs against a border, by its exact interval."""

from __future__ import annotations

from typing import Literal

from theory_sim.errors import InputError
from theory_sim.study.study import Finding, Outcome

__all__ = ["exact_share", "judge_share"]


def exact_share(successes: int, n: int, level: float) -> tuple[float, float]:
    """Two-sided exact (Clopper-Pearson) interval of a share; (0, 1) without runs.

    Raises
    ------
    InputError
        If the count is not one of n, or the level not inside (0, 1).
    """
    if not 0 <= successes <= n or not 0.0 < level < 1.0:
        raise InputError(f"{successes} of {n} at level {level}", "a count from 0 to n and a level inside (0, 1)", "fix it")
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    low, high = binomtest(successes, n).proportion_ci(level, method="exact")
    return float(low), float(high)


def judge_share(
    statement: str, successes: int, n: int, *, level: float, expect: Literal["above", "below"] = "above",
    border: float = 0.5, what: str = "runs",
) -> Finding:
    """Judge whether a share of independent runs lies above, or below, a border.

    Parameters
    ----------
    statement : str
        What is judged.
    successes, n : int
        Runs that show it, of how many.
    level : float
        Confidence level of the exact interval.
    expect : {"above", "below"}
        Side of the border on which the share lies if the statement is true.
    border : float
        From 0 to 1.
    what : str
        What the runs show, for the reason.

    Returns
    -------
    Finding
        Supported or refuted if the whole interval lies on one side, else undecided.
    """
    low, high = exact_share(successes, n, level)
    side: Outcome = "undecided"
    if low > border:
        side = "supported" if expect == "above" else "refuted"
    elif high < border:
        side = "refuted" if expect == "above" else "supported"
    reason = f"{successes} of {n} {what}, share {low:.2f} to {high:.2f} at {level:.2%}, border {border:g}"
    return Finding(statement, side, reason)
