"""One schedule on one data set: every output and loss of the exact run enclosed (THEORY §14)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from flint import arb, fmpq

from proofs_check.methods.enclosure import precision
from proofs_check.order.approximate import BITS, ApproximateRun, run_approximately
from proofs_check.order.clock import NoiseClock
from proofs_check.order.functions import LARGEST_MARGIN, LOSS_ERROR, SLOPE_ERROR, logistic
from proofs_check.order.outputs import Outputs, Stretch
from proofs_check.order.rounding import UNIT, above, gamma
from proofs_check.order.sites import Sites, make_sites
from proofs_check.order.smoothness import Curvatures
from proofs_check.order.verdict import LevelVerdict, judge
from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES

__all__ = ["ALL", "Arm", "Problem", "certify_arm", "given_residuals", "make_clock", "make_problem", "threshold"]

ALL: Final = "all"
"""Name of the mean over the whole training set, among the kinds."""
# What a certificate states is wider than what is proved here by these factors: a second look, whose own bounds differ, is to
# reach it too.
_RESIDUAL_SLACK: Final = 1.5
_RESIDUAL_FLOOR: Final = 1e-12
_LOSS_SLACK: Final = 1.5
_LOSS_FLOOR: Final = 1e-12
Progress = Callable[[str, float], None]
"""Called with what is done and the share that is over."""


@dataclass(frozen=True)
class Problem:
    """A data set, and what does not depend on the schedule."""

    data: Data
    sites: Sites
    curvatures: Curvatures


@dataclass(frozen=True)
class Arm:
    """A schedule's run, enclosed.

    Attributes
    ----------
    schedule : str
        Name of the schedule.
    run : ApproximateRun
        Rates, mini-batches, and the residuals that define the run beside the exact one.
    tau : (T + 1,) array
        Learning-rate time after each number of steps.
    curvature : (T,) array
        Lambda_t, upper bounds of the largest curvature of a step's loss without weight decay.
    residual_error : (T,) array
        epsilon_t, upper bounds of the root mean square, over the step's examples, of the given residual minus the one that
        belongs to the given residuals' own outputs.
    drift : (T + 1,) array
        E_t, upper bounds of the distance |theta^_t - theta_t|.
    output_error : (T + 1,) array
        Upper bounds of the error of a computed output, without the drift.
    losses : dict of str to (low, high)
        Bounds (T + 1,) of the mean training loss of each kind that has examples, and of all.
    powers, tail, largest_cosine : int, float, float
        Powers of the arcsine's series, what is left out, and the largest |cosine| that it takes.
    largest_norm : float
        Upper bound of |phi(x)| over the training set.
    switch : int or None
        Step at which a schedule that follows the loss lowers its rate; None if it does not by the end, or follows no loss.
    reason : str
        Empty if the rates and the length are proved to be those of the exact run; if not, what is too wide.
    levels : tuple of LevelVerdict
        The order at each level.
    """

    schedule: str
    run: ApproximateRun
    tau: Array
    curvature: Array
    residual_error: Array
    drift: Array
    output_error: Array
    losses: dict[str, tuple[Array, Array]]
    powers: int
    tail: float
    largest_cosine: float
    largest_norm: float
    switch: int | None
    reason: str
    levels: tuple[LevelVerdict, ...]

    @property
    def width(self) -> float:
        """Largest width of an output's enclosure over all steps and examples."""
        return float(2.0 * np.max(self.output_error + self.largest_norm * self.drift))

    @property
    def undecided(self) -> str:
        """What is too wide; empty if everything is proved."""
        if self.reason:
            return self.reason
        open_levels = [each for each in self.levels if each.order == "undecided"]
        return "; ".join(_too_wide(self, each) for each in open_levels)


def make_problem(experiment: Experiment, data: Data) -> Problem:
    """Sites and curvature of a training set."""
    sites = make_sites(experiment, data)
    return Problem(data, sites, Curvatures(sites))


