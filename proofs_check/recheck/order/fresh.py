"""Fresh examples again: outputs at the end of a run in balls, counts of wrong signs, binomial intervals in whole numbers, and
the error of the linear part by the trapezoidal rule."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from proofs_check.recheck.order.balls import UNIT, Balls, exact, product, widened
from proofs_check.recheck.order.functions import PI, exponential
from proofs_check.recheck.order.geometry import NEAR, Pair, make_pair
from proofs_check.recheck.order.noise_law import NoiseLaw
from proofs_check.recheck.order.outputs import Interpolation, chebyshev
from proofs_check.recheck.refusal import Refused, double, only_keys
from theory_sim.arrays import Array
from theory_sim.data import Data, draw_test_data, get_directions
from theory_sim.experiment import Experiment

__all__ = ["Run", "check_fresh"]

_COLUMNS: Final = 512
_TAIL: Final = Fraction(1, 2000)
"""Of either side: 99.9 %."""


@dataclass(frozen=True)
class Run:
    """The end of a run: steps' residuals (T, N) with labels, the noise's law, and the drift."""

    experiment: Experiment
    data: Data
    given: Array
    law: NoiseLaw
    drift: float


@dataclass(frozen=True)
class _Cross:
    """Inner products and cosines of fresh patches (rows) and training patches; the pairs that are interpolated, and others."""

    inner: Balls
    cosine: Balls
    far: Array
    near: tuple[Pair, ...]


def check_fresh(stated: Mapping[str, Any], run: Run) -> None:
    """Refuse counts, intervals or a linear part's error that do not follow."""
    only_keys(stated, {"n", "wrong", "unsure", "interval", "linear"})
    e, n = run.experiment, stated["n"]
    if type(n) is not int or not 0 < n <= 10**4 or e.shared_filters or e.label_flips:
        raise Refused("fresh examples of another kind")
    test = draw_test_data(e, n)
    outputs, beta = _outputs(run, test)
    margin = test.y * outputs.mid
    for part in ("wrong", "unsure", "interval"):
        only_keys(stated[part], set(test.kinds))
    for place, kind in enumerate(test.kinds):
        of = test.kind == place
        wrong, unsure = stated["wrong"][kind], stated["unsure"][kind]
        if type(wrong) is not int or type(unsure) is not int or wrong < 0 or unsure < 0:
            raise Refused("counts that are no whole numbers")
        surely_wrong = int(np.count_nonzero(margin[of] < -outputs.rad[of]))
        surely_right = int(np.count_nonzero(margin[of] > outputs.rad[of]))
        if surely_wrong < wrong or surely_right < n - wrong - unsure:
            raise Refused(f"{kind}: counts of fresh examples that are not proved")
        _check_interval(kind, stated["interval"][kind], wrong, wrong + unsure, n)
    if stated["linear"] is not None:
        _check_linear(stated["linear"], beta, run)


def _outputs(run: Run, test: Data) -> tuple[Balls, Balls]:
    """Outputs on fresh examples with the drift in their radii, and the vector of the linear part (1, d) without it."""
    e, data, law = run.experiment, run.data, run.law
    train = np.asarray(data.x1[data.has_x1], np.float64)
    rows = np.flatnonzero(test.has_x1)
    patches = np.asarray(test.x1[rows], np.float64)
    directions = np.asarray(get_directions(e, data), np.float64)
    alpha = np.asarray(data.alpha, np.float64)[:, None]
    at_directions = [product(exact(run.given * (data.direction == place)), exact(alpha)) for place in range(3)]
    parts = [exact(run.given[:, data.has_x1]), *at_directions]
    cross = _make_cross(patches, train)
    interpolation = Interpolation(cross)
    plain = _sums(law, parts[0], lambda weights, _: weights)
    values = product(plain, cross.inner.scaled(0.25).transposed)
    if not e.redrawn_patterns:
        added = exact(np.zeros((1, len(patches))))
        for k, coefficient in enumerate(interpolation.coefficients):
            memory = _sums(law, parts[0], lambda weights, rho, k=k: weights * chebyshev(rho, k + 1)[k])
            added = added + product(memory, coefficient.transposed)
        absolute = _absolute(law, parts[0])
        mid, rad = added.mid, added.rad + absolute * interpolation.error * (1 + 1e-12)
        for pair in cross.near:
            one = _angle(law, parts[0][:, pair.second : pair.second + 1], pair.cosine, pair.square_sine) * pair.inner
            there = Balls(mid[:, pair.first], rad[:, pair.first]) + one[:, 0]
            mid[:, pair.first], rad[:, pair.first] = there.mid, there.rad
        values = values + Balls(mid, widened(rad)) / PI.scaled(2.0)
    beta = product(plain, exact(train)).scaled(0.25)
    second = [_at_direction(law, parts[1:], directions, place, redrawn=e.redrawn_patterns) for place in range(3)]
    of = np.asarray(test.direction, np.int64)
    total = Balls(np.array([each.mid for each in second])[of], np.array([each.rad for each in second])[of]) * exact(
        np.asarray(test.alpha, np.float64))
    mid, rad = total.mid.copy(), total.rad.copy()
    both = Balls(mid[rows], rad[rows]) + values[0]
    mid[rows], rad[rows] = both.mid, both.rad
    lengths = np.zeros(len(test))
    lengths[rows] = _squares(patches).upper()
    lengths += np.asarray(test.alpha, np.float64) ** 2 * _squares(directions).upper()[of] * (1 + 8 * UNIT)
    feature = np.sqrt(lengths / 2.0) * (1 + 8 * UNIT)
    return Balls(mid, widened(rad + feature * run.drift)), beta


