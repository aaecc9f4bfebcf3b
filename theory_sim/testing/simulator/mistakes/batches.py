"""Mistakes in the examples of a step."""

from __future__ import annotations

import numpy as np

from theory_sim.arrays import Array
from theory_sim.testing.simulator.rule import Rule

__all__ = ["IN_BATCHES"]


class _MeanOverAll(Rule):
    says = "sum over the mini-batch divided by N, not by its size"

    def weights(self, t: int) -> Array:
        return super().weights(t) * (len(self.batch(t)) / len(self.y))


class _WholeSet(Rule):
    says = "the whole training set in place of the mini-batch"

    def batch(self, t: int) -> Array:
        return np.arange(len(self.y))


class _CountsDropped(Rule):
    says = "an example that is drawn twice counts once; the mean is over all draws"

    def weights(self, t: int) -> Array:
        return (super().weights(t) > 0) / len(self.batch(t))


class _DistinctExamples(Rule):
    says = "an example that is drawn twice counts once; the mean is over the different ones"

    def batch(self, t: int) -> Array:
        return np.unique(super().batch(t))


class _FullBatchSize(Rule):
    says = "the last batch of a pass divided by batch_size, not by the examples that it has"

    def weights(self, t: int) -> Array:
        return super().weights(t) * (len(self.batch(t)) / (self.e.batch_size or len(self.y)))


class _FirstBatch(Rule):
    says = "the first step's mini-batch at every step"

    def batch(self, t: int) -> Array:
        return super().batch(0)


class _NextBatch(Rule):
    says = "mini-batch of the next step, t + 1 in place of t"

    def batch(self, t: int) -> Array:
        return super().batch(min(t + 1, len(self.answer.batches) - 1))


IN_BATCHES = (_MeanOverAll, _WholeSet, _CountsDropped, _DistinctExamples, _FullBatchSize, _FirstBatch, _NextBatch)
