"""The parts of the limit's kernel over a cell, expanded in its parameters (docs/explanation/order_box.md), in balls.

psi(x), the angle of squared sine x, between the segment's ends x_0 and x_0 + d is psi(x_0) + d times the mean of psi' over it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from proofs_check.recheck.order.balls import Balls, exact, widened
from proofs_check.recheck.order.functions import PI
from proofs_check.recheck.order.taylor import Taylor, between, fixed, powers_of
from proofs_check.recheck.refusal import Refused
from theory_sim.arrays import Array

__all__ = ["CellOf", "Expansions"]

_PIECES: Final = (0.0, 0.125, 0.375, 1.0)
"""Where a segment of angles is cut; eighths are exact."""


class CellOf:
    """Parameters over a cell: bounds of "r", "lambda" and "rate" by name, and how the noise starts."""

    def __init__(self, bounds: Mapping[str, tuple[float, float]], start: float | None, tau_0: float, tau_xi: float) -> None:
        self.bounds, self.start, self.tau_0, self.tau_xi = bounds, start, tau_0, tau_xi
        self.varied = [name for name, (low, high) in bounds.items() if high > low]
        self.centre = {name: low + (high - low) / 2 for name, (low, high) in bounds.items()}
        self.half = {name: max(high - self.centre[name], self.centre[name] - low) for name, (low, high) in bounds.items()}

    def of(self, name: str) -> Taylor:
        """A parameter."""
        value = Balls(np.array(self.centre[name]), np.array(self.half[name]))
        if name not in self.varied:
            return Taylor(value, {}, {})
        return Taylor(value, {self.varied.index(name): exact(np.array(self.half[name]))}, {})


class Expansions:
    """Kernels between steps by name."""

    def __init__(self, cell: CellOf, steps: int, cosine: float) -> None:
        self.steps, self._cosine = steps, cosine
        rate, decay = cell.of("rate"), cell.of("lambda")
        lost = rate * decay
        kept = powers_of(lost.less_than_one(), 2 * steps + 1)
        squares = kept[::2]
        self._gone = squares.less_than_one()
        self._gone = Taylor(between(np.maximum(self._gone.value.mid - self._gone.value.rad, 0.0),
                                    self._gone.value.mid + self._gone.value.rad), self._gone.once, self._gone.twice)
        # kappa = gamma tau_xi^2 / (lambda (2 - gamma lambda) tau_0^2).
        two = fixed(2.0)
        if cell.start is None:
            kappa = rate * fixed(cell.tau_xi) * fixed(cell.tau_xi) * (
                decay * (two - lost) * fixed(cell.tau_0) * fixed(cell.tau_0)).inverse()
        elif cell.bounds["rate"] == (cell.start, cell.start):
            kappa = fixed(1.0)
        else:
            kappa = rate * (two - fixed(cell.start) * decay) * (fixed(cell.start) * (two - lost)).inverse()
        level = kappa + kappa.less_than_one() * squares
        self._fresh = kappa * level.inverse()
        self._weight = rate * kept[: steps + 1]
        r = cell.of("r")
        self._r, self._square = r, r * r
        self._inverse = (fixed(1.0) + self._square).inverse()

    def rows(self, times: Array) -> Iterator[tuple[str, Taylor]]:
        """Kernels (rows, steps before the last row) by name."""
        columns = np.arange(int(times[-1]))
        age = times[:, None] - columns[None, :]
        before, age = age >= 1, np.maximum(age, 1)
        weight = self._weight[age - 1].where(before)
        chi = self._fresh[times[:, None]] * self._gone[age]
        chi = Taylor(_below_one(chi.value), chi.once, chi.twice)
        turned = Taylor(weight.value / PI.scaled(2.0), {k: each / PI.scaled(2.0) for k, each in weight.once.items()},
                        {k: each / PI.scaled(2.0) for k, each in weight.twice.items()})
        apart = chi.value.mid > float(self._square.value.mid)
        yield "linear", weight
        half = weight.scaled(0.5)
        yield "half", half
        yield "half r^2", half * self._square
        yield "weak", turned * self._weak(chi)
        same = turned * _psi(chi)
        yield "same", same
        balanced, own = same.where(apart), same.where(~apart)
        yield "balanced", balanced
        yield "balanced r^2", balanced * self._square
        yield "z, z", own
        yield "side, same side", own * (fixed(1.0) + self._square)
        cut = self._square.less_than_one()
        for name, length, times_theta, sine, cosine in (
            ("z, side", fixed(1.0), 1.0, self._square * self._inverse, self._inverse),
            ("side, other side", cut, 2.0, (self._square * self._inverse * self._inverse).scaled(4.0),
             cut * cut * self._inverse * self._inverse),
        ):
            yield f"{name}: angle", (turned * length * _arc_tangent(self._r)).scaled(times_theta).where(~apart)
            whole = sine + cosine * chi
            start = chi.where(apart, sine)
            moved = (sine * chi.less_than_one()).where(apart, cosine * chi)
            points = [start, *(start + moved.scaled(share) for share in _PIECES[1:-1]), whole]
            means = [_mean_slope(one.hull(other)).scaled(after - ahead) for ahead, after, one, other in zip(
                _PIECES[:-1], _PIECES[1:], points[:-1], points[1:], strict=True)]
            yield f"{name}: rest", turned * length * (moved * (means[0] + means[1] + means[2]))

    def _weak(self, chi: Taylor) -> Taylor:
        """arcsin(c rho) / c of |c| at most the largest cosine, by u = rho^2: slope 1/2 (u (1 - c^2 u))^(-1/2)."""
        u = chi.less_than_one()
        low = (u.value.mid - u.value.rad) * (1.0 - self._cosine**2) * (1.0 - 1e-12)
        if not np.all(low > 0):
            raise Refused("correlations that may be 0 over a cell")
        steep = _symmetric(0.5 / np.sqrt(low))
        return u.composed(_symmetric(np.full_like(low, 1.0 / math.sqrt(1.0 - self._cosine**2))), steep,
                          _symmetric(0.25 / low**1.5))


def _symmetric(size: Array) -> Balls:
    return Balls(np.zeros_like(size), widened(size))


def _below_one(chi: Balls) -> Balls:
    """1 - rho^2 is in (0, 1)."""
    return between(np.maximum(chi.mid - chi.rad, 0.0), np.minimum(chi.mid + chi.rad, 1.0))


def _product_range(x: Taylor) -> tuple[Array, Array]:
    """Bounds of x (1 - x)."""
    low, high = x.value.mid - x.value.rad, x.value.mid + x.value.rad
    if not (np.all(low > 0) and np.all(high < 1)):
        raise Refused("patterns that may be fixed, or new, over a cell")
    ends = np.minimum(low * (1 - low), high * (1 - high)), np.maximum(low * (1 - low), high * (1 - high))
    top = np.where((low < 0.5) & (high > 0.5), 0.25, ends[1])
    return ends[0] * (1 - 1e-14), top * (1 + 1e-14)


def _psi(x: Taylor) -> Taylor:
    """arcsin of the root: psi' = 1/2 m^(-1/2), psi'' = -1/4 m^(-3/2) (1 - 2x), m = x (1 - x)."""
    low, high = _product_range(x)
    lowest, highest = x.value.mid - x.value.rad, x.value.mid + x.value.rad
    # sin psi <= psi <= tan psi.
    value = between(np.sqrt(lowest), np.sqrt(highest / (1 - highest)))
    slope, bend = _half_power(low, high)
    return x.composed(value, slope, bend.scaled(-0.5) * x.value.scaled(-2.0).shifted(1.0))


