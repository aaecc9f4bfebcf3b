"""Rules of decision that studies share: a count of independent runs against a border, by its exact interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from theory_sim.statistics.intervals import share_interval
from theory_sim.studies.study import Finding, Judgement

if TYPE_CHECKING:
    import pandas

__all__ = ["Side", "judge_first", "judge_mean", "judge_share"]

Side = Literal["above", "below"]


def judge_share(
    statement: str, successes: int, n: int, *, level: float, expect: Side = "above",
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

    Examples
    --------
    >>> from theory_sim.studies.decisions import judge_share
    >>> judge_share("P is first", 10, 10, level=0.95).verdict, judge_share("P is first", 6, 10, level=0.95).verdict
    ('supported', 'undecided')
    """
    share = share_interval(successes, n, level)
    low, high = share.low, share.high
    side: Judgement = "undecided"
    if low > border:
        side = "supported" if expect == "above" else "refuted"
    elif high < border:
        side = "refuted" if expect == "above" else "supported"
    reason = f"{successes} of {n} {what}, share {low:.2f} to {high:.2f} at {level:.2%}, border {border:g}"
    return Finding(statement, side, reason, share.value if n else None, low, high)


def judge_first(
    statement: str, rows: pandas.DataFrame, successes: str, n: str, *, level: float, expect: Side = "above", what: str = "runs",
) -> Finding:
    """Judge the share in the first of the rows that a statement is on, two of whose columns count; undecided without one.

    Parameters
    ----------
    statement : str
        What is judged.
    rows : pandas.DataFrame
        Of a study's table.
    successes, n : str
        Columns with the runs that show it, and with all of them.
    level, expect, what
        As for `judge_share`.
    """
    if rows.empty:
        return Finding(statement, "undecided", "no such runs")
    row = rows.iloc[0]
    return judge_share(statement, int(row[successes]), int(row[n]), level=level, expect=expect, what=what)


def judge_mean(
    statement: str, rows: pandas.DataFrame, column: str, *, level: float, least: float = -math.inf, most: float = math.inf,
) -> Finding:
    """Judge whether a mean, with its interval in the first of the rows, lies in a range; undecided without an interval.

    Parameters
    ----------
    statement : str
        What is judged.
    rows : pandas.DataFrame
        Of a study's table.
    column : str
        Of the mean; its interval, at the part's level, is in ``<column> low`` and ``<column> high``.
    level : float
        Confidence level of that interval, for the reason.
    least, most : float
        Ends of the range.

    Returns
    -------
    Finding
        Supported if the whole interval lies in the range, refuted if it lies outside, else undecided.

    Examples
    --------
    >>> import pandas
    >>> from theory_sim.studies.decisions import judge_mean
    >>> rows = pandas.DataFrame({"ratio": [1.0], "ratio low": [0.9], "ratio high": [1.2]})
    >>> judge_mean("as good", rows, "ratio", level=0.95, least=0.8, most=1.25).verdict
    'supported'
    """
    ends = ("", " low", " high")
    value, low, high = (float(rows.iloc[0][f"{column}{end}"]) if len(rows) else math.nan for end in ends)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Finding(statement, "undecided", "no interval")
    side: Judgement = "undecided"
    if least <= low and high <= most:
        side = "supported"
    elif high < least or low > most:
        side = "refuted"
    return Finding(statement, side, f"{column} {value:.3g}, {low:.3g} to {high:.3g} at {level:.2%}", value, low, high)
