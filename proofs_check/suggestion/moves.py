"""Moves of one parameter alone that make a condition hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from proofs_check.suggestion.shifted import FREE, FURTHEST, log_margins
from theory_sim.experiment import Experiment
from theory_sim.regimes import get_conditions
from theory_sim.theory.conditions import ConditionId

__all__ = ["Move", "moves"]


@dataclass(frozen=True)
class Move:
    """One parameter, moved alone until one condition holds.

    Attributes
    ----------
    parameter : str
        Field of the experiment.
    factor : float
        By which it is multiplied.
    """

    parameter: str
    factor: float


def moves(experiment: Experiment, condition: ConditionId) -> list[Move]:
    """Moves of one parameter alone that make a condition hold, the shortest first.

    Parameters
    ----------
    experiment : Experiment
        Where the condition fails.
    condition : str
        Its id.

    Returns
    -------
    list of Move
        By factors between 1e-4 and 1e4; empty if no parameter does it alone. Other conditions may fail there.
    """
    from scipy.optimize import brentq

    index = [row.id for row in get_conditions(experiment)].index(condition)
    found = []
    for name in FREE:
        def short(shift: float, name: str = name) -> float:
            return _margins(experiment, name, float(shift))[index]

        if short(0.0) >= 0.0:
            return []
        for side in (1.0, -1.0):
            ends = [s for s in np.linspace(0.0, FURTHEST, 41)[1:] if short(side * s) >= 0.0]
            if ends:
                inner = max(0.0, ends[0] - FURTHEST / 40)
                root = brentq(lambda s, side=side, short=short: short(side * s), inner, ends[0], xtol=1e-10)
                found.append(Move(name, math.exp(side * root)))
    return sorted(found, key=lambda move: abs(math.log(move.factor)))


@lru_cache(maxsize=1024)
def _margins(experiment: Experiment, name: str, shift: float) -> tuple[float, ...]:
    """Margins at a point of one parameter, for which every condition that fails asks."""
    return tuple(log_margins(experiment, {name: shift}))