def _half_power(low: Array, high: Array) -> tuple[Balls, Balls]:
    """1/2 m^(-1/2) and 1/2 m^(-3/2)."""
    return (between(0.5 / np.sqrt(high), 0.5 / np.sqrt(low)),
            between(0.5 / (high * np.sqrt(high)), 0.5 / (low * np.sqrt(low))))


def _mean_slope(x: Taylor) -> Taylor:
    """psi' averaged over a part of a segment, which the hull x holds: psi''' = 3/8 m^(-5/2) (1 - 2x)^2 + 1/2 m^(-3/2)."""
    low, high = _product_range(x)
    slope, bend = _half_power(low, high)
    tilt = x.value.scaled(-2.0).shifted(1.0)
    third = between(0.375 / (high**2 * np.sqrt(high)), 0.375 / (low**2 * np.sqrt(low))) * (tilt * tilt) + bend
    return x.composed(slope, bend.scaled(-0.5) * tilt, third)


def _arc_tangent(r: Taylor) -> Taylor:
    """theta = arctan r: between r - r^3 / 3 and r; slope 1 / (1 + r^2), curvature - 2 r / (1 + r^2)^2."""
    one = exact(np.array(1.0))
    square = r.value * r.value
    slope = one / square.shifted(1.0)
    low, high = float(r.value.mid - r.value.rad), float(r.value.mid + r.value.rad)
    return r.composed(between(np.array(low - low**3 / 3.0), np.array(high)), slope, (r.value * slope * slope).scaled(-2.0))
