"""Noise level, decay and pattern correlation of one step, discrete or continuous (THEORY §4, §5)."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.noise import PreActivationNoise, WeightNoise, make_placement

__all__ = ["Clock", "Instant", "Kernel", "Tick", "ages", "kernel_of", "largest_level"]

Kernel = Literal["moving", "frozen", "frozen-at-annealing", "independent"]


def kernel_of(patterns: str) -> Kernel:
    """Two-time kernel of an Experiment's ``patterns``."""
    kernels: dict[str, Kernel] = {"moving": "moving", "frozen": "frozen", "frozen-at-annealing": "frozen-at-annealing",
                                  "redrawn": "independent"}
    return kernels[patterns]


class Tick(NamedTuple):
    """What a step does to the past.

    Attributes
    ----------
    decay : float
        Factor of D: 1 - gamma lambda, or e^{-lambda h}.
    age : float
        -log|rho| over the step; infinite if nothing remains.
    sign : float
        Sign of rho.
    seen : bool
        Whether patterns exist at the step's start (not if the noise is zero there: a ReLU at 0 has no gradient).
    """

    decay: float
    age: float
    sign: float
    seen: bool

    @property
    def rho(self) -> float:
        """Correlation of the patterns over the step."""
        return self.sign * math.exp(-self.age)


class Instant(NamedTuple):
    """A time as the noise sees it.

    Attributes
    ----------
    level : float
        tau_t, standard deviation of an entry of the accumulated noise.
    age, sign : float
        Since the last time that all memory was lost, patterns have the correlation sign e^{-age} with those then.
    losses : int
        How often all memory was lost: 1 - gamma lambda = 0, or patterns drawn anew.
    """

    level: float
    age: float
    sign: float
    losses: int

    def rho(self, other: Instant) -> float:
        """Correlation of the accumulated noise, and so of the patterns, at both times (THEORY §5)."""
        if self.losses != other.losses:
            return 0.0
        return self.sign * other.sign * math.exp(-abs(self.age - other.age))


class Clock:
    """Carries the noise level tau_t forward.

    Parameters
    ----------
    experiment : Experiment
        Gives tau_0, tau_xi and lambda.
    kernel : {"moving", "frozen", "frozen-at-annealing", "independent"}
        Patterns that move with the noise, stay as they are (rho = 1), from the start or once `annealed` is called, or are
        drawn anew each step (rho = 0).

    Attributes
    ----------
    level : float
        tau_t.
    now : Instant
        The present time.
    """

    def __init__(self, experiment: Experiment, kernel: Kernel) -> None:
        self.now = Instant(experiment.tau_0_value, 0.0, 1.0, 0)
        self._lambda, self._tau_xi, self._kernel = experiment.lambda_, experiment.tau_xi, kernel

    def annealed(self) -> None:
        """The learning rate has fallen for the first time."""
        if self._kernel == "frozen-at-annealing":
            self._kernel = "frozen"

    def step(self, rate: float, increment: float = 0.0) -> Tick:
        """One step of THEORY §3: rho = (1 - gamma lambda) tau_t / tau_{t+1}; ``increment``: that of placed noise on weights."""
        decay = 1.0 - rate * self._lambda
        kept, added = decay * self.level, rate * self._tau_xi
        return self._tick(decay, kept, added * added + increment * increment)

    def flow(self, rate: float, duration: float) -> Tick:
        """The continuous law d tau^2 / d tau = -2 lambda tau^2 + gamma tau_xi^2 for a time ``duration``."""
        decay = math.exp(-self._lambda * duration)
        spread = duration
        if self._lambda > 0:
            spread = -math.expm1(-2.0 * self._lambda * duration) / (2.0 * self._lambda)
        return self._tick(decay, decay * self.level, rate * self._tau_xi**2 * spread)

    def _tick(self, decay: float, kept: float, added: float) -> Tick:
        seen = self.level > 0 or self._kernel in ("frozen", "independent")
        level = math.sqrt(kept * kept + added)
        sign = -1.0 if decay < 0 else 1.0
        if self._kernel == "frozen":
            tick = Tick(decay, 0.0, 1.0, seen)
        elif self._kernel == "independent" or kept == 0.0:
            tick = Tick(decay, math.inf, sign, seen)
        else:
            tick = Tick(decay, 0.5 * math.log1p(added / (kept * kept)), sign, seen)
        if math.isinf(tick.age):
            self.now = Instant(level, 0.0, 1.0, self.now.losses + 1)
        else:
            self.now = Instant(level, self.now.age + tick.age, self.now.sign * tick.sign, self.now.losses)
        return tick

    @property
    def level(self) -> float:
        """tau_t at present."""
        return self.now.level


def largest_level(experiment: Experiment) -> float:
    """Upper bound of the noise level tau_t over a run of any schedule with this experiment's rates, placed noise included."""
    return math.sqrt(_largest_variance(experiment))


def _rates_and_duration(experiment: Experiment) -> tuple[list[float], float]:
    """Least and other rates that the schedule can use, and the learning-rate time that a run can take."""
    e = experiment
    rates = list(e.rates().values())
    duration = e.max_tau if e.max_steps is None else min(e.max_tau, e.max_steps * max(rates))
    return [*rates, SCHEDULES[e.schedule].least_rate(e, duration)], duration


def _levels_and_increments(experiment: Experiment) -> tuple[list[float], list[float]]:
    """Levels of placed noise, before and after its annealing, and what it can move an entry of U by in a step."""
    e, placement = experiment, make_placement(experiment)
    levels = [e.noise_level] if e.noise_annealing == "never" else [e.noise_level, e.noise_level * e.noise_factor]
    if not isinstance(placement, WeightNoise):
        return levels, [0.0]
    rates, _ = _rates_and_duration(e)
    largest = max(e.rates().values())
    return levels, [placement.increment(level, rate) for level in levels for rate in (min(rates), largest)]


def _largest_variance(experiment: Experiment) -> float:
    e, (rates, duration) = experiment, _rates_and_duration(experiment)
    largest, most = max(e.rates().values()), max(_levels_and_increments(experiment)[1])
    variance = e.tau_0_value**2 + largest * e.tau_xi**2 * (duration + largest)
    if most > 0:
        variance += (duration / min(rates) + 1) * most**2
    if e.lambda_ * min(rates) > 0:
        loss = min(rate * e.lambda_ * (2.0 - rate * e.lambda_) for rate in rates)
        stable = max(rate * e.tau_xi**2 / (e.lambda_ * (2.0 - rate * e.lambda_)) for rate in rates) + most**2 / loss
        variance = min(variance, max(e.tau_0_value**2, stable))
    return variance


def ages(experiment: Experiment) -> tuple[float, bool]:
    """Lower bound of the ages -log|rho| that two patterns of the limit can have, age 0 apart; whether age 0 occurs.

    Over one step of any schedule with this experiment's rates, increments of placed noise included; 0 if every age is 0.
    """
    e, placement = experiment, make_placement(experiment)
    levels, increments = _levels_and_increments(e)
    variance = _largest_variance(e)
    if variance == 0:
        return 0.0, True
    slowest = min(_rates_and_duration(e)[0])
    found = {0.5 * math.log1p(((slowest * e.tau_xi) ** 2 + increment**2) / variance) for increment in increments}
    still = 0.0 in found
    if isinstance(placement, PreActivationNoise):
        # Patterns seen through noise s have the correlation tau / sqrt(tau^2 + s^2) with those without.
        found |= {0.5 * math.log1p(level**2 / variance) for level in levels}
    return min(found - {0.0}, default=0.0), still or e.patterns == "frozen-at-annealing"
