"""Losses over one cell of parameters again, in balls, from residuals of its own (docs/explanation/order_box.md)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from proofs_check.recheck.order.balls import UNIT, Balls, exact
from proofs_check.recheck.order.box_guess import BITS, guessed_residuals
from proofs_check.recheck.order.box_kernels import CellOf
from proofs_check.recheck.order.box_sums import Residuals, left_out_of_outputs
from proofs_check.recheck.order.curvature import examples_gram, is_bound
from proofs_check.recheck.order.functions import logistic
from proofs_check.recheck.order.geometry import Geometry, make_geometry
from proofs_check.recheck.order.noise_law import NoiseLaw
from proofs_check.recheck.order.outputs import Interpolation, outputs
from proofs_check.recheck.refusal import Refused
from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment

__all__ = ["CellCheck", "Found"]

_UP = 1.0 + 1e-9


@dataclass(frozen=True)
class Found:
    """Bounds over a cell up to a step: of kinds' losses, of what interpolation leaves out, of the drift."""

    lows: Mapping[str, float]
    highs: Mapping[str, float]
    before: float
    remainder: float
    drift: float

    def low(self, kind: str) -> float:
        """Lower bound of a kind's loss after each number of steps up to the step."""
        return self.lows[kind]

    def high(self, kind: str) -> float:
        """Upper bound after the step."""
        return self.highs[kind]


