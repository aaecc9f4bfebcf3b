"""GELU, in its exact form (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from theory_sim.arrays import Array
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations.base import Activation

__all__ = ["GELU"]


@ACTIVATIONS.register
class GELU(Activation):
    """z Phi(z)."""

    name = "gelu"
    summary = r"$z\,\Phi(z)$ with the standard normal distribution function (arXiv:1606.08415)"
    zero_at_zero = True

    def value(self, z: Array) -> Array:
        return np.asarray(z * ndtr(z))

    def slope(self, z: Array) -> Array:
        return np.asarray(ndtr(z) + z * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))

    def bend(self, z: Array) -> Array:
        return np.asarray((2.0 - z * z) * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))
