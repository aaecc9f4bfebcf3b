"""Where the theory's conditions change over a phase diagram (THEORY §8, §9), on a grid finer than the cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import ExperimentError
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import attribute_of
from theory_sim.regimes import get_conditions
from theory_sim.sweeps.phase_parameter import Parameter
from theory_sim.sweeps.spacing import logarithmic
from theory_sim.theory.conditions import ConditionId

__all__ = ["BOUNDARIES", "MEANINGS", "Boundary", "boundaries_of", "cell_edges", "fine_grid", "margins_of"]

Array = NDArray[np.float64]
# How the boundary of each condition is written.
BOUNDARIES: Final[dict[ConditionId, str]] = {
    "L-S-moves": r"$Y(\eta_1) = 1$", "S-is-frozen": r"$Y(\eta_2) = 0.03$",
    "S-learns-Q-first": r"$rd = (c_Q/c_P)(1-q_0)/(1-p_0)$",
}
MEANINGS: Final[dict[ConditionId, str]] = {
    "L-S-moves": "Y(eta_1) = 1: patterns move enough under eta_1 to hide Q",
    "S-is-frozen": "Y(eta_2) = 0.03: patterns hardly move under eta_2",
    "S-learns-Q-first": "r d = (c_Q/c_P)(1-q0)/(1-p0): large enough for S to learn Q first",
}
"""What each boundary is, without mathematics: where a condition begins to hold."""
_FINE: Final = 61


@dataclass(frozen=True)
class Boundary:
    """A predicted boundary.

    Attributes
    ----------
    id : str
        Of the condition, such as "L-S-moves".
    label : str
        The boundary as a formula.
    x, y : ndarray
        Fine grid.
    margin : ndarray, (y, x)
        log of the factor to spare: the condition holds where it is positive, the boundary is its zero line. NaN where there
        is no experiment.
    """

    id: ConditionId
    label: str
    x: Array
    y: Array
    margin: Array


def cell_edges(values: Array) -> Array:
    """Borders of the cells around increasing values, half-way between them on their scale."""
    if len(values) == 1:
        return np.array([values[0] * 0.9, values[0] * 1.1]) if values[0] else np.array([-0.5, 0.5])
    scaled = np.log(values) if logarithmic(values) else values
    middle = 0.5 * (scaled[1:] + scaled[:-1])
    edges = np.concatenate([[2 * scaled[0] - middle[0]], middle, [2 * scaled[-1] - middle[-1]]])
    return np.exp(edges) if logarithmic(values) else edges


def fine_grid(values: Array) -> Array:
    """Grid that spans the cells, even on the scale on which they are."""
    edges = cell_edges(values)
    if logarithmic(values):
        return np.geomspace(edges[0], edges[-1], _FINE)
    return np.linspace(edges[0], edges[-1], _FINE)


def _of_kind(field: str, value: float) -> float:
    """The value, as a whole number where the field holds such."""
    return round(value) if isinstance(getattr(Experiment(), attribute_of(field), 0.0), int) else value


def margins_of(experiment: Experiment) -> dict[ConditionId, float]:
    """log of the factor to spare of each condition that is a boundary."""
    return {condition.id: math.log(condition.margin) if condition.margin > 0 else -math.inf
            for condition in get_conditions(experiment) if condition.id in BOUNDARIES}


def boundaries_of(base: Experiment, parameters: Sequence[Parameter], fine: Sequence[Array]) -> tuple[Boundary, ...]:
    margins = {id: np.empty((len(fine[1]), len(fine[0]))) for id in BOUNDARIES}
    for i, y in enumerate(fine[1]):
        for j, x in enumerate(fine[0]):
            change = {**parameters[0].change(float(x), base), **parameters[1].change(float(y), base)}
            try:
                found = margins_of(base.replace(**{field: _of_kind(field, value) for field, value in change.items()}))
            except ExperimentError:  # beyond the outermost values, where there may be no experiment
                found = dict.fromkeys(BOUNDARIES, math.nan)
            for id, margin in found.items():
                margins[id][i, j] = margin
    return tuple(Boundary(id, label, fine[0], fine[1], margins[id]) for id, label in BOUNDARIES.items())
