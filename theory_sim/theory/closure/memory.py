"""What the closure remembers of earlier blocks: one source of residuals each, and what has become of it since."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from theory_sim.theory.closure.noise import Noise
from theory_sim.theory.closure.problem import ClosureProblem, Floats

__all__ = ["CAPACITY", "Block", "Correlations", "History"]


_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_NODES = 0.5 * (_POINTS + 1.0)
CAPACITY = 256
"""Blocks that fit at first; where they do not, twice as many."""


class Correlations(NamedTuple):
    """Correlations rho (points, n) of patterns at the steps of n earlier blocks with present ones, and weights of a mean."""

    rho: Floats
    weight: Floats

    def mean(self, kernel: Floats) -> Floats:
        """Mean (n,) over each block's steps of a function (points, n) of rho."""
        value: Floats = (self.weight * kernel).sum(axis=0)
        return value


@dataclass(frozen=True)
class Block:
    """Steps of one rate that are taken together.

    Their sources are one source at ``centre``, the mean time of those steps' starts, a step before the mean of their ends.

    Attributes
    ----------
    rate : float
        Learning rate.
    steps : int
        Number of steps.
    length : float
        Learning-rate time of the block.
    centre : float
        Time from the block's start to the mean of the times at which its steps leave: 0 for a single step.
    start, source, end : Noise
        The noise at the block's start, centre and end.
    """

    rate: float
    steps: int
    length: float
    centre: float
    start: Noise
    source: Noise
    end: Noise

    @classmethod
    def of(cls, noise: Noise, rate: float, steps: int, length: float) -> Block:
        """Block that starts with ``noise``."""
        centre = 0.5 * (length - rate) if steps > 1 else 0.0
        source = noise.after(rate, centre) if centre > 0.0 else noise
        return cls(rate, steps, length, centre, noise, source, noise.after(rate, length))

    @property
    def share(self) -> float:
        """The centre as a share of the block."""
        return self.centre / self.length


class History:
    """Sources of all blocks; block n lies in row n, and writing it again replaces it.

    Attributes
    ----------
    length : (blocks,)
        Learning-rate time of each block.
    log_gain, log_rho : (blocks,)
        log D and log rho of the noise at the source, one step later for D (THEORY §4).
    half_age : (blocks,)
        Half of the age -log rho that patterns gain over the block; 0 for a single step.
    weight : (blocks, J)
        Residual weights of the points that hold P at the source.
    residual : (blocks, 2)
        Residuals on z and on z +- zeta at the source.
    reaction : (kinds, blocks, blocks)
        Change of a kind's mean residual weight at block t (row) per unit that was added to the field at block s (column).
    """

    def __init__(self, points: int, kinds: int, capacity: int = CAPACITY) -> None:
        self.length, self.log_gain, self.log_rho = np.zeros(capacity), np.zeros(capacity), np.zeros(capacity)
        self.half_age = np.zeros(capacity)
        self.weight, self.residual = np.zeros((capacity, points)), np.zeros((capacity, 2))
        self.reaction = np.zeros((kinds, capacity, capacity))

    def make_room(self, blocks: int) -> None:
        """Let one more row than ``blocks`` fit."""
        capacity = self.length.size
        if blocks < capacity:
            return
        more = [(0, capacity)]
        self.length, self.log_gain = np.pad(self.length, more), np.pad(self.log_gain, more)
        self.log_rho, self.half_age = np.pad(self.log_rho, more), np.pad(self.half_age, more)
        self.weight, self.residual = (np.pad(rows, [*more, (0, 0)]) for rows in (self.weight, self.residual))
        self.reaction = np.pad(self.reaction, [(0, 0), *more, *more])

    def begin(self, n: int, block: Block, problem: ClosureProblem) -> None:
        """Enter block n; nothing learns at a noise of level 0, where a ReLU has no gradient, unless patterns are given."""
        seen = block.start.variance > 0.0 or problem.frozen_patterns or problem.redrawn_patterns
        self.length[n] = block.length if seen else 0.0
        self.log_gain[n] = block.source.log_decay + math.log1p(-block.rate * block.source.lambda_)
        self.log_rho[n] = block.source.log_rho
        self.half_age[n] = 0.5 * (block.start.log_rho - block.end.log_rho) if block.steps > 1 else 0.0

    def decay(self, n: int, noise: Noise) -> Floats:
        """D(s, t) of the first n blocks at the time of ``noise``, (n,)."""
        value: Floats = np.exp(noise.log_decay - self.log_gain[:n])
        return value

    def correlations(self, n: int, noise: Noise, problem: ClosureProblem) -> Correlations:
        """Correlation of the patterns of the first n blocks with those at the time of ``noise``.

        Kernels have a kink at age 0, like the root of the age: in that root, Gauss' rule sees none.
        """
        if problem.redrawn_patterns:
            return Correlations(np.zeros((1, n)), np.ones((1, n)))
        age = np.maximum(self.log_rho[:n] - noise.log_rho, 0.0)
        young, old = np.sqrt(np.maximum(age - self.half_age[:n], 0.0)), np.sqrt(age + self.half_age[:n])
        root = young + (old - young) * _NODES[:, None]
        weight = _WEIGHTS[:, None] * np.maximum(root, 1e-150)
        return Correlations(np.exp(-(root**2)), weight / weight.sum(axis=0))
