"""What studies of a mitigated small rate share: does an arm do all that L-S does, and are its errors smaller, over the course?

An arm *works* on a data set on which L-S learns P first and Q by the end, and S learns Q first, if it learns P first and Q by
the end. Its errors on P are held against S's of the same data at equal training loss, and at equal tau over the whole course.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.statistics.paired import compare_paired
from theory_sim.studies.counts import is_order, order_row
from theory_sim.studies.groups import Row, done_seeds, group_row, mean_columns
from theory_sim.theory.crossings import LEVELS

if TYPE_CHECKING:
    import pandas
    import xarray

    from theory_sim.trajectory import Trajectory

__all__ = ["COURSE", "JUDGED_FROM", "course_metrics", "course_rows", "course_table", "relabelled"]

COURSE: Final = (0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
"""Shares of the run's length at which errors are tabulated."""
JUDGED_FROM: Final = 0.5
"""Of these, those from which on an arm's error is to be the smaller."""
_LOSSES: Final = (0.5, 0.46, 0.44, 0.42, 0.4, 0.38, 0.36, 0.34)

Array = NDArray[np.float64]


def course_metrics() -> dict[str, Callable[[Trajectory], float]]:
    """Numbers of a run that `course_rows` reads."""
    found: dict[str, Callable[[Trajectory], float]] = {}
    for share in COURSE:
        found[_error_at(share)] = partial(_along, share=share, quantity="P_error")
        found[_Q_loss_at(share)] = partial(_along, share=share, quantity="Q loss")
    return found | {_error_at_loss(loss): partial(error_at_loss, loss=loss) for loss in _LOSSES}


def course_table(groups: Mapping[tuple[str, str], xarray.Dataset], max_tau: float) -> pandas.DataFrame:
    """Table of arms by name and label of their engine; see `course_rows`."""
    import pandas

    engines = dict.fromkeys(engine for _, engine in groups)
    rows: list[Row] = []
    for engine in engines:
        rows += [{"engine": engine, **row} for row in course_rows(
            {arm: runs for (arm, of), runs in groups.items() if of == engine}, max_tau)]
    return pandas.DataFrame(rows)


def relabelled(table: pandas.DataFrame, labels: Mapping[str, str], *columns: str) -> pandas.DataFrame:
    """Other labels in some columns of a table, for a figure; those that ``labels`` lacks stay."""
    return table.assign(**{column: [labels.get(label, label) for label in table[column]] for column in columns})


def course_rows(groups: Mapping[str, xarray.Dataset], max_tau: float, level: float = LEVELS[0]) -> list[Row]:
    """One row an arm, held against the arms "L-S" and "S" on the same data.

    Parameters
    ----------
    groups : mapping
        Runs over seeds of each arm.
    max_tau : float
        Length of the runs, for the names of columns.
    level : float
        At which orders are read, 0.45, 0.50 or 0.55.

    Returns
    -------
    list of dict
        Beside `group_row`, or `order_row` at another level than 0.45: ``restorable`` data sets, on which L-S works and S learns
        Q first; on how many of them the arm ``works``; ``better at equal loss``, how many have a smaller error than S at the
        smallest listed training loss that both reach on all of them, of ``comparable``; ``better from half on``, how many have
        a smaller error than S at every listed time from half the run on; the ratios S / arm with Student's intervals of their
        logarithms; Q's loss over time.
    """
    large, small = groups["L-S"], groups["S"]
    rows: list[Row] = []
    for arm, runs in groups.items():
        kept = done_seeds(runs, large, small)
        at, baseline, reference = (group.isel(seed=kept) for group in (runs, large, small))
        restorable = _works(baseline, level) & is_order(reference, "Q first", level)
        counted = group_row(runs) if level == LEVELS[0] else order_row(runs, level)
        row: Row = {"arm": arm, **counted, "restorable": int(restorable.sum()),
                    "works": int((restorable & _works(at, level)).sum())}
        row |= _at_equal_loss(at.isel(seed=restorable), reference.isel(seed=restorable))
        better = restorable.copy()
        for share in COURSE:
            here, there = (each[_error_at(share)].values for each in (at, reference))
            row |= _ratio(f"error S / arm, tau = {share * max_tau:g}", there[restorable], here[restorable])
            better &= (here < there) | (share < JUDGED_FROM)
        row["better from half on"] = int(better.sum())
        for share in COURSE:
            row |= mean_columns(f"Q loss, tau = {share * max_tau:g}", at[_Q_loss_at(share)].values, least=0.0)
        rows.append(row)
    return rows


def _works(runs: xarray.Dataset, level: float) -> NDArray[np.bool_]:
    learnt = np.isfinite(runs["tau_Q"].isel(level=LEVELS.index(level)).values)
    found: NDArray[np.bool_] = is_order(runs, "P first", level) & learnt
    return found


def _at_equal_loss(arm: xarray.Dataset, small: xarray.Dataset) -> Row:
    """Errors at the smallest listed loss that both have reached on every data set; no number where there is none."""
    pairs = {loss: [each[_error_at_loss(loss)].values for each in (arm, small)] for loss in _LOSSES}
    reached = [loss for loss, pair in pairs.items() if len(pair[0]) and np.isfinite(pair).all()]
    if not reached:
        none = _ratio("error S / arm, equal loss", np.zeros(0), np.zeros(0))
        return {"equal loss": math.nan, "comparable": 0, "better at equal loss": 0, **none}
    here, there = pairs[min(reached)]
    return {"equal loss": min(reached), "comparable": len(here), "better at equal loss": int((here < there).sum()),
            **_ratio("error S / arm, equal loss", there, here)}


def _ratio(name: str, above: Array, below: Array) -> Row:
    known = np.isfinite(above) & np.isfinite(below) & (above > 0) & (below > 0)
    found = compare_paired(below[known], above[known], kind="ratio")
    return {name: found.estimate, f"{name} low": found.low, f"{name} high": found.high}


def _along(run: Trajectory, *, share: float, quantity: str) -> float:
    """A number at a share of the run's length, between records linear; NaN of a run that ended before."""
    tau, end = run.history("tau"), share * run.experiment.max_tau
    values = run.history("P_error") if quantity == "P_error" else run.history("loss_train", kind="Q-only")
    return float(np.interp(end, tau, values)) if end <= tau[-1] * (1 + 1e-9) else math.nan


def _error_at(share: float) -> str:
    return f"P_error at {share:g}"


def _Q_loss_at(share: float) -> str:
    return f"Q loss at {share:g}"


def _error_at_loss(loss: float) -> str:
    return f"P_error at loss {loss:g}"
