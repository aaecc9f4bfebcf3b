"""The error function."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from theory_sim.arrays import Array
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations.base import Activation

__all__ = ["Erf"]


@ACTIVATIONS.register
class Erf(Activation):
    """erf(z) = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to z."""

    name = "erf"
    summary = r"$\mathrm{erf}\,z$"
    zero_at_zero, error_function = True, True

    def value(self, z: Array) -> Array:
        return np.asarray(erf(z))

    def slope(self, z: Array) -> Array:
        return np.asarray(2.0 / np.sqrt(np.pi) * np.exp(-z * z))

    def bend(self, z: Array) -> Array:
        return np.asarray(-2.0 * z * self.slope(z))
