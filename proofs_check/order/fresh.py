"""Fresh examples: which a schedule's run surely classifies wrong at its end, and the error of its linear part on the law of P.

An output at a fresh patch is one sum over steps and training patches. It is taken at the last step alone, so that every
power of rho is one vector. What a second patch adds is alpha times an output at one of three directions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from flint import acb, arb

from proofs_check.methods.enclosure import precision
from proofs_check.order.arm import Arm, Problem, given_residuals, make_clock
from proofs_check.order.clock import CORRELATION_ERROR, WEIGHT_ERROR, NoiseClock
from proofs_check.order.error_share import error_interval
from proofs_check.order.functions import ANGLE_ERROR
from proofs_check.order.rounding import UNIT, above, gamma
from proofs_check.order.series import coefficients, powers_for, root_bound, tail
from proofs_check.order.sites import CUT, exact_pairs
from theory_sim.arrays import Array
from theory_sim.data import draw_test_data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment

__all__ = ["FreshErrors", "fresh_errors", "linear_error", "require_fresh"]

_TWO_PI: Final = float(2.0 * np.pi)
_LEFT_OUT: Final = 1e-14
_SLACK: Final = 1e-7
"""What the linear part's error is stated wider by: a second look integrates by another rule."""


@dataclass(frozen=True)
class FreshErrors:
    """Errors of a run's end.

    Attributes
    ----------
    schedule : str
        Whose run.
    n : int
        Fresh examples of each kind.
    wrong, unsure : dict of str to int
        By kind, how many outputs surely have the wrong sign, and how many may have either.
    interval : dict of str to (float, float)
        By kind, the probability of a wrong sign on the kind's law lies there, at 99.9 % (Clopper and Pearson).
    linear : (float, float) or None
        Enclosure of the probability that the linear part of the output has the wrong sign on P; None if it is not known to
        point along w*.
    """

    schedule: str
    n: int
    wrong: dict[str, int]
    unsure: dict[str, int]
    interval: dict[str, tuple[float, float]]
    linear: tuple[float, float] | None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a certificate."""
        return {"n": self.n, "wrong": self.wrong, "unsure": self.unsure,
                "interval": {kind: list(each) for kind, each in self.interval.items()},
                "linear": None if self.linear is None else list(self.linear)}


def require_fresh(experiment: Experiment) -> None:
    """Raise InputError where fresh examples are not enclosed: filters that see both patches, labels that are flipped."""
    if experiment.shared_filters:
        raise InputError("network = 'shared' with fresh examples", "the split network, whose second patches lie on three "
                         "directions alone", "leave --fresh out", fields=("network",))  # fmt: skip
    if experiment.label_flips:
        raise InputError(f"label_flips = {experiment.label_flips:g} with fresh examples", "labels as the law has them",
                         "leave --fresh out", fields=("label_flips",))  # fmt: skip


def fresh_errors(experiment: Experiment, problem: Problem, arm: Arm, n: int) -> FreshErrors:
    """Enclose outputs on n fresh examples of each kind at the end of a run (the experiment has its schedule)."""
    e, sites, data = experiment, problem.sites, problem.data
    clock = make_clock(e, arm.run, len(data))
    gathered = sites.gathered(given_residuals(data, arm.run))
    steps, reach = clock.steps, float(clock.reach[-1])
    last, before = slice(steps, steps + 1), slice(0, steps)
    weights = clock.weights(last, before)
    test = draw_test_data(e, n)
    has = np.flatnonzero(test.has_x1)
    patches = np.asarray(test.x1[has], np.float64)
    train = np.asarray(data.x1[data.has_x1], np.float64)
    count = len(train)
    at_patches, patch_error = _patches(clock, weights, gathered[:, :count], train, patches)
    at_directions, direction_error = _directions(problem, clock, weights, gathered)
    spread = 1.0 + sites.most_alpha
    outputs = np.asarray(test.alpha * at_directions[test.direction])
    outputs[has] += at_patches
    lengths = np.zeros(len(test))
    lengths[has] = np.einsum("ij,ij->i", patches, patches) * (1.0 + gamma(patches.shape[1] + 4))
    second = test.alpha**2 * np.diag(sites.gram)[count + test.direction.astype(np.int64)] * (1.0 + 1e-12)
    norm = np.sqrt((lengths + second) / 2.0) * (1.0 + 1e-12)
    size = float(np.abs(outputs).max(initial=0.0)) * 4 * UNIT
    error = above(spread * reach * (patch_error + float(test.alpha.max(initial=0.0)) * direction_error) + size) + (
        norm * float(arm.drift[-1]) * (1.0 + 1e-12))
    margin = test.y * outputs
    wrong, unsure, interval = {}, {}, {}
    for place, kind in enumerate(test.kinds):
        of = test.kind == place
        wrong[kind] = int(np.count_nonzero(margin[of] < -error[of]))
        unsure[kind] = int(np.count_nonzero(np.abs(margin[of]) <= error[of]))
        interval[kind] = error_interval(wrong[kind], wrong[kind] + unsure[kind], n)
    linear = None
    if count:
        rows = (weights @ gathered[:, :count])[0]
        of_rounding = gamma(steps + count + WEIGHT_ERROR + 12) * reach * math.sqrt(sites.square) * 0.25
        linear = linear_error(0.25 * rows @ train, above(of_rounding + float(arm.drift[-1]) / 2.0), data.w_star, e.g0)
    return FreshErrors(e.schedule, n, wrong, unsure, interval, linear)


def _patches(clock: NoiseClock, weights: Array, gathered: Array, train: Array, fresh: Array) -> tuple[Array, float]:
    """Outputs at fresh patches, and a bound of their errors for residuals whose decayed, weighted sizes sum to 1."""
    if not (len(train) and len(fresh)):
        return np.zeros(len(fresh)), 0.0
    steps, count = gathered.shape
    gram = fresh @ train.T
    product = gamma(train.shape[1] + 4)
    squares = [np.einsum("ij,ij->i", each, each) for each in (fresh, train)]
    largest = above(float(np.sqrt(squares[0].max() * squares[1].max())) * (1.0 + 4 * product))
    lengths = [np.sqrt(np.where(each > 0, each, 1.0)) for each in squares]
    cosine = gram / np.multiply.outer(*lengths)
    cosine_error = 4.0 * gamma(train.shape[1] + 8)
    near = np.argwhere(np.abs(cosine) > CUT)
    cosine[tuple(near.T)] = 0.0
    most = 0.0 if clock.redrawn else above(float(np.abs(cosine).max(initial=0.0)) + cosine_error)
    powers = powers_for(most, _LEFT_OUT)
    values = 0.25 * ((weights @ gathered) @ gram.T)[0]
    last, before = slice(steps, steps + 1), slice(0, steps)
    correlations = clock.correlations(last, before)
    seen, matrix, added = weights * correlations, gram * cosine, np.zeros(len(fresh))
    for factor in coefficients(powers):
        added += float(factor) * (seen @ gathered @ matrix.T)[0]
        seen, matrix = seen * correlations * correlations, matrix * cosine * cosine
    for row, column in [] if clock.redrawn else near.tolist():
        inner, cos, square = (float(part[0, 0]) for part in exact_pairs(fresh[row : row + 1], train[column : column + 1]))
        angles = weights * clock.arcsines(last, before, cos, square)
        added[row] += float((angles @ gathered[:, column])[0]) * inner
    values += added / _TWO_PI
    sums = steps + count + 30
    power = 2 * powers + 1
    series = gamma(sums + WEIGHT_ERROR + power * (CORRELATION_ERROR + 3) + 3 * power + 10)
    error = (
        0.5 * product * largest + largest * (cosine_error * root_bound(most) + tail(powers, most)) / 6.28
        + 0.25 * largest * gamma(sums + WEIGHT_ERROR + 3) + largest * most * root_bound(most) / 6.28 * series
        + largest / 6.28 * (ANGLE_ERROR + 4 * UNIT + 1.6 * gamma(sums + WEIGHT_ERROR + len(near) + 8))
    )
    return values, above(error)


def _directions(problem: Problem, clock: NoiseClock, weights: Array, gathered: Array) -> tuple[Array, float]:
    """Outputs at the three directions, and a bound as for patches."""
    sites = problem.sites
    n, steps = len(sites) - 3, clock.steps
    last, before = slice(steps, steps + 1), slice(0, steps)
    pairs = {(pair.first - n, pair.second - n): (pair.inner, pair.cosine, pair.square_sine)
             for pair in sites.strong if pair.first >= n}
    values = np.zeros(3)
    for a in range(3):
        for b in range(3):
            inner, cosine, square = (float(sites.gram[n + a, n + a]), 1.0, 0.0) if a == b else pairs[min(a, b), max(a, b)]
            angles = 0.0 if clock.redrawn else clock.arcsines(last, before, cosine, square) / _TWO_PI
            values[a] += float(((weights * (0.25 + angles)) @ gathered[:, n + b])[0]) * inner
    error = sites.square * (0.5 * gamma(steps + len(sites.alpha) + WEIGHT_ERROR + 30) + ANGLE_ERROR / 6.28 + 8 * UNIT)
    return values, above(error + 0.5 * sites.gram_error)


def linear_error(beta: Array, off: float, w_star: Array, g_0: float) -> tuple[float, float] | None:
    """Probability that sign<beta, x_1> is not the label of P, for any vector within ``off`` of beta; None if unknown.

    y<beta, x_1> = (A v + B g') / d^(1/2), v = g_0 + |g|: the error is Phi(-h) - 2 T(h, a), a = A/B,
    h = a g_0 / (1 + a^2)^(1/2), with Owen's T(h, a) = int_0^a exp(-h^2 (1 + x^2)/2) / (1 + x^2) dx / (2 pi). It falls as
    a grows.
    """
    with precision(192):
        rows = [[arb(value) for value in part.tolist()] for part in (beta, np.asarray(w_star, np.float64))]
        length = sum((each**2 for each in rows[1]), arb(0)).sqrt()
        along = sum((one * other for one, other in zip(*rows, strict=True)), arb(0)) / length
        across = (sum((each**2 for each in rows[0]), arb(0)) - along**2).sqrt()
        low = (along - arb(off)) / (across + arb(off))
        high_by = across - arb(off)
        if not (low > 0 and high_by > 0):
            return None
        high = (along + arb(off)) / high_by
        if not (high < 9 and high * arb(g_0) < 9):  # below 1e-18, of no use
            return None
        upper, lower = _owen(low.lower(), g_0), _owen(high.upper(), g_0)
        return max(float((lower - _SLACK).lower()), 0.0), min(float((upper + _SLACK).upper()), 1.0)


def _owen(a: arb, g_0: float) -> arb:
    h = a * arb(g_0) / (1 + a**2).sqrt()
    integral = acb.integral(lambda x, _: (-(acb(h) ** 2) * (1 + x * x) / 2).exp() / (1 + x * x), 0, acb(a)).real
    return (h / arb(2).sqrt()).erfc() / 2 - integral / arb.pi()
