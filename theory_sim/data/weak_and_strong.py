"""A weak feature in every example and a strong one in some, as in work on large learning rates that oscillate.

Lu, Wu, Yang and Zou, *Benign Oscillation of Stochastic Gradient Descent with Large Learning Rates*, ICLR 2024,
arXiv:2310.17074: weak features of small norm in each data point, strong ones of larger norm in a fraction of them, and noise.
This law has these three; sizes and patches are this project's, not that paper's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from theory_sim.arrays import Array
from theory_sim.data.law import DataLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS

__all__ = ["WeakAndStrong"]


@DATA_LAWS.register
class WeakAndStrong(DataLaw):
    """x_1 = y weak_norm v + noise in every example; x_2 = y strong_norm u with probability strong_share, else 0.

    v and u are unit vectors, the same for all examples; the noise is N(0, patch_noise^2 / d) in each coordinate.
    """

    name = "weak-and-strong"
    summary = ("`x_1`: a weak feature and noise in every example; `x_2`: a strong feature in a share of them "
               "(after Lu, Wu, Yang, Zou, arXiv:2310.17074)")
    kinds = ("weak-only", "both")
    fields: ClassVar[Mapping[str, Any]] = {
        "weak_norm": Annotated[float, Field(0.3, gt=0, le=1e3, description="norm of the weak feature")],
        "strong_norm": Annotated[float, Field(1.0, gt=0, le=1e3, description="norm of the strong feature")],
        "strong_share": Annotated[float, Field(0.8, ge=0, le=1, description="share of examples with the strong feature")],
        "patch_noise": Annotated[float, Field(1.0, ge=0, le=1e3, description="norm of the noise in x_1, nearly")],
    }

    @classmethod
    def shares(cls, experiment: Experiment) -> Sequence[float]:
        share = experiment.own_values["strong_share"]
        return 1.0 - share, share

    @classmethod
    def patches(
        cls, experiment: Experiment, kind: Array, y: Array, rng: np.random.Generator, fixed: np.random.Generator
    ) -> tuple[Array, Array]:
        d, own = experiment.d, experiment.own_values
        weak, strong = fixed.standard_normal((2, d))
        noise = rng.standard_normal((len(y), d)) * (own["patch_noise"] / np.sqrt(d))
        x1 = np.outer(y * own["weak_norm"], weak / np.sqrt(np.sum(weak * weak))) + noise
        x2 = np.outer(np.where(kind == 1, y * own["strong_norm"], 0.0), strong / np.sqrt(np.sum(strong * strong)))
        return x1, x2
