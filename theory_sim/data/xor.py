"""An XOR law after Wei, Lee, Liu and Ma 2018, on which a regularised network needs fewer examples than its tangent kernel.

*Regularization Matters: Generalization and Optimization of Neural Nets v.s. their Induced Kernel*, NeurIPS 2019,
arXiv:1810.05369. Its abstract gives O(d) examples against Omega(d^2), on a "simple distribution"; that this is the law below
was not checked against the paper's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data.law import DataLaw
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS

__all__ = ["XOR"]


@DATA_LAWS.register
class XOR(DataLaw):
    """First two coordinates +-e_1 for y = 1 and +-e_2 for y = -1; the other d - 2 coordinates uniform on +-1; one patch.

    In axes turned by 45 degrees the label is the product of the signs of two coordinates. Inputs are divided by sqrt(d), so
    that their norm is about 1, as the theory's is.
    """

    name = "xor"
    summary = (r"one patch: $(\pm1,0)$ for $y=1$, $(0,\pm1)$ for $y=-1$, then $d-2$ coordinates $\pm1$, all over $\sqrt d$ "
               "(after Wei, Lee, Liu, Ma, arXiv:1810.05369)")
    kinds = ("xor",)
    least_d = 2

    @classmethod
    def faults(cls, experiment: Any) -> Iterator[Fault]:
        if experiment.d < cls.least_d:
            yield Fault(f"d = {experiment.d} with data_law = {cls.name!r}", "the label is in two coordinates",
                        f"make d at least {cls.least_d}", ("d", "data_law"))

    @classmethod
    def second_dimension(cls, experiment: Any) -> int:
        return 0

    @classmethod
    def patches(
        cls, experiment: Experiment, kind: Array, y: Array, rng: np.random.Generator, fixed: np.random.Generator
    ) -> tuple[Array, Array]:
        n, d = len(y), experiment.d
        x = rng.choice(np.array([-1.0, 1.0]), size=(n, d))
        x[np.arange(n), (y > 0).astype(np.int64)] = 0.0
        return x / np.sqrt(d), np.empty((n, 0))
