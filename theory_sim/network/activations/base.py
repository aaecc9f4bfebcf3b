"""What an activation declares and computes."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, ActivationChoice
from theory_sim.reading.answers import require_numbers, unchanged

__all__ = ["Activation", "make_activation"]

# Where derivatives are compared with differences: away from 0, at which activations have their kinks.
_POINTS: Final = (-3.137, -1.731, -0.618, -0.131, 0.131, 0.577, 1.414, 4.321)
_STEP: Final = 1e-5
_TOLERANCE: Final = 1e-6


class Activation(ActivationChoice):
    """An activation phi of the neurons. A subclass declares `ActivationChoice`'s attributes and registers itself.

    Parameters
    ----------
    experiment : Experiment
        Gives the activation's own fields.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._own = experiment.own_values

    @abstractmethod
    def value(self, z: Array) -> Array:
        """phi(z), any shape, float64."""

    @abstractmethod
    def slope(self, z: Array) -> Array:
        """phi'(z), any shape, float64; at a kink the slope to its left."""

    def bend(self, z: Array) -> Array:
        """phi''(z), any shape, float64; of two straight lines zero.

        Raises
        ------
        InputError
            If the activation declares none.
        """
        if self.two_lines:
            return np.zeros_like(z)
        raise InputError(f"activation {self.name!r} without second derivative", "the Hessian is made of phi''",
                         "give the class a method bend(self, z)", fields=("activation",))

    def require_consistent(self) -> None:
        """Compare ``slope`` and ``bend`` with differences, and what is declared with ``value``, at eight pre-activations.

        Raises
        ------
        InputError
            If they disagree by more than rounding, or one gives something else than a finite number for each.
        """
        z = np.array(_POINTS)
        value, slope = self._numbers("value", z), self._numbers("slope", z)
        pairs = [("slope", slope, "value")] + ([("bend", self._numbers("bend", z), "slope")] if self.has_bend() else [])
        for name, given, of in pairs:
            expected = (self._numbers(of, z + _STEP) - self._numbers(of, z - _STEP)) / (2.0 * _STEP)
            if len(worst := np.flatnonzero(~(np.abs(given - expected) <= _TOLERANCE * (1.0 + np.abs(expected))))):
                at = int(worst[0])
                raise self._wrong(f"has the {name} {given[at]:g} at {z[at]:g}",
                                  f"the derivative, {expected[at]:.6g} by differences",
                                  f"fix {name}, or what it is the derivative of")
        declared: dict[str, tuple[Array, Array]] = {
            "zero_at_zero": (self._numbers("value", np.zeros(1)), np.zeros(1)),
            "homogeneous": (self._numbers("value", 2.0 * z), 2.0 * value),
            "two_lines": (slope, np.where(z > 0.0, slope[-1], slope[0])),
            "fast_networks": (value, np.maximum(z, 0.0)),
            "error_function": (value, np.array([math.erf(each) for each in z])),
        }
        for name, (found, expected) in declared.items():
            if getattr(self, name) and not np.allclose(found, expected, rtol=1e-9, atol=1e-12):
                raise self._wrong(f"declares {name}", "what its value and slope show: they are not so", f"leave {name} out")

    def _numbers(self, method: str, z: Array) -> Array:
        what = f"{method} of the activation {self.name!r}"
        with unchanged(what, z=z):
            found = getattr(self, method)(z)
        return require_numbers(found, z.shape, what, fix=f"let {method} act element by element")

    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        super().require_answers(experiment)
        cls(experiment).require_consistent()

    def _wrong(self, found: str, rule: str, fix: str) -> InputError:
        return InputError(f"the activation {self.name!r} {found}", rule, fix, fields=("activation",))

    @classmethod
    def has_bend(cls) -> bool:
        """Whether `bend` is known."""
        return cls.two_lines or cls.bend is not Activation.bend


def make_activation(experiment: Experiment) -> Activation:
    """Activation of an experiment."""
    chosen = ACTIVATIONS[experiment.activation]
    assert issubclass(chosen, Activation), f"{chosen} is an Activation"
    return chosen(experiment)
