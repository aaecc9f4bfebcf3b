"""Of runs that are one and the same, as copied folders are, a report tells once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from theory_sim.report.content import Problem
from theory_sim.sweeps.over_seeds import drawn_alike
from theory_sim.trajectory import Trajectory

__all__ = ["without_copies"]


def without_copies(runs: Mapping[Path, Trajectory]) -> tuple[list[Trajectory], list[Problem]]:
    """Runs of one experiment that differ in schedule, engine or what they drew, and what is left out of them.

    Of runs with the same numbers the first is kept: a mean counts each once. Of runs that should have the same numbers and
    have not, none is, since nothing says which is right.
    """
    groups: dict[object, list[Path]] = {}
    for path, run in runs.items():
        groups.setdefault(drawn_alike(run), []).append(path)
    kept: list[Trajectory] = []
    left_out: list[Problem] = []
    for first, *others in groups.values():
        differing = next(((path, name) for path in others if (name := _what_differs(runs[first], runs[path]))), None)
        if differing is None:
            kept.append(runs[first])
            left_out += [Problem(str(path), f"it has the numbers of {first}, which is told of", "nothing: a run counts once",
                                 damaged=False) for path in others]
        else:
            other, name = differing
            left_out += [Problem(str(path), f"{first} and {other} are runs of the same data, U_0 and noise, with different "
                                 f"{name}; neither is told of", "give the one that is right alone", damaged=False)
                         for path in (first, *others)]
    return kept, left_out


def _what_differs(first: Trajectory, other: Trajectory) -> str:
    """Name of a variable that both recorded, with other numbers; empty if there is none."""
    names = (str(name) for name in first.dataset.variables if name in other.dataset.variables)
    return next((name for name in names if not _same(first.dataset[name].values, other.dataset[name].values)), "")


def _same(first: Any, other: Any) -> bool:
    """Whether two arrays have the same values, not-a-numbers among them."""
    return np.array_equal(first, other, equal_nan=first.dtype.kind == other.dtype.kind == "f")
