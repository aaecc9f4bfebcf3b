"""Noise level, decay and pattern correlation of one step, discrete or continuous (THEORY §4, §5)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.theory.linear_rules import Move, lasting_factor, stationary_covariance
from theory_sim.train.linear_clock import LinearClock, Marked, UnknownClock
from theory_sim.train.noise import PreActivationNoise, WeightNoise, make_placement
from theory_sim.train.optimisers import LinearOptimiser, make_optimiser

__all__ = [
    "AnyClock", "AnyInstant", "Clock", "Instant", "Kernel", "Tick", "ages", "instants_from_numbers", "get_kernel",
    "largest_level", "make_clock", "numbers_of_instants",
]

Kernel = Literal["moving", "frozen", "frozen-at-annealing", "independent"]


def get_kernel(patterns: str) -> Kernel:
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

    def rho(self, other: Any) -> float:
        """Correlation of the accumulated noise, and so of the patterns, at both times (THEORY §5)."""
        if self.losses != other.losses:
            return 0.0
        return float(self.sign * other.sign * math.exp(-abs(self.age - other.age)))

    def numbers(self) -> Array:
        """All of it in one array, for `from_numbers`."""
        return np.array(self)

    @classmethod
    def from_numbers(cls, numbers: Array) -> Instant:
        """Take back what `numbers` gave."""
        level, age, sign, losses = (float(value) for value in numbers)
        return cls(level, age, sign, int(losses))


class Clock:
    """Carries the noise level tau_t of gradient descent forward.

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

    def state(self) -> dict[str, Array]:
        """What `restore` takes back."""
        return {"now": self.now.numbers()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` gave; `annealed` has been called if it had been then."""
        self.now = Instant.from_numbers(state["now"])


AnyClock: TypeAlias = Clock | LinearClock | UnknownClock
AnyInstant: TypeAlias = Instant | Marked


def make_clock(experiment: Experiment, kernel: Kernel) -> AnyClock:
    """Clock of the noise under an experiment's optimiser."""
    optimiser = make_optimiser(experiment)
    if not isinstance(optimiser, LinearOptimiser):
        return UnknownClock(experiment, kernel)
    # Under gradient descent the noise is a Markov chain by itself, and one age tells all of its correlations.
    return Clock(experiment, kernel) if optimiser.move(0) == Move() else LinearClock(experiment, optimiser, kernel)


def numbers_of_instants(instants: Sequence[AnyInstant]) -> Array:
    """Instants of one run in one array, (n, k), for `instants_from_numbers`."""
    numbers = [instant.numbers() for instant in instants]
    width = max((len(each) for each in numbers), default=0)
    table = np.full((len(numbers), 2 + width), math.nan)
    for row, instant, each in zip(table, instants, numbers, strict=True):
        row[0], row[1], row[2 : 2 + len(each)] = isinstance(instant, Marked), len(each), each
    return table


def instants_from_numbers(table: Array) -> list[AnyInstant]:
    """Take back what `numbers_of_instants` gave."""
    return [(Marked if row[0] else Instant).from_numbers(row[2 : 2 + int(row[1])]) for row in table]


def largest_level(experiment: Experiment) -> float:
    """Upper bound of the noise level tau_t over a run of any schedule with this experiment's rates, placed noise included."""
    return math.sqrt(_largest_variance(experiment))


def _rates_and_duration(experiment: Experiment) -> tuple[list[float], float]:
    """Least and other rates that the schedule can use, and the learning-rate time that a run can take."""
    e = experiment
    return [*e.rates().values(), SCHEDULES[e.schedule].least_rate(e, e.most_tau)], e.most_tau


def _levels_and_increments(experiment: Experiment) -> tuple[list[float], list[float]]:
    """Levels of placed noise, before and after its annealing, and what it can move an entry of U by in a step."""
    e, placement = experiment, make_placement(experiment)
    levels = [e.noise_level, e.noise_level * e.noise_factor] if e.anneals_noise else [e.noise_level]
    if not isinstance(placement, WeightNoise):
        return levels, [0.0]
    rates, _ = _rates_and_duration(e)
    largest = max(e.rates().values())
    return levels, [placement.increment(level, rate) for level in levels for rate in (min(rates), largest)]


def _largest_variance(experiment: Experiment) -> float:
    optimiser = make_optimiser(experiment)
    if not isinstance(optimiser, LinearOptimiser):
        return _variance_of_unit_steps(experiment)
    return _variance_of_descent(experiment) if optimiser.move(0) == Move() else _variance_of_rule(experiment, optimiser)


def _variance_of_unit_steps(experiment: Experiment) -> float:
    """Of a rule that moves each entry by about the rate, in directions as random as xi."""
    e, (_, duration) = experiment, _rates_and_duration(experiment)
    largest = max(e.rates().values())
    return e.tau_0_value**2 + (2.0 * largest * (duration + largest) if e.tau_xi > 0 else 0.0)


def _variance_of_rule(experiment: Experiment, optimiser: LinearOptimiser) -> float:
    """Of a rule with a buffer: its steps add up to at most `lasting_factor` times the rate, and decay to a stationary level.

    Twice what either bound gives at constant rates: between two rates the buffer still moves U by the first.
    """
    e, (rates, duration) = experiment, _rates_and_duration(experiment)
    largest = max(e.rates().values())
    grown = e.tau_0_value**2 + lasting_factor(optimiser.move(0)) ** 2 * largest * e.tau_xi**2 * (duration + largest)
    stable = [e.tau_xi**2 * float(stationary_covariance(*optimiser.matrices(rate))[0, 0]) for rate in rates if rate > 0]
    if stable and not any(map(math.isnan, stable)):
        grown = min(grown, max(e.tau_0_value**2, *stable))
    return 2.0 * grown


def _variance_of_descent(experiment: Experiment) -> float:
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
    optimiser = make_optimiser(e)
    # The last xi alone keeps U_t apart from any earlier U_s: 1 - rho^2 is at least its share of the variance.
    newest = abs(float(optimiser.matrices(1.0)[1][0])) if isinstance(optimiser, LinearOptimiser) else 1.0
    found = {0.5 * math.log1p(((newest * slowest * e.tau_xi) ** 2 + increment**2) / variance) for increment in increments}
    still = 0.0 in found
    if isinstance(placement, PreActivationNoise):
        # Patterns seen through noise s have the correlation tau / sqrt(tau^2 + s^2) with those without.
        found |= {0.5 * math.log1p(level**2 / variance) for level in levels}
    return min(found - {0.0}, default=0.0), still or e.patterns_freeze
