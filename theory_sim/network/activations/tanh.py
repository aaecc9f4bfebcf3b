"""The hyperbolic tangent."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations.base import Activation

__all__ = ["Tanh"]


@ACTIVATIONS.register
class Tanh(Activation):
    """tanh(z)."""

    name = "tanh"
    summary = r"$\tanh z$"
    zero_at_zero = True

    def value(self, z: Array) -> Array:
        return np.tanh(z)

    def slope(self, z: Array) -> Array:
        return 1.0 - np.tanh(z) ** 2

    def bend(self, z: Array) -> Array:
        return -2.0 * np.tanh(z) * self.slope(z)
