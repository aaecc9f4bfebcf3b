"""Gaussian noise on the targets of the squared loss, drawn anew at each step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import LOSSES, PLACEMENTS
from theory_sim.train.losses import Loss
from theory_sim.train.noise.base import LabelNoise

__all__ = ["NoisyTargets"]


@PLACEMENTS.register
class NoisyTargets(LabelNoise):
    """The loss is (y + s e - f)^2 / 2 with e ~ N(0, 1), independently for each example and step."""

    name = "targets"
    summary = r"$y+s\varepsilon$ in place of $y$, anew at each step; with the squared loss alone"
    unit = "target"
    needs_targets = True

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        chosen = LOSSES[experiment.loss]
        if not (issubclass(chosen, Loss) and chosen.of_targets):
            possible = [each.name for each in LOSSES if issubclass(each, Loss) and each.of_targets]
            yield Fault(f"noise_placement = {cls.name!r} with loss = {experiment.loss!r}",
                        "a loss of y - f, which has targets other than -1 and 1",
                        f"set loss = {' or '.join(map(repr, possible))}, or noise_placement = 'labels'",
                        ("noise_placement", "loss"))

    def residual(self, generator: np.random.Generator, level: float, y: Array, f: Array, loss: Loss) -> Array:
        return y * loss.slope(y * f) - level * generator.standard_normal(len(y))