class CellCheck:
    """Encloses cells of one data set."""

    def __init__(self, experiment: Experiment, data: Data) -> None:
        self._e, self._data = experiment, data
        self._star = lru_cache(maxsize=16)(self._make_star)

    def losses(self, bounds: Mapping[str, tuple[float, float]], step: int) -> Found:
        """Bounds over a cell, given by its edges, of runs of ``step`` steps."""
        e, data, n = self._e, self._data, len(self._data)
        start = (e.tau_0_rate or e.eta_1) if e.tau_0 == "stationary" else None
        cell = CellOf(bounds, start, e.tau_0_value, e.tau_xi)
        for name, (low, high) in bounds.items():
            if Fraction(low) + Fraction(high) != 2 * Fraction(cell.centre[name]):
                raise Refused("a cell whose centre is no double")
        residuals, mismatch = self._residuals(cell, bounds, step + 1)
        geometry = self._geometry(cell.centre["r"])
        left_out = mismatch[:, None] + left_out_of_outputs(cell, geometry, data.y, residuals)
        left_out += _left_out_of_residuals(residuals)
        kinds = {"all": np.arange(n)} | {name: np.flatnonzero(data.kind == place) for place, name in enumerate(data.kinds)}
        kinds = {name: members for name, members in kinds.items() if len(members)}
        largest = self._largest(cell, geometry, kinds)
        drift = self._drift(bounds, _root(left_out), 0.25 * largest["all"] ** 2 * _UP)
        lows, highs = {}, {}
        for name, members in kinds.items():
            off = largest[name] * drift + _root(left_out[:, members])
            slope = _root(residuals.high[:, members])
            lows[name] = _lower(residuals, members) - slope * off * _UP
            highs[name] = _upper(residuals, members, step) + float((slope * off + off**2 / 8)[step]) * _UP
        before = float(lows["all"][:step].min(initial=1.0))
        return Found({name: float(each.min()) for name, each in lows.items()}, highs, before, float(_root(left_out).max()),
                     float(drift.max()))

    def _geometry(self, r: float) -> Geometry:
        pq = self._data.structure
        return make_geometry(self._data.x1, self._data.has_x1, np.asarray(pq.alpha, np.float64), pq.direction,
                             np.array([[1.0, -r], [1.0, 0.0], [1.0, r]]), shared=False)

    def _residuals(self, cell: CellOf, bounds: Mapping[str, tuple[float, float]], steps: int) -> tuple[Residuals, Array]:
        centre, wrong = self._star(*(cell.centre[name] for name in bounds), steps)
        slopes, squares = [], []
        wrong = wrong * (1 + len(cell.varied))
        for name in cell.varied:
            ends = []
            for end in bounds[name]:
                values, more = self._star(*(end if each == name else cell.centre[each] for each in bounds), steps)
                ends.append((values, more))
            wrong = wrong + np.maximum(ends[0][1], ends[1][1])
            slopes.append(np.ldexp((ends[1][0] - ends[0][0]).astype(np.float64), -BITS - 1))
            squares.append(np.ldexp((ends[1][0] + ends[0][0] - 2 * centre).astype(np.float64), -BITS - 1))
        middle = np.ldexp(centre.astype(np.float64), -BITS)
        wide = sum((np.abs(each) for each in (*slopes, *squares)), np.zeros_like(middle)) * (1 + 16 * UNIT)
        low, high = middle - wide, middle + wide
        if not (np.all(low > 1e-9) and np.all(high < 1 - 1e-9)):
            raise Refused("residuals beyond 0 and 1 over a cell")
        return Residuals(middle, slopes, squares, low * (1 - 1e-12), high * (1 + 1e-12)), wrong

    def _make_star(self, r: float, lambda_: float, rate: float, steps: int) -> tuple[Array, Array]:
        """Residuals at a point, and bounds of |f^ - f~| by step."""
        e, data = self._e, self._data
        at = e.replace(r=r, lambda_=lambda_, tau_0_rate=e.tau_0_rate or e.eta_1) if e.tau_0 == "stationary" else e
        tau_0 = at.tau_0_value
        geometry = self._geometry(r)
        whole = guessed_residuals(geometry, data.y, steps, rate, lambda_, tau_0, e.tau_xi)
        residuals = np.ldexp(whole.astype(np.float64), -BITS)
        law = NoiseLaw([rate] * steps, [len(data)] * steps, lambda_, tau_0, e.tau_xi, [True] * steps)
        shifted = self._noise_off(geometry, law, rate, lambda_, tau_0, steps)
        found = np.zeros(steps)
        start = 0, exact(np.zeros((1, len(data))))
        for first, values in (start, *outputs(geometry, law, Interpolation(geometry), residuals * data.y, redrawn=False)):
            rows = slice(first, min(first + len(values.mid), steps))
            if rows.stop > rows.start:
                there = slice(0, rows.stop - first)
                found[rows] = _mismatch(data.y * values.mid[there], values.rad[there], residuals[rows])
        return whole, found + shifted

    def _noise_off(
        self, geometry: Geometry, law: NoiseLaw, rate: float, lambda_: float, tau_0: float, steps: int
    ) -> float:
        """What outputs change if tau_0 is the exact stationary level, of which the double is rounded.

        A relative change eta of tau_0^2 changes 1 - rho^2 by at most eta (1 - rho^2), and an angle by at most eta / (2 rho).
        """
        e = self._e
        if e.tau_0 != "stationary":
            return 0.0
        start = Fraction(e.tau_0_rate or e.eta_1)
        ratio = Fraction(tau_0) ** 2 * Fraction(lambda_) * (2 - start * Fraction(lambda_)) / (start * Fraction(e.tau_xi) ** 2)
        eta = 2.0 * float(abs(ratio - 1)) + 1e-20
        ball = law.correlations(slice(steps, steps + 1), slice(0, 1))
        least = float(ball.mid[0, 0] - ball.rad[0, 0])
        square = float(np.diag(geometry.inner.upper()).max())
        return steps * rate * (1.0 + float(geometry.alpha.max())) ** 2 * square * eta / (2.0 * least) * _UP

    def _largest(self, cell: CellOf, geometry: Geometry, kinds: Mapping[str, Array]) -> dict[str, float]:
        """Upper bounds of the roots of the largest eigenvalues of kinds' Gram matrices over their number, all over the cell."""
        gram, error = examples_gram(geometry)
        r, half = cell.centre["r"], cell.half["r"]
        # Kernels of two directions: n (1/2 - theta / (2 pi)), theta within (1 or 2) arctan r: both change by no more than this.
        moved = (r * half + half**2 / 2) + half * (1 + r * r) / 3.14
        found = {}
        for name, members in kinds.items():
            part, count = gram[np.ix_(members, members)], len(members)
            guess = 0.25 * float(np.linalg.eigvalsh(part)[-1]) / count * (1 + 1e-6) + 1e-9
            if not is_bound(part, error, np.full(count, 1.0 / count), guess):
                raise Refused("a curvature that cannot be bounded")
            found[name] = math.sqrt(4.0 * guess + moved * float(np.mean(geometry.alpha[members] ** 2))) * _UP
        return found

    def _drift(self, bounds: Mapping[str, tuple[float, float]], left_out: Array, curvature: float) -> Array:
        """Steps on a convex loss undo a part of what errors move: their squares add up."""
        (low_rate, rate), (low_decay, decay) = bounds["rate"], bounds["lambda"]
        least, most = 1.0 - rate * decay * (1 + 8 * UNIT), 1.0 - low_rate * low_decay * (1 - 8 * UNIT)
        if not (0 < least and 2.0 * least - rate * curvature > 1e-6):
            raise Refused("steps that may amplify errors")
        factor = rate * most**2 / (4.0 * (2.0 * least - rate * curvature)) * _UP
        found = [0.0]
        for each in left_out[:-1].tolist():
            found.append(math.hypot(most * found[-1], math.sqrt(factor) * each) * (1 + 1e-13))
        return np.array(found)


