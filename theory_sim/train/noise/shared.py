"""Noise on the pre-activations, one draw a neuron for the whole batch."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.numeric.streams import normal
from theory_sim.train.noise.base import PreActivationNoise, Sites

__all__ = ["SharedNoise"]


@PLACEMENTS.register
class SharedNoise(PreActivationNoise):
    """Independent between neurons and patches, the same for all examples: covariance s^2 ||x|| ||x'||.

    It is scaled by each patch's norm, so that every input has the variance that noise on the weights would give it.
    """

    name = "pre-activations-shared"
    summary = (r"$s\lVert x_c\rVert\varepsilon$ added to each pre-activation; "
               "one draw for each neuron and patch, shared over the batch")
    common = True

    def draw(self, generator: np.random.Generator, rows: int, sites: Sites) -> Array:
        drawn = np.empty((rows, 2), sites.x.dtype)
        normal(generator, drawn)
        noise: Array = drawn[:, sites.patch] * sites.norm
        return noise
