"""Softplus, a smooth ReLU."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from theory_sim.arrays import Array
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations.base import Activation

__all__ = ["Softplus"]


@ACTIVATIONS.register
class Softplus(Activation):
    """log(1 + e^z)."""

    name = "softplus"
    summary = r"$\log(1+e^z)$"

    def value(self, z: Array) -> Array:
        return np.logaddexp(0.0, z)

    def slope(self, z: Array) -> Array:
        return np.asarray(expit(z))

    def bend(self, z: Array) -> Array:
        return np.asarray(expit(z) * expit(-z))
