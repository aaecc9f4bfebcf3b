"""Mini-batches without replacement, drawn afresh each step."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment.choices import SAMPLINGS
from theory_sim.train.sampling.base import Sampling

__all__ = ["WithoutReplacement"]


@SAMPLINGS.register
class WithoutReplacement(Sampling):
    """All examples, or B of them drawn afresh without replacement each step."""

    name = "without-replacement"
    summary = "all examples, or `batch_size` different ones, drawn afresh each step"
    needs_batch = False

    def at(self, step: int) -> Array | None:
        if self._size is None:
            return None
        return np.sort(self._stream.at(step).choice(self._n, size=self._size, replace=False))
