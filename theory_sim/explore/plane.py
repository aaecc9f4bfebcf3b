"""Where an experiment stands in the plane of r and lambda, and where the theory's conditions change there (THEORY §8, §9)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import attribute_of
from theory_sim.sweeps.phase_boundaries import BOUNDARIES, margins_of
from theory_sim.theory.conditions import ConditionId

__all__ = ["AXES", "Line", "Plane", "get_extent", "trace"]

AXES: Final = ("r", "lambda")
# log margins are close to linear in the logarithms of r and lambda: so few values place the lines to 1 %.
_POINTS: Final = 13


@dataclass(frozen=True)
class Line:
    """A boundary, in pieces.

    Attributes
    ----------
    id : str
        Of the condition that changes there.
    pieces : tuple of (r, lambda)
        Lists of equal length; none where the boundary does not cross the plane.
    """

    id: ConditionId
    pieces: tuple[tuple[list[float], list[float]], ...]


@dataclass(frozen=True)
class Plane:
    """The boundaries of all experiments that differ in r and lambda alone."""

    key: str
    lines: tuple[Line, ...]


def get_extent(experiment: Experiment, ranges: Mapping[str, tuple[float, float, bool]]) -> dict[str, tuple[float, float]]:
    """Ends of both axes: those of the sliders, or the experiment's own value beyond them."""
    values = {name: float(getattr(experiment, attribute_of(name))) for name in AXES}
    return {name: (min(ranges[name][0], value) if value > 0.0 else ranges[name][0], max(ranges[name][1], value))
            for name, value in values.items()}


def get_key(experiment: Experiment) -> str:
    """All that the boundaries depend on."""
    return repr(sorted((name, value) for name, value in experiment.fields().items() if name not in AXES))


def trace(experiment: Experiment, extent: Mapping[str, tuple[float, float]]) -> Iterator[Plane | None]:
    """Compute the boundaries row by row: None after each row, the plane at the end.

    By the conditions of `theory_sim.regimes.get_conditions`, as `theory-sim plot phase` draws them.
    """
    r, lambda_ = (np.geomspace(*extent[name], _POINTS) for name in AXES)
    margins: dict[ConditionId, Any] = {id: np.full((_POINTS, _POINTS), math.nan) for id in BOUNDARIES}
    for i, y in enumerate(lambda_):
        for j, x in enumerate(r):
            try:
                found = margins_of(experiment.replace(**{"r": float(x), "lambda": float(y)}))
            except InputError:  # there is no such experiment
                continue
            for id, margin in found.items():
                margins[id][i, j] = margin
        yield None
    yield Plane(get_key(experiment), tuple(Line(id, _zero(r, lambda_, margin)) for id, margin in margins.items()))


def _zero(r: Any, lambda_: Any, margin: Any) -> tuple[tuple[list[float], list[float]], ...]:
    """Zero line of a log margin, in pieces."""
    import contourpy

    lines: Any = contourpy.contour_generator(np.log(r), np.log(lambda_), np.ma.masked_invalid(margin)).lines(0.0)
    return tuple((np.exp(line[:, 0]).tolist(), np.exp(line[:, 1]).tolist()) for line in lines)
