"""Gradients taken at perturbed iterates; the perturbation is not kept."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.numeric.streams import normal
from theory_sim.train.noise.base import PreActivationNoise, Sites

__all__ = ["TransientNoise"]


@PLACEMENTS.register
class TransientNoise(PreActivationNoise):
    """Output and gradient at U + s E, E ~ N(0, I): covariance s^2 <x, x'> between pre-activations (THEORY §5)."""

    name = "iterates-transient"
    summary = r"output and gradient taken at $U_t+s\,E$; $E$ is not kept"

    def draw(self, generator: np.random.Generator, rows: int, sites: Sites) -> Array:
        drawn = np.empty((rows, sites.x.shape[1]), sites.x.dtype)
        normal(generator, drawn)
        noise: Array = drawn @ sites.x.T
        return noise
