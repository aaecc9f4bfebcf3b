"""What the second edition's studies count and average over data sets: orders at a level, flips, and ratios by Student's t."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.statistics.censored import median_time
from theory_sim.statistics.intervals import mean_interval, share_interval
from theory_sim.studies.groups import Row, done_seeds
from theory_sim.theory.crossings import LEVELS
from theory_sim.train.losses import make_loss
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import xarray
    from numpy.typing import ArrayLike, NDArray

__all__ = ["COURSE", "course_metrics", "error_at_P_loss", "flip_row", "is_order", "order_row", "ratio_columns"]

COURSE: Final = (0.25, 0.5, 0.75)
"""Shares of a run's end at which its error is kept, beside that at the end."""


def is_order(runs: xarray.Dataset, order: str, level: float) -> NDArray[np.bool_]:
    """For each run, whether it has this order at a level of the logistic loss."""
    found: NDArray[np.bool_] = runs["order"].isel(level=LEVELS.index(level)).values == order
    return found


def order_row(runs: xarray.Dataset, level: float) -> Row:
    """Columns of one group of runs over seeds: orders at a level, median learning times, how many have learnt Q by the end."""
    at = runs.isel(seed=done_seeds(runs))
    n, k = int(at.sizes["seed"]), LEVELS.index(level)
    row: Row = {"n": n, "level": level}
    row |= {order: int(is_order(at, order, level).sum()) for order in ("P first", "Q first", "neither learnt")}
    row["no order"] = int(np.isin(at["order"].isel(level=k).values, ("diverged", "oscillated")).sum())
    learnt = [np.isfinite(at[name].isel(level=k).values) for name in ("tau_P", "tau_Q")]
    row["P and Q learnt"] = int((learnt[0] & learnt[1]).sum())
    for name in ("tau_P", "tau_Q"):
        time = median_time(at[name].isel(level=k).values, at["censored_at"].values)
        row |= {name: time.median, f"{name} low": time.low, f"{name} high": time.high, f"{name} censored": time.censored}
    return row


def flip_row(large: xarray.Dataset, small: xarray.Dataset, level: float) -> Row:
    """Data sets on which both runs are done, and those on which the first learns P first and the second Q first."""
    kept = done_seeds(large, small)
    one, other = large.isel(seed=kept), small.isel(seed=kept)
    flips = int((is_order(one, "P first", level) & is_order(other, "Q first", level)).sum())
    share = share_interval(flips, len(kept))
    return {"pairs": len(kept), "flips": flips, "share of flips low": share.low, "share of flips high": share.high}


def ratio_columns(name: str, numerator: ArrayLike, denominator: ArrayLike, *, level: float = 0.95) -> dict[str, float]:
    """Geometric mean of ratios with Student's interval of their logarithms: three columns, and on how many it rests.

    Pairs of which one is not a positive number are left out, and counted in ``<name> n``.
    """
    a, b = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    known = np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)
    found = mean_interval(np.log(a[known] / b[known]).tolist(), level)
    low, high = (found.low, found.high) if found.n > 1 else (math.nan, math.nan)
    return {name: math.exp(found.value), f"{name} low": math.exp(low), f"{name} high": math.exp(high), f"{name} n": found.n}


def error_at_P_loss(level: float) -> Callable[[Trajectory], float]:
    """Metric: error on P when the mean training loss of P-only examples is that of the margin that a level stands for."""
    return lambda run: error_at_loss(run, make_loss(run.experiment).at_level(level), kind="P-only")


def _error_at(share: float) -> Callable[[Trajectory], float]:
    def found(run: Trajectory) -> float:
        tau, error = run.history("tau"), run.history("P_error")
        with np.errstate(divide="ignore"):
            return float(np.exp(np.interp(share * run.experiment.max_tau, tau, np.log(error))))

    return found


def course_metrics(shares: Sequence[float] = COURSE) -> Mapping[str, Callable[[Trajectory], float]]:
    """Metrics ``error_at_25`` and so on: error on P at shares of ``max_tau``."""
    return {f"error_at_{100 * share:g}": _error_at(share) for share in shares}