def _root(values: Array) -> Array:
    """Root mean squares of rows, rounded up."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", values, values) / values.shape[1]) * _UP)


def _mismatch(margin: Array, radius: Array, residuals: Array) -> Array:
    """Largest |f^ - f~| of rows: the slope of the logistic function is at least the smaller of both ends'."""
    found = logistic(margin)[1]
    off = (np.abs(found.mid - residuals) + found.rad) * _UP
    ends = np.minimum(found.mid, residuals) - off, np.maximum(found.mid, residuals) + off
    if not (np.all(ends[0] > 0) and np.all(ends[1] < 1)):
        raise Refused("residuals near 0 or 1")
    slope = np.minimum(ends[0] * (1 - ends[0]), ends[1] * (1 - ends[1]))
    return np.asarray((off / slope + radius).max(axis=1) * _UP)


def _left_out_of_residuals(residuals: Residuals) -> Array:
    """What is left out of log((1 - a) / a): 1/8 of second derivatives by one parameter, and mixed ones."""
    low, high = residuals.low, residuals.high
    slope = 1.0 / np.minimum(low * (1 - low), high * (1 - high))
    bend = slope**2 * np.maximum(np.abs(1 - 2 * low), np.abs(1 - 2 * high))
    total = np.zeros_like(low)
    once = [np.abs(b) + 2 * np.abs(c) for b, c in zip(residuals.slopes, residuals.squares, strict=True)]
    for i, (first, square) in enumerate(zip(once, residuals.squares, strict=True)):
        total = total + (bend * first * first + 2 * slope * np.abs(square)) / 8 + sum(
            (bend * first * other for other in once[i + 1 :]), np.zeros_like(low))
    return total * _UP


def _loss(residual: Array) -> Balls:
    """- log(1 - a): the loss at a margin whose residual is near a, moved by at most the difference over 1 - a."""
    margin = np.log(1.0 / residual - 1.0)
    loss, found = logistic(margin)
    off = (np.abs(found.mid - residual) + found.rad) * _UP
    rest = 1.0 - residual - off
    if not np.all(rest > 0):
        raise Refused("residuals near 1")
    return Balls(loss.mid, loss.rad + off / rest * _UP)


def _lower(residuals: Residuals, members: Array) -> Array:
    """Lower bounds (T,) over the cell of the mean of - log(1 - a): at the centre, less the tangent's largest fall."""
    centre = residuals.centre[:, members] + sum((np.minimum(each[:, members], 0.0) for each in residuals.squares), np.zeros(()))
    loss = _loss(centre)
    found = np.mean(loss.mid, axis=1) - np.mean(loss.rad, axis=1) * _UP - 1e-13
    for slope in residuals.slopes:
        found = found - np.abs(np.mean(slope[:, members] / (1.0 - centre), axis=1)) * _UP - 1e-13
    return np.asarray(found)


def _upper(residuals: Residuals, members: Array, step: int) -> float:
    """Upper bound after a step: a convex function is largest at a vertex."""
    raised = sum((np.maximum(each[step, members], 0.0) for each in residuals.squares), np.zeros(()))
    centre = residuals.centre[step, members] + raised
    found = []
    for signs in itertools.product((-1.0, 1.0), repeat=len(residuals.slopes)):
        moved = sum((sign * each[step, members] for sign, each in zip(signs, residuals.slopes, strict=True)), np.zeros(()))
        loss = _loss(centre + moved)
        found.append(float(np.mean(loss.mid)) + float(np.mean(loss.rad)) * _UP + 1e-13)
    return max(found)


