"""What a loss is: a function of the margin v = y f(x), its derivative, and a bound of its curvature."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choice import Choice
from theory_sim.experiment.choices import LOSSES
from theory_sim.reading.answers import require_numbers, unchanged

__all__ = ["Loss", "make_loss"]

# Where derivatives are compared with differences: away from 0 and 1, at which losses have their kinks.
_MARGINS: Final = (-3.137, -1.731, -0.618, 0.131, 0.577, 1.414, 2.718, 4.321)
_STEP: Final = 1e-5
_TOLERANCE: Final = 1e-6


class Loss(Choice, ABC):
    """l(v) of the margin v = y f; a subclass declares `Choice`'s attributes and registers itself.

    Parameters
    ----------
    experiment : Experiment
        Gives the values of the loss's own fields, if it has any.

    Attributes
    ----------
    curvature : float
        Bound of l''(v) over all v; infinity if there is none, or the slope jumps.
    unit : str
        Unit of l, "nat" or "1".
    largest_rise : float
        By which factor the training loss may exceed the larger of its start and l(0) before a run counts as diverged. Finite
        only where the slope is bounded; a loss that grows faster may rise a lot and come down again.
    slope_jumps : bool
        Whether l' is discontinuous somewhere: continuous time, which follows residuals, then has no step that is small enough.
    of_targets : bool
        Whether it is (y - f)^2 / 2, so that y may be any number.
    in_theory : bool
        Whether the closed forms, the closure and the predicted order of THEORY §8, §9 and §16 hold for it.
    """

    curvature: ClassVar[float] = math.inf
    unit: ClassVar[str] = "1"
    largest_rise: ClassVar[float] = math.inf
    slope_jumps: ClassVar[bool] = False
    of_targets: ClassVar[bool] = False
    in_theory: ClassVar[bool] = False

    def __init__(self, experiment: Experiment) -> None:
        """Nothing to keep: most losses have no fields of their own."""

    @abstractmethod
    def value(self, margin: Array) -> Array:
        """l(v), any shape, float64; infinite rather than wrong where it leaves the range of numbers."""

    @abstractmethod
    def slope(self, margin: Array) -> Array:
        """l'(v), the shape of ``margin``; where it jumps, either side's."""

    @property
    def at_zero(self) -> float:
        """l(0), the loss of a network that outputs nothing."""
        return float(self.value(np.zeros(1))[0])

    @property
    def curvature_at_zero(self) -> float:
        """l''(0), which with the kernel decides the largest stable rate near zero output."""
        below, above = self.slope(np.array([-_STEP, _STEP])).tolist()
        return float(above - below) / (2 * _STEP)

    def at_level(self, level: float) -> float:
        """l at the margin at which the logistic loss is ``level``: a level of equal margin.

        ``level`` is above 0; the margin is -log(e^level - 1), 0 at log 2.
        """
        return float(self.value(np.array([-math.log(math.expm1(level))]))[0])

    def require_derivative(self) -> None:
        """Compare ``slope`` with differences of ``value``, and ``curvature`` with differences of ``slope``, at eight margins.

        Raises
        ------
        InputError
            If they disagree by more than rounding, or one gives something else than a finite number for each margin.
        """
        v = np.array(_MARGINS)
        value, above, below = (self._numbers("value", v + h) for h in (0.0, _STEP, -_STEP))
        slope = self._numbers("slope", v)
        expected = (above - below) / (2 * _STEP)
        off = ~(np.abs(slope - expected) <= _TOLERANCE * (1.0 + np.abs(expected) + np.abs(value)))
        if off.any():
            worst = int(np.flatnonzero(off)[0])
            raise InputError(f"slope of the loss {self.name!r} at the margin {v[worst]:g} is {slope[worst]:g}",
                             f"the derivative of its value by the margin, {expected[worst]:.6g} by differences",
                             "fix slope or value")
        curvature = (self._numbers("slope", v + _STEP) - self._numbers("slope", v - _STEP)) / (2 * _STEP)
        largest = float(curvature.max())
        if not largest <= self.curvature + _TOLERANCE * (1.0 + abs(largest)):
            raise InputError(f"curvature = {self.curvature:g} of the loss {self.name!r}",
                             f"a bound of its second derivative, {largest:.6g} at the margin {v[int(curvature.argmax())]:g}",
                             "raise it; infinity if there is no bound")


    def _numbers(self, method: str, margins: Array) -> Array:
        what = f"{method} of the loss {self.name!r}"
        with unchanged(what, margin=margins):
            found = getattr(self, method)(margins)
        return require_numbers(found, margins.shape, what, fix=f"let {method} act element by element")


    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        cls(experiment).require_derivative()


def make_loss(experiment: Experiment) -> Loss:
    """Loss of an experiment."""
    chosen = LOSSES[experiment.loss]
    assert issubclass(chosen, Loss), f"{chosen} is a Loss"
    return chosen(experiment)