def certify_arm(
    experiment: Experiment, problem: Problem, levels: Sequence[float], *, threads: int | None = None,
    progress: Progress | None = None, seen: Callable[[Stretch], None] | None = None,
) -> Arm:
    """Enclose the run of an experiment's schedule on a data set.

    Parameters
    ----------
    experiment, problem, levels
        What is run, its training set, and the losses at which an order is judged.
    threads, progress
        As for `proofs_check.certify_order`.
    seen : callable, optional
        Called with the outputs' centres, stretch by stretch: the exact output of example i after t steps is within
        ``output_error[t] + sites.norm[i] drift[t]`` of them.
    """
    e, data, sites = experiment, problem.data, problem.sites

    def passed(step: int, tau: float) -> None:
        if progress is not None:
            progress(f"{e.schedule}: the run", tau / e.max_tau)

    run = run_approximately(e, data, threads=threads, progress=passed)
    steps, n = len(run.rates), len(data)
    outputs = Outputs(sites, make_clock(e, run, n))
    curvature = _curvatures(problem.curvatures, run, n)
    bounds = _Bounds(data, sites, run.residuals * 2.0**-BITS, run, curvature)
    for stretch in outputs.stretches(given_residuals(data, run)):
        bounds.take(stretch)
        if seen is not None:
            seen(stretch)
        if progress is not None:
            progress(f"{e.schedule}: enclosing", (stretch.first + len(stretch.values)) / (steps + 1))
    losses = bounds.losses()
    reason = _unproved(e, data, run, curvature, losses)
    return Arm(
        e.schedule, run, np.concatenate([[0.0], np.cumsum(run.rates)]), curvature, bounds.residual_error, bounds.drift,
        bounds.output_error, losses, outputs.powers, outputs.tail, outputs.largest_cosine, float(sites.norm.max()),
        _switch(e, run), reason,
        tuple(judge(losses, level) for level in levels),
    )


def make_clock(e: Experiment, run: ApproximateRun, n: int) -> NoiseClock:
    """Decay and correlation of a run's steps on n examples."""
    steps = len(run.rates)
    shares = [float(n)] * steps if run.batches is None else [float(len(batch)) for batch in run.batches]
    frozen_from = _frozen_from(e, run)
    return NoiseClock(run.rates.tolist(), shares, lambda_=e.lambda_, tau_0=e.tau_0_value, tau_xi=e.tau_xi,
                      moving=[step < frozen_from for step in range(steps)], redrawn=e.redrawn_patterns)


def given_residuals(data: Data, run: ApproximateRun) -> Array:
    """Residuals (T, N) with labels, times how often an example counts: whole multiples of 2^-BITS below 2^53, exact."""
    signed: Array = run.residuals * 2.0**-BITS * data.y
    counts = _counts(run, len(data))
    return signed if counts is None else counts * signed


def _frozen_from(e: Experiment, run: ApproximateRun) -> float:
    """Step from which patterns stay as they are."""
    if e.frozen_patterns:
        return 0
    return math.inf if not e.patterns_freeze or run.annealed is None else run.annealed


def _counts(run: ApproximateRun, n: int) -> Array | None:
    """How often each example counts in each step, (T, N); None: once."""
    if run.batches is None:
        return None
    counts = np.stack([np.bincount(batch, minlength=n) for batch in run.batches])
    if counts.max(initial=0) >= 2 ** (53 - BITS):
        raise ValueError("an example that counts so often that its residuals are no doubles")
    return counts


def _curvatures(curvatures: Curvatures, run: ApproximateRun, n: int) -> Array:
    if run.batches is None:
        return np.full(len(run.rates), curvatures.whole)
    found = []
    for batch in run.batches:
        examples, counts = np.unique(batch, return_counts=True)
        found.append(curvatures.batch(examples, counts, len(batch)))
    return np.array(found)


class _Bounds:
    """Residual errors, the drift that they add up to, and losses, stretch by stretch."""

    def __init__(self, data: Data, sites: Sites, weights: Array, run: ApproximateRun, curvature: Array) -> None:
        steps = len(run.rates)
        self._data, self._sites, self._weights, self._run = data, sites, weights, run
        self._curvature = curvature
        self.residual_error, self.drift, self.output_error = np.zeros(steps), np.zeros(steps + 1), np.zeros(steps + 1)
        self._centres: list[Array] = []
        kinds = [name for name, count in zip(data.kinds, data.counts, strict=True) if count]
        self._members = {ALL: np.arange(len(data))} | {
            name: np.flatnonzero(data.kind == data.kinds.index(name)) for name in kinds}

    def take(self, stretch: Stretch) -> None:
        """Losses and residual errors of some consecutive outputs, in order."""
        margin = self._data.y * stretch.values  # exact: y is -1 or 1
        if not np.all(np.abs(margin) <= LARGEST_MARGIN):
            raise ValueError(f"outputs beyond {LARGEST_MARGIN}")
        loss, weight = logistic(margin)
        self._centres.append(np.stack([loss[:, members].mean(axis=1) for members in self._members.values()], axis=1))
        for row, error in enumerate(stretch.errors.tolist()):
            step = stretch.first + row
            self.output_error[step] = error
            if step < len(self.residual_error):
                self._step(step, np.abs(self._weights[step] - weight[row]), error)

    def _step(self, step: int, distance: Array, error: float) -> None:
        run, n = self._run, len(distance)
        if run.batches is not None:
            distance = distance[run.batches[step]]  # repeated as often as they count
        # Minkowski: the root mean square of |a^ - sigma(f^)| is at most that of the computed distances, plus what the weights
        # (SLOPE_ERROR, u of the difference) and, by the slope 1/4 of sigma, the outputs are off by.
        mean_square = float(np.dot(distance, distance)) / len(distance)
        computed = math.sqrt(mean_square * (1.0 + gamma(n + 4)))
        proved = computed + SLOPE_ERROR + 2 * UNIT + 0.25 * error
        self.residual_error[step] = above(_RESIDUAL_FLOOR + _RESIDUAL_SLACK * proved)
        # In a step that does not amplify distances |theta^ - theta| grows by at most gamma |sum_i w_i delta_i phi_i|, at most
        # gamma (4 Lambda)^(1/2) (sum_i w_i delta_i^2)^(1/2).
        grown = float(run.rates[step]) * math.sqrt(4.0 * float(self._curvature[step])) * float(self.residual_error[step])
        self.drift[step + 1] = above(float(self.drift[step]) + grown)

    def losses(self) -> dict[str, tuple[Array, Array]]:
        """Bounds of mean losses, by kind."""
        centres = np.concatenate(self._centres)
        found = {}
        for place, (name, members) in enumerate(self._members.items()):
            centre = centres[:, place]
            # |l'| <= 1: a loss is off by at most its output's error and drift; then its own error, and that of the mean.
            norm = float(np.mean(self._sites.norm[members])) * (1.0 + gamma(len(members) + 4))
            wide = self.output_error + norm * self.drift + LOSS_ERROR + centre * gamma(len(members) + 4)
            wide = _LOSS_FLOOR + _LOSS_SLACK * wide * (1.0 + 2.0**-39)
            found[name] = np.nextafter(centre - wide, -np.inf), np.nextafter(centre + wide, np.inf)
        return found


