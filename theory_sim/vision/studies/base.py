"""What a study on images is: arms with and without the patch, a table with a row a run, and a rule that reads it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from theory_sim.plugins import Registry
from theory_sim.statistics.intervals import mean_interval
from theory_sim.studies.study import Asked, Finding, Judgement, StudyVerdict
from theory_sim.vision.plan import Arm

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["IMAGE_STUDIES", "ImageStudy", "difference_of_differences", "judge_mean", "paired", "register"]


@dataclass(frozen=True, repr=False)
class ImageStudy(Asked):
    """A question to which runs on images give the answer; fixed before the first stored result, as `Study` is.

    Attributes
    ----------
    name, question, source, statement, hypothesis, statistic, rule, limits : str
        As of a `Study`.
    seconds : mapping
        As of a `Study`.
    brief, power : str, sequence of PartPower
        As of a `Study`.
    arms : tuple of Arm
        With the patch; each has a control without it.
    decide : callable
        The rule: table to verdict.
    figure : callable
        Table to figure.
    """

    arms: tuple[Arm, ...]
    decide: Callable[[pandas.DataFrame], StudyVerdict]
    figure: Callable[[pandas.DataFrame], Figure]


IMAGE_STUDIES: Final[Registry[ImageStudy]] = Registry("study on images", "theory_sim.vision.studies",
                                                      lambda study: study.question, home=lambda study: study.decide)


def register(study: ImageStudy) -> ImageStudy:
    """Make a study known by its name; returns it."""
    return IMAGE_STUDIES.add(study.name, study)


def paired(table: pandas.DataFrame, column: str, one: str, other: str, *, patch: bool = True) -> list[float]:
    """A column of one arm less that of another, seed by seed, of the seeds that both have."""
    rows = table[table["patch"] == int(patch)]
    values = [rows[rows["arm"] == arm].set_index("seed")[column] for arm in (one, other)]
    difference = (values[0] - values[1]).dropna().sort_index()
    return [float(value) for value in difference]


def difference_of_differences(table: pandas.DataFrame, column: str, one: str, other: str) -> list[float]:
    """One arm less another with the patch, less the same without it, seed by seed."""
    seeds: list[float] = []
    for _, rows in table.groupby("seed", sort=True):
        pair = [paired(rows, column, one, other, patch=patch) for patch in (True, False)]
        if all(len(each) == 1 for each in pair):
            seeds.append(pair[0][0] - pair[1][0])
    return seeds


def judge_mean(
    statement: str, values: list[float], *, level: float, low: float = 0.0, high: float = float("inf"), what: str,
) -> Finding:
    """Judge whether a mean over seeds lies between two borders, by its Student interval.

    Parameters
    ----------
    statement : str
        What is judged.
    values : list of float
        One a seed.
    level : float
        Confidence level.
    low, high : float
        Borders.
    what : str
        What the numbers are, for the reason.

    Returns
    -------
    Finding
        Supported if the whole interval lies between them, refuted if it lies outside, else undecided; undecided with fewer
        than two seeds.

    Examples
    --------
    >>> from theory_sim.vision.studies.base import judge_mean
    >>> judge_mean("above 0", [0.10, 0.12, 0.11], level=0.99, what="differences").verdict
    'supported'
    """
    found = mean_interval(values, level)
    if found.n < 2:
        return Finding(statement, "undecided", f"{what}: {found.n} seeds, of which no interval follows")
    verdict: Judgement = "undecided"
    if low < found.low and found.high < high:
        verdict = "supported"
    elif found.high < low or found.low > high:
        verdict = "refuted"
    border = f"border {low:g}" if high == float("inf") else f"borders {low:g} and {high:g}"
    return Finding(statement, verdict, f"{what}: mean {found.value:.3f}, {found.low:.3f} to {found.high:.3f} at {level:.2%}, "
                                       f"{found.n} seeds, {border}", found.value, found.low, found.high)
