"""Rows of a study's table: learning times, orders and errors of a group of runs over seeds, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from theory_sim.statistics.censored import median_time
from theory_sim.statistics.intervals import mean_interval, share_interval
from theory_sim.statistics.paired import compare_paired

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["Cell", "Row", "done_seeds", "group_row", "make_table", "mean_columns", "pair_row", "grid_cells"]

Cell = str | int | float
Row = dict[str, Cell]
"""A row of a study's table, by the names of its columns."""


def grid_cells(dataset: xarray.Dataset) -> list[tuple[dict[str, int], xarray.Dataset]]:
    """Every cell of a summary's grid, seeds aside, as positions and the runs there.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a `Summary`.
    """
    dims = [str(dim) for dim in dataset["state"].dims if dim != "seed"]
    shape = [dataset.sizes[dim] for dim in dims]
    return [(at, dataset.isel(at)) for at in (dict(zip(dims, map(int, place), strict=True)) for place in np.ndindex(*shape))]


def done_seeds(*runs: xarray.Dataset) -> list[int]:
    """Positions along the seed at which every one of the groups has a finished run; runs that seeds share count once."""
    states = np.all([group["state"].values == "done" for group in runs], axis=0)
    kept: dict[tuple[str, ...], int] = {}
    for seed in np.flatnonzero(states).tolist():
        kept.setdefault(tuple(str(group["run"].values[seed]) for group in runs), seed)
    return list(kept.values())


def make_table(rows: Sequence[Row]) -> pandas.DataFrame:
    """A study's table of its rows, in which a count that some rows lack is a whole number in the others.

    Examples
    --------
    >>> from theory_sim.studies.groups import make_table
    >>> print(make_table([{"arm": "L-S", "flips": 16}, {"arm": "S"}]).to_csv(index=False))
    arm,flips
    L-S,16
    S,
    <BLANKLINE>
    """
    import pandas

    table = pandas.DataFrame(rows)
    for name in table.columns[table.isna().any()]:
        cells = [row.get(name, math.nan) for row in rows]
        if all(isinstance(cell, int) or (isinstance(cell, float) and math.isnan(cell)) for cell in cells):
            table[name] = pandas.Series(cells, dtype=object)  # pandas would make 16.0 of 16
    return table


def mean_columns(name: str, sample: Iterable[float], *, least: float = -math.inf) -> dict[str, float]:
    """Mean of a number over seeds with its Student interval: three columns; no interval of fewer than two.

    ``least`` is what no value can be below, 0 for an error or a loss; the interval is cut there.
    """
    found = mean_interval([float(value) for value in sample], least=least)
    low, high = (found.low, found.high) if found.n > 1 else (math.nan, math.nan)
    return {name: found.value, f"{name} low": low, f"{name} high": high}


def group_row(runs: xarray.Dataset) -> Row:
    """Columns of one group of runs over seeds, at level 0.45.

    Returns
    -------
    dict
        ``n`` finished runs; how many learnt P first or Q first, and the exact interval of the share of P first; how many have
        the same order at all levels; how many have no order (diverged, oscillated); median learning times with intervals,
        infinite where censored, how many are, and how many were learnt and above the level again later, which are not; mean
        error on P, Q-only loss when P is learnt and at the end, with Student intervals.
    """
    at = runs.isel(seed=done_seeds(runs))
    n = int(at.sizes["seed"])
    order = at["order"].isel(level=0).values
    first = int((order == "P first").sum())
    row: Row = {"n": n, "P first": first, "Q first": int((order == "Q first").sum())}
    row |= _share_columns("share P first", first, n)
    row["robust"] = int(at["robust"].values.sum())
    row["no order"] = int(np.isin(order, ("diverged", "oscillated")).sum())
    for name in ("tau_P", "tau_Q"):
        time = median_time(at[name].isel(level=0).values, at["censored_at"].values)
        row |= {name: time.median, f"{name} low": time.low, f"{name} high": time.high, f"{name} censored": time.censored}
        row[f"{name} above again"] = int(np.isfinite(at[f"above_again_{name[-1]}"].isel(level=0).values).sum())
    row |= mean_columns("P error", at["P_error"].values, least=0.0)
    row |= mean_columns("Q loss when P learnt", at["Q_loss_at_tau_P"].values, least=0.0)
    row |= mean_columns("Q loss at end", at["loss_train"].sel(kind="Q-only").values, least=0.0)
    row |= mean_columns("noise level at end", at["tau_noise"].values, least=0.0)
    return row


def pair_row(large: xarray.Dataset, small: xarray.Dataset) -> Row:
    """Columns of pairs of runs on the same data: the large rate's and the small rate's.

    Returns
    -------
    dict
        ``pairs``; ``flips``, in how many the large rate learnt P first and the small one Q first, with the exact interval of
        the share; the error on P of the small rate over that of the large one: geometric mean, with the
        Student interval of its logarithm.
    """
    kept = done_seeds(large, small)
    one, other = large.isel(seed=kept), small.isel(seed=kept)
    flips = int(((one["order"].isel(level=0).values == "P first") & (other["order"].isel(level=0).values == "Q first")).sum())
    errors = [at["P_error"].values.astype(float) for at in (one, other)]
    known = [i for i in range(len(kept)) if all(np.isfinite(error[i]) and error[i] > 0 for error in errors)]
    ratio = compare_paired(errors[0][known].tolist(), errors[1][known].tolist(), kind="ratio")
    return {
        "pairs": len(kept), "flips": flips, **_share_columns("share of flips", flips, len(kept)),
        "error S / L-S": ratio.estimate, "error S / L-S low": ratio.low, "error S / L-S high": ratio.high,
    }


def _share_columns(name: str, count: int, n: int) -> dict[str, float]:
    share = share_interval(count, n)
    return {name: share.value, f"{name} low": share.low, f"{name} high": share.high}
