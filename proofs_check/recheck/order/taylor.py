"""Expansions to the second order over a cell, in balls: a value and its derivatives, each enclosed for all of the cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofs_check.recheck.order.balls import Balls, exact, widened
from theory_sim.arrays import Array

__all__ = ["Taylor", "between", "fixed", "powers_of"]


@dataclass(frozen=True)
class Taylor:
    """A function of q_1, ..., q_D, |q_k| <= 1; derivatives that are missing are 0. ``twice`` is by pairs (i, j), i >= j."""

    value: Balls
    once: Mapping[int, Balls]
    twice: Mapping[tuple[int, int], Balls]

    def __add__(self, other: Taylor) -> Taylor:
        return Taylor(self.value + other.value, _merged(self.once, other.once), _merged(self.twice, other.twice))

    def __neg__(self) -> Taylor:
        return Taylor(-self.value, {k: -each for k, each in self.once.items()}, {k: -each for k, each in self.twice.items()})

    def __sub__(self, other: Taylor) -> Taylor:
        return self + (-other)

    def __mul__(self, other: Taylor) -> Taylor:
        a, b = self, other
        once = _merged({k: each * b.value for k, each in a.once.items()}, {k: a.value * each for k, each in b.once.items()})
        twice = _merged({k: each * b.value for k, each in a.twice.items()}, {k: a.value * each for k, each in b.twice.items()})
        cross: dict[tuple[int, int], Balls] = {}
        for i, left in a.once.items():
            for j, right in b.once.items():
                both = left * right
                cross = _merged(cross, {(max(i, j), min(i, j)): both.scaled(2.0) if i == j else both})
        return Taylor(a.value * b.value, once, _merged(twice, cross))

    def scaled(self, factor: float) -> Taylor:
        """Times an exact number."""
        return Taylor(self.value.scaled(factor), {k: each.scaled(factor) for k, each in self.once.items()},
                      {k: each.scaled(factor) for k, each in self.twice.items()})

    def less_than_one(self) -> Taylor:
        """1 minus this."""
        return Taylor((-self.value).shifted(1.0), (-self).once, (-self).twice)

    def composed(self, value: Balls, slope: Balls, curvature: Balls) -> Taylor:
        """A function of this, by enclosures of it and of both derivatives."""
        twice: dict[tuple[int, int], Balls] = {k: slope * each for k, each in self.twice.items()}
        for i, left in self.once.items():
            for j, right in self.once.items():
                if i >= j:
                    twice = _merged(twice, {(i, j): curvature * (left * right)})
        return Taylor(value, {k: slope * each for k, each in self.once.items()}, twice)

    def inverse(self) -> Taylor:
        """1 / this, of balls of positive numbers."""
        one = exact(np.ones_like(self.value.mid)) / self.value
        return self.composed(one, -(one * one), (one * one * one).scaled(2.0))

    def __getitem__(self, index: Any) -> Taylor:
        return Taylor(self.value[index], {k: each[index] for k, each in self.once.items()},
                      {k: each[index] for k, each in self.twice.items()})

    def where(self, chosen: Array, other: Taylor | None = None) -> Taylor:
        """This at chosen entries, another, or 0, elsewhere."""
        nothing = Balls(np.zeros(()), np.zeros(()))

        def pick(one: Balls | None, two: Balls | None) -> Balls:
            a, b = one or nothing, two or nothing
            return Balls(np.where(chosen, a.mid, b.mid), np.where(chosen, a.rad, b.rad))

        far = other or Taylor(nothing, {}, {})
        return Taylor(pick(self.value, far.value),
                      {k: pick(self.once.get(k), far.once.get(k)) for k in {*self.once, *far.once}},
                      {k: pick(self.twice.get(k), far.twice.get(k)) for k in {*self.twice, *far.twice}})

    def hull(self, other: Taylor) -> Taylor:
        """Enclosures of (1 - u) this + u other for all u in [0, 1]."""
        nothing = Balls(np.zeros(()), np.zeros(()))

        def join(one: Balls | None, two: Balls | None) -> Balls:
            return _hull(one or nothing, two or nothing)

        return Taylor(join(self.value, other.value),
                      {k: join(self.once.get(k), other.once.get(k)) for k in {*self.once, *other.once}},
                      {k: join(self.twice.get(k), other.twice.get(k)) for k in {*self.twice, *other.twice}})


def _merged(one: Mapping[Any, Balls], other: Mapping[Any, Balls]) -> dict[Any, Balls]:
    found = dict(one)
    for key, each in other.items():
        found[key] = found[key] + each if key in found else each
    return found


def _hull(one: Balls, other: Balls) -> Balls:
    return between(np.minimum(one.mid - one.rad, other.mid - other.rad), np.maximum(one.mid + one.rad, other.mid + other.rad))


def between(low: Array, high: Array) -> Balls:
    """The ball of an interval whose ends may be off by a rounding."""
    mid = 0.5 * (low + high)
    return Balls(np.asarray(mid), widened(0.5 * (high - low) + 4e-16 * (np.abs(low) + np.abs(high))))


def fixed(value: float) -> Taylor:
    """A number."""
    return Taylor(exact(np.array(value)), {}, {})


def powers_of(base: Taylor, count: int) -> Taylor:
    """base^n, n < count, of a base in (0, 1], as arrays."""
    low, high = float(base.value.mid - base.value.rad), float(base.value.mid + base.value.rad)
    lows, highs = [1.0], [1.0]
    for _ in range(count - 1):
        lows.append(np.nextafter(lows[-1] * np.nextafter(low, 0.0), 0.0))
        highs.append(np.nextafter(highs[-1] * np.nextafter(high, 2.0), 2.0))
    whole = between(np.array(lows), np.array(highs))
    before = Balls(np.concatenate([[0.0], whole.mid[:-1]]), np.concatenate([[0.0], whole.rad[:-1]]))
    two_before = Balls(np.concatenate([[0.0], before.mid[:-1]]), np.concatenate([[0.0], before.rad[:-1]]))
    n = np.arange(count, dtype=np.float64)
    return base.composed(whole, before * exact(n), two_before * exact(n * (n - 1.0)))
