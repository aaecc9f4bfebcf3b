"""alpha ~ U[alpha_min, alpha_max], the law of the theory (THEORY §1)."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data.alpha.base import AlphaDistribution, AlphaLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ALPHA_LAWS

__all__ = ["Uniform"]


@ALPHA_LAWS.register
class Uniform(AlphaLaw):
    """Every length between the two ends alike."""

    name = "uniform"
    summary = "uniform on [`alpha_min`, `alpha_max`], the theory's law"
    in_theory = True

    @classmethod
    def distribution(cls, experiment: Experiment) -> AlphaDistribution:
        low, width = experiment.alpha_min, experiment.alpha_max - experiment.alpha_min
        if width == 0.0:
            return AlphaDistribution(lengths={low: 1.0})
        return AlphaDistribution(lambda alpha: (alpha - low) / width)

    @classmethod
    def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> Array:
        return rng.uniform(experiment.alpha_min, experiment.alpha_max, size=n)
