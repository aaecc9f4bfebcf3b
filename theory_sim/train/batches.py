"""Mini-batches without replacement, addressed by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.numeric.streams import StepStream

__all__ = ["Batches"]

Array = np.ndarray[Any, Any]


class Batches:
    """Which examples a step's gradient averages over: all, or B drawn afresh without replacement each step."""

    def __init__(self, experiment: Experiment) -> None:
        self._n = experiment.n_examples
        self._size = experiment.batch_size
        self._stream = StepStream(experiment.seed_of("batch"), "batch")

    def at(self, step: int) -> Array | None:
        """Sorted indices of the step's batch, (B,); None for all examples."""
        if self._size is None:
            return None
        return np.sort(self._stream.at(step).choice(self._n, size=self._size, replace=False))
