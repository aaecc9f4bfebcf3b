"""The accumulated noise between blocks of steps: its level, its decay, and the age of patterns (THEORY §4, §5)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from theory_sim.theory.closure.problem import ClosureProblem

__all__ = ["Noise"]


@dataclass(frozen=True)
class Noise:
    """State of the noise at one time.

    Attributes
    ----------
    lambda_, tau_xi : float
        Weight decay and injected noise.
    variance : float
        tau_t^2.
    log_decay : float
        Sum of log(1 - rate lambda) since the start.
    frozen : bool
        Whether patterns stay as they are from here on.
    log_rho : float
        log rho(0, t) of the patterns: rho(s, t) is exp of the difference (THEORY §5).
    """

    lambda_: float
    tau_xi: float
    variance: float
    log_decay: float = 0.0
    frozen: bool = False
    log_rho: float = 0.0

    @classmethod
    def start(cls, problem: ClosureProblem) -> Noise:
        """Noise of U_0."""
        return cls(problem.lambda_, problem.tau_xi, problem.tau_0**2, frozen=problem.frozen_patterns)

    @property
    def level(self) -> float:
        """tau_t, standard deviation of an entry."""
        return math.sqrt(self.variance)

    def after(self, rate: float, duration: float) -> Noise:
        """The noise after ``duration`` of learning-rate time at one rate; in closed form, between steps too."""
        shrink = math.log1p(-rate * self.lambda_) * duration / rate
        spread = duration  # what it becomes as lambda shrinks, and is to all digits far above the smallest numbers
        if self.lambda_ * duration > 1e-100:
            spread = -math.expm1(2.0 * shrink) / (self.lambda_ * (2.0 - rate * self.lambda_))
        variance = self.variance * math.exp(2.0 * shrink) + rate * self.tau_xi**2 * spread
        age = 0.0
        if not self.frozen and self.tau_xi > 0.0 and self.variance > 0.0:
            age = min(0.0, shrink + 0.5 * math.log(self.variance / variance))
        # dataclasses.replace is slow
        return Noise(self.lambda_, self.tau_xi, variance, self.log_decay + shrink, self.frozen, self.log_rho + age)

    def annealed(self, problem: ClosureProblem) -> Noise:
        """The same once the rate has fallen."""
        return replace(self, frozen=self.frozen or problem.patterns_freeze)
