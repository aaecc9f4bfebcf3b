"""Losses of the margin as the closure and the mean field see them: value, residual weight, and its slope (THEORY §8, §16)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Final

import numpy as np

from theory_sim.arrays import Array as Floats

__all__ = ["LOGISTIC", "SQUARED", "LossOfMargin"]


class LossOfMargin(ABC):
    """l(M) of the margin M = y f.

    Attributes
    ----------
    largest_rise : float
        By which factor the training loss may exceed the larger of its start and l(0) before a run counts as diverged.
    """

    largest_rise: float = math.inf

    @abstractmethod
    def value(self, margin: Floats) -> Floats:
        """l(M)."""

    @abstractmethod
    def weight(self, margin: Floats) -> Floats:
        """-l'(M), the residual weight."""

    @abstractmethod
    def slope(self, weight: Floats) -> Floats:
        """l''(M), chi, of a residual weight."""

    def within(self, weight: Floats) -> Floats:
        """Weights that are extrapolated, brought back to where weights can be."""
        return weight

    def at_level(self, level: float) -> float:
        """l at the margin at which the logistic loss is ``level``: learning times are read at equal margins."""
        return float(self.value(np.array([-math.log(math.expm1(level))]))[0])

    @property
    def at_zero(self) -> float:
        """l(0)."""
        return float(self.value(np.zeros(1))[0])


class _Logistic(LossOfMargin):
    """log(1 + exp(-M))."""

    largest_rise = 10.0

    def value(self, margin: Floats) -> Floats:
        found: Floats = np.log1p(np.exp(-np.abs(margin))) - np.minimum(margin, 0.0)  # numpy.logaddexp takes twice as long
        return found

    def weight(self, margin: Floats) -> Floats:
        found: Floats = np.exp(margin)  # infinite from 710 on, and the weight 0
        found += 1.0
        return np.divide(1.0, found, out=found)

    def slope(self, weight: Floats) -> Floats:
        return weight * (1.0 - weight)

    def within(self, weight: Floats) -> Floats:
        found: Floats = np.minimum(np.maximum(weight, 0.0), 1.0)
        return found

    def at_level(self, level: float) -> float:
        return level


class _Squared(LossOfMargin):
    """(1 - M)^2 / 2."""

    def value(self, margin: Floats) -> Floats:
        return 0.5 * (1.0 - margin) ** 2

    def weight(self, margin: Floats) -> Floats:
        return 1.0 - margin

    def slope(self, weight: Floats) -> Floats:
        return np.ones_like(weight)


LOGISTIC: Final[LossOfMargin] = _Logistic()
SQUARED: Final[LossOfMargin] = _Squared()
