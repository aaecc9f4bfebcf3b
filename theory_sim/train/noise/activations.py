"""Noise after the activation, drawn for each neuron and example."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.train.noise.base import OutputNoise

__all__ = ["ActivationNoise"]


@PLACEMENTS.register
class ActivationNoise(OutputNoise):
    """s ||x_c|| e_jc added to every neuron's activation at each patch c.

    Second-layer weights of norm 1 turn independent noise of the neurons into s ||x|| N(0, 1) on the output, exactly, and the
    gradient in U sees it through the residual alone: so one number an example is drawn. Neurons of a pair have noise of
    their own here, or it would cancel.
    """

    name = "activations"
    summary = r"$s\lVert x_c\rVert\varepsilon$ added to each activation; own draws"

    def draw(self, generator: np.random.Generator, norm: Array) -> Array:
        noise: Array = generator.standard_normal(len(norm)) * norm
        return noise
