"""ReLU, the activation of the theory (THEORY §2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations.base import Activation

__all__ = ["ReLU"]


@ACTIVATIONS.register
class ReLU(Activation):
    """max(z, 0)."""

    name = "relu"
    summary = r"$\max(z,0)$, the theory's"
    in_theory, fast_networks, homogeneous, zero_at_zero, two_lines = True, True, True, True, True

    @classmethod
    def slopes(cls, experiment: Any) -> tuple[float, float] | None:
        return 0.0, 1.0

    def value(self, z: Array) -> Array:
        return np.maximum(z, 0.0)

    def slope(self, z: Array) -> Array:
        return np.where(z > 0.0, 1.0, 0.0)