def _make_cross(fresh: Array, train: Array) -> _Cross:
    inner = product(exact(fresh), exact(np.ascontiguousarray(train.T)))
    norms = _squares(fresh).root()[:, None] * _squares(train).root()[None, :]
    cosine = inner / norms
    near = np.abs(cosine.mid) > NEAR
    pairs = tuple(make_pair(i, j, fresh[i], train[j]) for i, j in np.argwhere(near).tolist())
    return _Cross(inner, cosine, ~near, pairs)


def _squares(rows: Array) -> Balls:
    """Squared norms of rows: a sum of d products is within (d + 2) u of itself."""
    mid = np.einsum("ij,ij->i", rows, rows)
    return Balls(mid, widened((rows.shape[1] + 2) * 1.01 * UNIT * mid))


def _blocks(law: NoiseLaw, steps: int) -> Iterator[tuple[slice, Balls, Balls]]:
    last = slice(steps, steps + 1)
    for start in range(0, steps, _COLUMNS):
        columns = slice(start, min(start + _COLUMNS, steps))
        yield columns, law.weights(last, columns), law.correlations(last, columns)


def _sums(law: NoiseLaw, part: Balls, factor: Any) -> Balls:
    """Sum over steps (1, n) of a factor made of weights and correlations, times residuals (T, n)."""
    total = exact(np.zeros((1, part.mid.shape[1])))
    for columns, weights, correlations in _blocks(law, len(part.mid)):
        total = total + product(factor(weights, correlations), part[columns])
    return total


def _absolute(law: NoiseLaw, part: Balls) -> float:
    total = 0.0
    for columns, weights, _ in _blocks(law, len(part.mid)):
        total += float((weights.upper() @ part.upper()[columns].sum(axis=1))[0])
    return float(total * (1.0 + (len(part.mid) + part.mid.shape[1] + 8) * 2 * UNIT))


def _angle(law: NoiseLaw, part: Balls, cosine: Balls, square_sine: Balls) -> Balls:
    """Sum over steps of arcsin(rho c) times residuals (T, 1)."""
    total, steps = exact(np.zeros((1, 1))), len(part.mid)
    for columns, weights, _ in _blocks(law, steps):
        angles = law.arcsines(slice(steps, steps + 1), columns, cosine, square_sine)
        total = total + product(weights * angles, part[columns])
    return total


def _at_direction(law: NoiseLaw, parts: list[Balls], directions: Array, place: int, *, redrawn: bool) -> Balls:
    """Output at a direction, a ball of one number."""
    total = exact(np.array(0.0))
    for other in range(3):
        pair = make_pair(place, other, directions[place], directions[other])
        if other == place:
            pair = Pair(place, other, pair.inner, exact(np.array(1.0)), exact(np.array(0.0)))
        quarter = _sums(law, parts[other], lambda weights, _: weights)[0, 0].scaled(0.25)
        if not redrawn:
            quarter = quarter + _angle(law, parts[other], pair.cosine, pair.square_sine)[0, 0] / PI.scaled(2.0)
        total = total + quarter * pair.inner
    return total


# -- intervals ----------------------------------------------------------------------------------------------------------------


