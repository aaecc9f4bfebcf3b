"""alpha the same for all examples."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data.alpha.base import AlphaDistribution, AlphaLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ALPHA_LAWS

__all__ = ["Fixed"]


@ALPHA_LAWS.register
class Fixed(AlphaLaw):
    """One length."""

    name = "fixed"
    summary = "`alpha_max` for every example"
    reads = ("alpha_max",)

    @classmethod
    def distribution(cls, experiment: Experiment) -> AlphaDistribution:
        return AlphaDistribution(lengths={experiment.alpha_max: 1.0})

    @classmethod
    def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> Array:
        return np.full(n, experiment.alpha_max)
