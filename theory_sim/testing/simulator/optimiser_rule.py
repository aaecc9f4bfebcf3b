"""Rules by which a step is made of gradients (THEORY §15), written out, in parts that a mistake can change."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment

__all__ = ["KNOWN_OPTIMISERS", "Memory", "Numbers", "OptimiserRule"]

KNOWN_OPTIMISERS: Final = ("gradient-descent", "heavy-ball", "nesterov", "rmsprop", "adam", "adamw")
"""Those that are written out here."""
_ADAPTIVE: Final = ("rmsprop", "adam", "adamw")


class Numbers(NamedTuple):
    """Of a gradient G: b <- kept b + taken G, and the direction along_buffer b + along_gradient G."""

    kept: float = 0.0
    taken: float = 0.0
    along_buffer: float = 0.0
    along_gradient: float = 1.0


class Memory(NamedTuple):
    """What a rule remembers of the gradients of a layer, with bounds of its rounding errors.

    Attributes
    ----------
    buffer, squares : (m, k) arrays
        Mean gradient or momentum, and mean square.
    buffer_error, squares_error : (m, k) arrays
    """

    buffer: Array
    squares: Array
    buffer_error: Array
    squares_error: Array


class OptimiserRule:
    """Direction of a step by the experiment's optimiser, with a bound of its rounding error.

    Parameters
    ----------
    experiment : Experiment
        Gives the optimiser and its own fields.
    eps : float
        Unit of rounding, times the number of terms of the longest sum.
    """

    def __init__(self, experiment: Experiment, eps: float) -> None:
        self.e, self.eps, self.own = experiment, eps, experiment.own_values
        self.momentum = float(self.own.get("momentum", self.own.get("beta_1", 0.0)))
        self.smoothing = float(self.own.get("smoothing", self.own.get("beta_2", 0.0)))
        self.epsilon = float(self.own.get("epsilon", 0.0))
        self.adaptive = experiment.optimiser in _ADAPTIVE
        self.coupled = experiment.optimiser != "adamw" and self.own.get("decay", "coupled") == "coupled"

    def numbers(self, t: int) -> Numbers:
        """How step t, the first being 0, makes its direction of a gradient."""
        mu = self.momentum
        if self.e.optimiser == "heavy-ball":
            return Numbers(mu, 1.0, 1.0, 0.0)
        if self.e.optimiser == "nesterov":
            return Numbers(mu, 1.0, mu, 1.0)
        if self.e.optimiser in ("adam", "adamw"):
            return Numbers(mu, 1.0 - mu, 1.0 / self.first_correction(t), 0.0)
        return Numbers()

    def first_correction(self, t: int) -> float:
        """What Adam's mean gradient is divided by."""
        return float(1.0 - self.momentum ** (t + 1))

    def second_correction(self, t: int) -> float:
        """What the mean square is divided by."""
        return float(1.0 - self.smoothing ** (t + 1)) if self.e.optimiser != "rmsprop" else 1.0

    def square(self, g: Array) -> Array:
        """What is averaged: g^2, or in a pair with one preconditioner its mean over both neurons."""
        return self.of_pairs(g * g)

    def of_pairs(self, squares: Array) -> Array:
        """Means over each pair, where it has one preconditioner."""
        if self.own.get("preconditioner") != "pair":
            return squares
        return np.repeat((squares[::2] + squares[1::2]) / 2, 2, axis=0)

    def divisor(self, squares: Array, t: int) -> Array:
        """What the direction is divided by."""
        root: Array = np.sqrt(squares / self.second_correction(t)) + self.epsilon
        return root

    def begin(self, like: Array) -> Memory:
        """Before the first step."""
        return Memory(*(np.zeros_like(like) for _ in range(4)))

    def remember(self, memory: Memory, g: Array, error: Array, t: int) -> Memory:
        """After the gradient of step t."""
        at = self.numbers(t)
        buffer = at.kept * memory.buffer + at.taken * g
        buffer_error = abs(at.kept) * memory.buffer_error + abs(at.taken) * error + self.eps * np.abs(buffer)
        if not self.adaptive:
            return memory._replace(buffer=buffer, buffer_error=buffer_error)
        share = 1.0 - self.smoothing
        squares = self.smoothing * memory.squares + share * self.square(g)
        squares_error = (self.smoothing * memory.squares_error + share * self.of_pairs(2 * np.abs(g) * error + error**2)
                         + self.eps * squares)
        return Memory(buffer, squares, buffer_error, squares_error)

    def direction(self, memory: Memory, g: Array, error: Array, t: int) -> tuple[Array, Array]:
        """Direction of step t, and how far rounding can move it; ``memory`` is that after its gradient."""
        at = self.numbers(t)
        above = at.along_buffer * memory.buffer + at.along_gradient * g
        off = abs(at.along_buffer) * memory.buffer_error + abs(at.along_gradient) * error
        if not self.adaptive:
            return above, off
        # 1 - beta^(t + 1) has few digits left where beta is near 1, and a computer in float32 has them from there.
        rough = self.eps * (1.0 + 1.0 / abs(self.first_correction(t) or 1.0) + 1.0 / abs(self.second_correction(t) or 1.0))
        found = above / self.divisor(memory.squares, t)
        corners = [(above + side * off) / self.divisor(np.maximum(memory.squares + other * memory.squares_error, 0.0), t)
                   for side in (-1, 1) for other in (-1, 1)]
        return found, np.max([np.abs(corner - found) for corner in corners], axis=0) + rough * np.abs(found)
