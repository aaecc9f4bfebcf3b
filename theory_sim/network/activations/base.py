"""What an activation declares and computes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, ActivationChoice

__all__ = ["Activation", "make_activation"]

Array = np.ndarray[Any, Any]


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

    @classmethod
    def has_bend(cls) -> bool:
        """Whether `bend` is known."""
        return cls.two_lines or cls.bend is not Activation.bend


def make_activation(experiment: Experiment) -> Activation:
    """Activation of an experiment."""
    chosen = ACTIVATIONS[experiment.activation]
    assert issubclass(chosen, Activation), f"{chosen} is an Activation"
    return chosen(experiment)
