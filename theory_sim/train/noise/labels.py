"""Labels that are flipped with a probability, drawn anew at each step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.train.losses import Loss
from theory_sim.train.noise.base import LabelNoise

__all__ = ["FlippedLabels"]


@PLACEMENTS.register
class FlippedLabels(LabelNoise):
    """Each example's label has the other sign with probability s, independently at each step."""

    name = "labels"
    summary = r"each label flipped with probability $s$, anew at each step"
    unit = "probability"

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if experiment.noise_level > 1:
            yield Fault(f"noise_level = {experiment.noise_level:g} with noise_placement = {cls.name!r}",
                        "the probability of a flip", "give a number of at most 1", ("noise_level", "noise_placement"))

    def residual(self, generator: np.random.Generator, level: float, y: Array, f: Array, loss: Loss) -> Array:
        seen = np.where(generator.random(len(y)) < level, -y, y)
        return seen * loss.slope(seen * f)
