"""Mini-batches with replacement, drawn afresh each step."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import SAMPLINGS
from theory_sim.train.sampling.base import Sampling

__all__ = ["WithReplacement"]


@SAMPLINGS.register
class WithReplacement(Sampling):
    """B independent draws from the training set each step; an example that is drawn twice counts twice."""

    name = "with-replacement"
    summary = "`batch_size` independent draws each step; one that is drawn twice counts twice"

    def at(self, step: int) -> Array | None:
        return np.sort(self._stream.at(step).integers(self._n, size=self._size))