def _unproved(
    e: Experiment, data: Data, run: ApproximateRun, curvature: Array, losses: dict[str, tuple[Array, Array]]
) -> str:
    """Why rates or length are not proved to be those of the exact run; empty if they are."""
    for step, (rate, most) in enumerate(zip(run.rates.tolist(), curvature.tolist(), strict=True)):
        # Steps do not amplify distances if gamma (lambda + Lambda) <= 2 (gradient descent on a convex, smooth loss).
        if not above(rate * above(e.lambda_ + most)) <= 2.0:
            return (f"step {step}: rate x (lambda + Lambda) = {rate:g} x ({e.lambda_:g} + {most:.4g}) is not known to be "
                    "at most 2: the step may amplify errors")
    low, high = losses[ALL]
    if SCHEDULES[e.schedule].reads_losses and e.eta_1 != e.eta_2:
        below, over = threshold(e, data)
        switch = _switch(e, run)
        for step in range(len(run.rates) if switch is None else switch):
            if not low[step] > over:
                return _ambiguous("the switch", step, low, high, over)
        if switch is not None and not high[switch] <= below:
            return _ambiguous("the switch", switch, low, high, below)
    if e.epsilon_2 is not None:
        for step in range(len(run.rates)):
            if not low[step] > e.epsilon_2:
                return _ambiguous("the end", step, low, high, e.epsilon_2)
        if run.outcome == "reached_loss" and not high[-1] <= e.epsilon_2:
            return _ambiguous("the end", len(run.rates), low, high, e.epsilon_2)
    return ""


def _switch(e: Experiment, run: ApproximateRun) -> int | None:
    if not SCHEDULES[e.schedule].reads_losses or e.eta_1 == e.eta_2:
        return None
    return next((step for step, rate in enumerate(run.rates.tolist()) if rate != e.eta_1), None)


def threshold(e: Experiment, data: Data) -> tuple[float, float]:
    """Bounds of epsilon_1 + q_hat log 2, with the share q_hat of Q-only examples."""
    share = Fraction(int(data.counts[data.kinds.index("Q-only")]), len(data))
    with precision(128):
        ball = arb(e.epsilon_1) + arb(fmpq(share.numerator, share.denominator)) * arb(2).log()
        middle = float(ball.mid())
    return math.nextafter(middle, -math.inf), math.nextafter(middle, math.inf)


def _ambiguous(what: str, step: int, low: Array, high: Array, level: float) -> str:
    return (f"step {step}: the training loss is in [{low[step]:.12g}, {high[step]:.12g}], and {what} depends on whether it is "
            f"above {level:.12g}")


def _too_wide(arm: Arm, verdict: LevelVerdict) -> str:
    for kind, first in verdict.first.items():
        if not first.known:
            step = first.earliest if first.earliest is not None else 0
            low, high = arm.losses[kind]
            return (f"level {verdict.level:g}: the loss of {kind} is in [{low[step]:.12g}, {high[step]:.12g}] at step {step}")
    return f"level {verdict.level:g}"
