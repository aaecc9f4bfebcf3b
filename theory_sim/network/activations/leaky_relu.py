"""Leaky ReLU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from theory_sim.arrays import Array
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network.activations.base import Activation

__all__ = ["LeakyReLU"]


@ACTIVATIONS.register
class LeakyReLU(Activation):
    """max(z, 0) + leak min(z, 0)."""

    name = "leaky-relu"
    summary = r"$\max(z,0)+a\min(z,0)$ with $a$ = `leak`"
    homogeneous, zero_at_zero, two_lines = True, True, True
    fields: ClassVar[Mapping[str, Any]] = {
        "leak": Annotated[float, Field(0.1, ge=-1, le=1, description="slope of leaky ReLU below 0")],
    }

    @classmethod
    def slopes(cls, experiment: Any) -> tuple[float, float] | None:
        return experiment.own_values["leak"], 1.0

    def value(self, z: Array) -> Array:
        return np.where(z > 0.0, z, self._own["leak"] * z)

    def slope(self, z: Array) -> Array:
        return np.where(z > 0.0, 1.0, self._own["leak"])
