"""alpha with a density that is a power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from theory_sim.arrays import Array
from theory_sim.data.alpha.base import AlphaDistribution, AlphaLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ALPHA_LAWS

__all__ = ["Power"]


@ALPHA_LAWS.register
class Power(AlphaLaw):
    """Density proportional to alpha^p between both ends: few short patches for p > 0, many for p < 0."""

    name = "power"
    summary = r"density $\propto\alpha^p$ on [`alpha_min`, `alpha_max`], $p$ = `alpha_power`"
    fields: ClassVar[Mapping[str, Any]] = {
        "alpha_power": Annotated[float, Field(1.0, gt=-1, le=100, description="power p of alpha's density")],
    }

    @classmethod
    def distribution(cls, experiment: Experiment) -> AlphaDistribution:
        low, high, power = experiment.alpha_min, experiment.alpha_max, experiment.own_values["alpha_power"] + 1.0
        if low == high:
            return AlphaDistribution(lengths={high: 1.0})
        return AlphaDistribution(lambda alpha: (alpha**power - low**power) / (high**power - low**power))

    @classmethod
    def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> Array:
        # By the inverse of the distribution function, relative to the upper end, whose powers may overflow; in logarithms,
        # since near p = -1 both ends have nearly the same power.
        high, power = experiment.alpha_max, experiment.own_values["alpha_power"] + 1.0
        span = -1.0 if experiment.alpha_min == 0.0 else np.expm1(power * np.log(experiment.alpha_min / high))
        drawn: Array = high * np.exp(np.log1p(span * (1.0 - rng.random(n))) / power)
        return np.clip(drawn, experiment.alpha_min, high)