def _check_interval(kind: str, ends: Any, least: int, most: int, n: int) -> None:
    """Clopper and Pearson: at the lower end so many errors or more are rare, at the upper end so many or fewer."""
    low, high = (_millionths(each) for each in ends)
    if least > 0 and not _share(n, low, least, n) <= _TAIL:
        raise Refused(f"{kind}: a lower end of the interval that is too high")
    if least == 0 and low > 0:
        raise Refused(f"{kind}: a lower end above 0, where no error is seen")
    if most < n and not _share(n, high, 0, most) <= _TAIL:
        raise Refused(f"{kind}: an upper end of the interval that is too low")
    if most >= n and high < 1:
        raise Refused(f"{kind}: an upper end below 1, where every example may be wrong")


def _millionths(value: Any) -> Fraction:
    """An end as it is written, with six digits behind the point."""
    if type(value) is not float or not 0.0 <= value <= 1.0 or value != round(value * 1e6) / 1e6:
        raise Refused("an interval outside [0, 1], or of more than six digits")
    return Fraction(round(value * 1e6), 10**6)


def _share(n: int, p: Fraction, first: int, last: int) -> Fraction:
    """P[first <= X <= last] of a binomial law, 0 < p < 1, exactly: each term from the one before."""
    a, b = p.numerator, p.denominator - p.numerator
    term = math.comb(n, first) * a**first * b ** (n - first)
    total = term
    for j in range(first, last):
        term = term * ((n - j) * a) // ((j + 1) * b)
        total += term
    return Fraction(total, p.denominator**n)


# -- the linear part ----------------------------------------------------------------------------------------------------------


def _check_linear(ends: Any, beta: Balls, run: Run) -> None:
    low, high = (double(each, "an error of the linear part") for each in ends)
    w = np.asarray(run.data.w_star, np.float64)[:, None]
    length = _squares(w.T).root()
    along = product(beta, exact(w))[0] / length
    square = product(Balls(beta.mid, np.zeros_like(beta.rad)), Balls(beta.mid.T, np.zeros_like(beta.rad.T)))[0]
    across = (square - along * along).root()
    off = run.drift / 2.0 * (1 + 4 * UNIT) + float(np.sqrt(np.sum(beta.rad**2))) * (1 + 1e-12)
    margin = (off + float(along.rad[0]) + float(across.rad[0])) * (1 + 1e-14)
    least = (float(along.mid[0]) - margin) / (float(across.mid[0]) + margin) * (1 - 1e-14)
    most_by = float(across.mid[0]) - margin
    if not (least > 0 and most_by > 0):
        raise Refused("a linear part that is not known to point along w*")
    most = (float(along.mid[0]) + margin) / most_by * (1 + 1e-14)
    upper, lower = _error(least, run.experiment.g0), _error(most, run.experiment.g0)
    # An end is within 4 u of itself: both errors are below 1.
    if not (low <= float(lower.mid) - float(lower.rad) - 4 * UNIT and high >= float(upper.mid) + float(upper.rad) + 4 * UNIT):
        raise Refused("an error of the linear part that is narrower than what follows")


def _error(a: float, g_0: float) -> Balls:
    """Phi(-h) - 2 T(h, a): both integrals by the trapezoidal rule, whose error is at most length^3 max|f''| / (12 n^2).

    |f''| is at most 1 for exp(-t^2/2), and h^2 + 0.8 h + 2 for exp(-h^2 x^2/2) / (1 + x^2).
    """
    n = math.ceil(4000 * max(1.0, a) ** 1.5)
    slope = exact(np.array(a))
    h = slope * exact(np.array(g_0)) / (slope * slope).shifted(1.0).root()
    grid = exact(np.arange(n + 1) / 1.0) / exact(np.array(float(n)))
    x, t = grid * slope, grid * h
    plus = (x * x).shifted(1.0)
    owen = _trapezoid(exponential(h * h * plus.scaled(0.5)) / plus, n) * slope
    bell = _trapezoid(exponential((t * t).scaled(0.5)), n) * h
    top = float(h.upper())
    owen = Balls(owen.mid, widened(owen.rad + a**3 * (top**2 + 0.8 * top + 2.0) / (12.0 * n * n)))
    bell = Balls(bell.mid, widened(bell.rad + top**3 / (12.0 * n * n)))
    return -(bell / PI.scaled(2.0).root()).shifted(-0.5) - owen / PI


def _trapezoid(values: Balls, n: int) -> Balls:
    weights = np.ones((1, n + 1))
    weights[0, 0] = weights[0, -1] = 0.5
    column = Balls(values.mid[:, None], values.rad[:, None])
    return product(exact(weights), column)[0, 0] / exact(np.array(float(n)))
