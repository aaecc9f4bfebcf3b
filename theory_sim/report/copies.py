"""Of runs that are one and the same, as copied folders are, a report tells once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from theory_sim.engines import Engine
from theory_sim.observe.base import COUNTS, SIGNS
from theory_sim.observe.losses import Losses
from theory_sim.observe.separation import Separation
from theory_sim.report.content import Problem
from theory_sim.sweeps.over_seeds import drawn_alike
from theory_sim.trajectory import Trajectory

__all__ = ["without_copies"]

_ROUNDING: Final = {"float32": 1e-3, "float64": 1e-9}
"""Largest difference of a variable between two computations of one run, relative to its largest value, that is rounding's.

Between two kernels of OpenBLAS it was at most 4e-4 (the limit's estimate of its own error), 6e-5 (the signal's weights) and
3e-7 (losses) in runs in float32, and 4e-14 in float64.
"""
_BEFORE: Final = {name for name, variable in {**Losses.variables, **Separation.variables}.items() if variable.counts_signs}
"""Variables of every run that count signs; in runs of earlier versions no attribute says so."""


def without_copies(runs: Mapping[Path, Trajectory]) -> tuple[list[Trajectory], list[Problem]]:
    """Runs of one experiment that differ in schedule, engine or what they drew, and what is left out of them.

    Of runs with the same numbers the first is kept: a mean counts each once. So it is of runs whose numbers differ by rounding
    alone, as another processor or version of a library rounds. Of runs that differ by more none is kept, since nothing says
    which is right.
    """
    groups: dict[object, list[Path]] = {}
    for path, run in runs.items():
        groups.setdefault(drawn_alike(run), []).append(path)
    kept: list[Trajectory] = []
    left_out: list[Problem] = []
    for first, *others in groups.values():
        apart = {path: _largest_difference(runs[first], runs[path]) for path in others}
        beyond = next(((path, name) for path, (name, size) in apart.items() if size > _allowed(runs[first])), None)
        if beyond is None:
            kept.append(runs[first])
            left_out += [_left_out(path, first, name, size) for path, (name, size) in apart.items()]
        else:
            other, name = beyond
            left_out += [Problem(str(path), f"{first} and {other} are runs of the same data, U_0 and noise, with different "
                                 f"{name}; neither is told of", "give the one that is right alone", damaged=False)
                         for path in (first, *others)]
    return kept, left_out


def _allowed(run: Trajectory) -> float:
    """For averages over data sets, which no engine computes in single precision, as for float64."""
    dtype = run.experiment.fields().get("dtype") if Engine.of(run).knows_seeds else None
    return _ROUNDING.get(str(dtype), _ROUNDING["float64"])


def _left_out(path: Path, first: Path, name: str, size: float) -> Problem:
    found, fix = f"it has the numbers of {first}, which is told of", "nothing: a run counts once"
    if name:
        found += f", but for rounding: the largest difference is {size:.1g} of {name}'s largest value"
        fix += ", and another processor or version of a library rounds otherwise"
    return Problem(str(path), found, fix, damaged=False)


def _largest_difference(first: Trajectory, other: Trajectory) -> tuple[str, float]:
    """Of the variables that both recorded the one that differs most, and by how much of its largest value; none, and zero.

    What counts signs is looked at where nothing else differs: rounding turns the signs of what is near zero, as all outputs are
    at the start.
    """
    names = [str(name) for name in first.dataset.variables if name in other.dataset.variables]
    sizes = {name: _difference(first.dataset[name].values, other.dataset[name].values) for name in names}
    values = {name: size for name, size in sizes.items() if not _counts_signs(first, name)}
    if any(values.values()):
        sizes = values
    worst = max(sizes, key=lambda name: sizes[name], default="")
    return (worst, sizes[worst]) if worst and sizes[worst] > 0.0 else ("", 0.0)


def _counts_signs(run: Trajectory, name: str) -> bool:
    return run.dataset[name].attrs.get(COUNTS) == SIGNS or name in _BEFORE


def _difference(first: Any, other: Any) -> float:
    """Largest difference relative to the largest value; infinity where shapes, kinds or the places of not-a-numbers differ."""
    if first.dtype.kind != "f" or other.dtype.kind != "f" or first.shape != other.shape:
        return 0.0 if np.array_equal(first, other) else math.inf
    if np.array_equal(first, other, equal_nan=True):
        return 0.0
    known = np.isfinite(first)
    if not np.array_equal(first[~known], other[~known], equal_nan=True) or not np.isfinite(other[known]).all():
        return math.inf
    return float(np.abs(first[known] - other[known]).max() / max(np.abs(first[known]).max(), np.abs(other[known]).max()))
