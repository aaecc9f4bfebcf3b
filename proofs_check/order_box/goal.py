"""Whether losses over a cell have one order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from proofs_check.order.approximate import BITS
from proofs_check.order.arm import ALL
from proofs_check.order_box.cell import CellLosses
from theory_sim.arrays import Array
from theory_sim.data import Data

__all__ = ["Goal", "Proved"]

_KINDS = (("P first", "P-only", "Q-only"), ("Q first", "Q-only", "P-only"))


@dataclass(frozen=True)
class Proved:
    """An order over a cell.

    Attributes
    ----------
    order : str
        Which kind is learnt first.
    step : int
        After so many steps one kind is below the level, and the other has never been.
    first, second, before : float
        Upper bound of the first kind's loss after ``step`` steps; lower bounds of the second's up to there, and of the training
        loss before (1 where nothing is asked of it).
    remainder, drift : float
        Largest root mean square of what interpolation leaves out, and E, up to there.
    """

    order: str
    step: int
    first: float
    second: float
    before: float
    remainder: float
    drift: float


@dataclass(frozen=True)
class Goal:
    """What is to be proved: one kind below the level, the other never so far, the rate and the run as they were.

    Attributes
    ----------
    level : float
        Nats.
    switch : float or None
        The training loss above which L-S keeps its rate.
    end : float or None
        That above which the run does not end.
    """

    level: float
    switch: float | None
    end: float | None

    def proved(self, losses: CellLosses, last: int) -> Proved | None:
        """The order over a cell, if it is proved within ``last`` steps."""
        for order, first, second in _KINDS:
            slack = self._slack(losses.high[first], losses.low[second], losses.low[ALL], last)
            step = int(np.argmax(slack))
            if slack[step] > 0:
                until = slice(0, step + 1)
                before = losses.low[ALL][:step].min(initial=1.0) if self._floor > -math.inf else 1.0
                return Proved(order, step, float(losses.high[first][step]), float(losses.low[second][until].min()),
                              float(before), float(losses.remainder[until].max()), float(losses.drift[until].max()))
        return None

    def missed(self, losses: CellLosses, last: int) -> tuple[int, float, str]:
        """The best step, by what factor bounds are too wide there, and what is missing."""
        found = []
        for order, first, second in _KINDS:
            slack = self._slack(losses.centre[first], losses.centre[second], losses.centre[ALL], last)
            step = int(np.argmax(slack))
            proved = self._slack(losses.high[first], losses.low[second], losses.low[ALL], last)
            found.append((float(slack[step]), step, float(slack[step] - proved[step]), order, first, second))
        largest, step, wide, order, first, second = max(found)
        if not largest > 0:
            return step, math.inf, "at the centre neither kind is below the level while the rate is the first one"
        return step, wide / largest, (
            f"{order} after {step} steps: {first} is below {losses.high[first][step]:.4f}, {second} above "
            f"{losses.low[second][: step + 1].min():.4f}, and the training loss was above "
            f"{losses.low[ALL][:step].min(initial=1.0):.4f}")

    def best_step(self, residuals: Array, data: Data) -> int:
        """The step at which an approximate run has the most slack."""
        losses = -np.log1p(-residuals * 2.0**-BITS)
        mean = {name: losses[:, data.kind == place].mean(axis=1) for place, name in enumerate(data.kinds)}
        every = losses.mean(axis=1)
        return max((float(slack.max()), int(np.argmax(slack))) for slack in (
            self._slack(mean[first], mean[second], every, len(every)) for _, first, second in _KINDS))[1]

    @property
    def _floor(self) -> float:
        return max(-math.inf if each is None else each for each in (self.switch, self.end))

    def _slack(self, first: Array, second: Array, every: Array, last: int) -> Array:
        """How far each step is from failing, (T,)."""
        lowest = np.minimum.accumulate(second) - self.level
        before = np.concatenate([[math.inf], np.minimum.accumulate(every)[:-1]]) - self._floor
        found = np.minimum(np.minimum(self.level - first, lowest), before)
        found[last + 1 :] = -math.inf
        return np.asarray(found)
