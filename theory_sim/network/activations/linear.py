"""No activation: the network is linear in its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations.base import Activation

__all__ = ["Linear"]


@ACTIVATIONS.register
class Linear(Activation):
    """z itself."""

    name = "linear"
    summary = r"$z$: a linear network"
    homogeneous, zero_at_zero, two_lines = True, True, True

    @classmethod
    def slopes(cls, experiment: Any) -> tuple[float, float] | None:
        return 1.0, 1.0

    def value(self, z: Array) -> Array:
        return z

    def slope(self, z: Array) -> Array:
        return np.ones_like(z)
