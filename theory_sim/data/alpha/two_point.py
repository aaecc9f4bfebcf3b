"""alpha one of two lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from theory_sim.arrays import Array
from theory_sim.data.alpha.base import AlphaDistribution, AlphaLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ALPHA_LAWS

__all__ = ["TwoPoint"]


@ALPHA_LAWS.register
class TwoPoint(AlphaLaw):
    """Short or long second patches."""

    name = "two-point"
    summary = "`alpha_max` with probability `alpha_share`, else `alpha_min`"
    fields: ClassVar[Mapping[str, Any]] = {
        "alpha_share": Annotated[float, Field(0.5, ge=0, le=1, description="probability that alpha is alpha_max")],
    }

    @classmethod
    def distribution(cls, experiment: Experiment) -> AlphaDistribution:
        long = experiment.own_values["alpha_share"]
        if experiment.alpha_min == experiment.alpha_max:
            return AlphaDistribution(lengths={experiment.alpha_max: 1.0})
        return AlphaDistribution(lengths={experiment.alpha_min: 1.0 - long, experiment.alpha_max: long})

    @classmethod
    def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> Array:
        long = rng.random(n) < experiment.own_values["alpha_share"]
        return np.where(long, experiment.alpha_max, experiment.alpha_min)
