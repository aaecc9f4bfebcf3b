"""What the closure is asked: parameters of data and noise, ends of the run, and the law of the rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from theory_sim.theory.arc_cosine import RELU, KernelConstants
from theory_sim.theory.closure.loss import LOGISTIC, LossOfMargin

__all__ = ["ClosureProblem", "Floats", "Patterns", "Rates"]

Floats = NDArray[np.float64]
Patterns = Literal["moving", "frozen", "frozen-at-annealing", "redrawn"]


@dataclass(frozen=True)
class ClosureProblem:
    """Parameters of one run (THEORY §1, §3).

    Attributes
    ----------
    d, n_examples : float
        Dimension of a patch and number of training examples N; need not be whole.
    p0, q0, g0, r, alpha_min, alpha_max : float
        The data's parameters.
    lambda_, tau_xi, tau_0 : float
        Weight decay, injected noise and initial noise level.
    max_tau : float
        Learning-rate time at which the run ends, by the rule of the other engines.
    max_steps : int, optional
        Number of steps after which it ends, if that comes first.
    stop_loss : float, optional
        Mean training loss at which it ends.
    patterns : {"moving", "frozen", "frozen-at-annealing", "redrawn"}
        Activation patterns: of the noise, of the start, of the noise until the rate first falls, or new at each step.
    constants : KernelConstants
        Of the activation's kernel, by default ReLU.
    loss : LossOfMargin
        By default the logistic one.
    """

    d: float
    n_examples: float
    p0: float
    q0: float
    g0: float
    r: float
    alpha_min: float
    alpha_max: float
    lambda_: float
    tau_xi: float
    tau_0: float
    max_tau: float
    max_steps: int | None = None
    stop_loss: float | None = None
    patterns: Patterns = "moving"
    constants: KernelConstants = RELU
    loss: LossOfMargin = LOGISTIC

    @property
    def frozen_patterns(self) -> bool:
        """Whether patterns stay those of the start."""
        return self.patterns == "frozen"

    @property
    def patterns_freeze(self) -> bool:
        """Whether patterns stay as they are from when the rate first falls."""
        return self.patterns == "frozen-at-annealing"

    @property
    def redrawn_patterns(self) -> bool:
        """Whether patterns are new at each step."""
        return self.patterns == "redrawn"

    @property
    def both(self) -> float:
        """Probability of an example that holds both patches."""
        return max(0.0, 1.0 - self.p0 - self.q0)

    @property
    def interference_unit(self) -> float:
        """C(T, T) over the memories' mean square: d - 1 directions lie across w* (THEORY §8)."""
        return self.constants.linear**2 * self.holding_P * (1.0 - 1.0 / self.d) / (self.n_examples * self.d)

    @property
    def holding_P(self) -> float:
        """Probability of an example that holds P."""
        return self.p0 + self.both


class Rates(Protocol):
    """Law of the learning rate: that of the other engines, and for how long a rate stays."""

    @property
    def annealed_tau(self) -> float:
        """Time at which the rate first fell, NaN before."""

    def rate(self, tau: float, training_loss: float, step: int) -> float:
        """Rate of the step that leaves ``tau``, before which ``step`` steps were taken."""

    @property
    def smooth(self) -> bool:
        """Whether the rate changes little by little, and steps of nearly one rate are taken together."""

    def mean(self, tau: float, rate: float, steps: int) -> float:
        """Mean rate of so many steps from ``tau`` on, of which the first has ``rate``; ``rate`` itself if it stays."""

    def largest(self) -> float:
        """Largest rate that can occur."""

    def until(self, tau: float) -> float:
        """Time up to which steps that leave from ``tau`` on have one rate, unless the loss changes it."""

    def threshold(self) -> float:
        """Training loss at which the rate will change, -inf if no loss changes it."""
