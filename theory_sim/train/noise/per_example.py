"""Noise on the pre-activations, drawn for each example on its own."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.numeric.streams import normal
from theory_sim.train.noise.base import PreActivationNoise, Sites

__all__ = ["PerExampleNoise"]


@PLACEMENTS.register
class PerExampleNoise(PreActivationNoise):
    """Independent between neurons, examples and patches: covariance s^2 ||x||^2 for one input with itself, else none."""

    name = "pre-activations"
    summary = (r"$s\lVert x_c\rVert\varepsilon$ added to each pre-activation; "
               "own draws for each neuron, example and patch")
    per_example = True
    in_limit = False

    def draw(self, generator: np.random.Generator, rows: int, sites: Sites) -> Array:
        noise: Array = np.empty((rows, len(sites.norm)), sites.x.dtype)
        normal(generator, noise)
        noise *= sites.norm
        return noise
