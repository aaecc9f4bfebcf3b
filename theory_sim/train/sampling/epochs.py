"""Passes over the training set, each in a random order of its own."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SAMPLINGS
from theory_sim.train.sampling.base import Sampling

__all__ = ["Epochs"]


@SAMPLINGS.register
class Epochs(Sampling):
    """Every example once a pass of ceil(N / B) steps, of which the last has what is left over."""

    name = "epochs"
    summary = "passes in a random order each, `batch_size` examples a step; the last step of a pass has what is left over"

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self._steps = -(-self._n // (self._size or self._n))
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def at(self, step: int) -> Array | None:
        epoch, place = divmod(step, self._steps)
        if epoch != self._epoch:  # the order of a pass is drawn at the address of its number
            self._epoch, self._order = epoch, self._stream.at(epoch).permutation(self._n)
        size = self._size or self._n
        return np.sort(self._order[place * size : (place + 1) * size])
