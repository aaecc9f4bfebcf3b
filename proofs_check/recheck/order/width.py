"""From how many neurons on an order holds: the bounds of docs/explanation/order_width.md at the stated width alone, again.

Sums over earlier steps are direct sums with the balls of the noise's law; eigenvalues are bounded by Cholesky factorisations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from proofs_check.recheck.order.balls import exact
from proofs_check.recheck.order.curvature import is_bound
from proofs_check.recheck.order.functions import exponential
from proofs_check.recheck.order.geometry import Geometry
from proofs_check.recheck.order.noise_law import NoiseLaw
from proofs_check.recheck.refusal import Refused, double, only_keys
from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment

__all__ = ["WidthRun", "check_width"]

_ENTRIES: Final = {"delta", "order", "width", "step", "most", "output", "loss"}
_UP: Final = 1.0 + 1e-9
_ROOT_2_OVER_PI: Final = 0.7978845608028655
"""(2 / pi)^(1/2) = 0.79788456080286535..., rounded up."""


@dataclass(frozen=True)
class WidthRun:
    """The limit's run, checked before: residuals (T, N), their errors by step, bounds of losses, and how wide outputs are."""

    experiment: Experiment
    data: Data
    geometry: Geometry
    law: NoiseLaw
    rates: list[float]
    residuals: Array
    residual_error: Array
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    output_width: Array
    switch: int | None
    threshold: tuple[Fraction, Fraction] | None


def check_width(stated: Mapping[str, Any], run: WidthRun, level: float) -> None:
    """Refuse a width that is not proved to be enough."""
    only_keys(stated, _ENTRIES)
    e, width, step = run.experiment, stated["width"], stated["step"]
    delta, most, output, loss = (double(stated[name], name) for name in ("delta", "most", "output", "loss"))
    fixed = e.frozen_patterns or e.redrawn_patterns or e.patterns_freeze
    if e.shared_filters or not e.paired or e.batch_size is not None or fixed:
        raise Refused("a network that the theorem of finite width is not of")
    whole = type(width) is int and type(step) is int
    if not whole or not 2 <= width <= 10**61 or width % 2 or not 0 <= step <= len(run.rates):
        raise Refused("a width that is no even number, or no step")
    if not (1e-100 <= delta < 1.0 and 0.0 < most < 10.0):
        raise Refused("no probability, or no bound of outputs")
    if stated["order"] not in ("P first", "Q first"):
        raise Refused("a width for no order")
    found = _Bounds(run, float(width), _log_of_events(run, delta), most)
    outputs, losses = found.outputs(), found.losses()
    kinds = ("P-only", "Q-only") if stated["order"] == "P first" else ("Q-only", "P-only")
    until = slice(0, step + 1)
    if not np.all(outputs[until] <= most):
        raise Refused(f"outputs that are not known to stay within {most:g} of the limit's up to step {step}")
    if not run.high[kinds[0]][step] + losses[kinds[0]][step] < level:
        raise Refused(f"the loss of {kinds[0]} at width {width:.3g}, not known to be below {level:g} after {step} steps")
    if not np.all(run.low[kinds[1]][until] - losses[kinds[1]][until] >= level):
        raise Refused(f"the loss of {kinds[1]} at width {width:.3g}, not known to stay above {level:g}")
    _check_rates(run, losses["all"], step)
    moved = max(float(losses[kind][until].max()) for kind in kinds)
    if not (float(outputs[until].max()) <= output and moved <= loss):
        raise Refused("outputs or losses that are farther from the limit's than is stated")


def _check_rates(run: WidthRun, moved: Array, step: int) -> None:
    """The network's own training loss gives the limit's rates, and no end, before the step."""
    low, high = run.low["all"] - moved, run.high["all"] + moved
    if run.experiment.epsilon_2 is not None and not np.all(low[:step] > run.experiment.epsilon_2):
        raise Refused("a network whose run may end before the step")
    if run.threshold is None:
        return
    under, over = run.threshold
    before = step if run.switch is None else min(step, run.switch)
    if not all(Fraction(float(each)) > over for each in low[:before]):
        raise Refused("a network whose rate may fall before the limit's")
    if run.switch is not None and run.switch < step and not Fraction(float(high[run.switch])) <= under:
        raise Refused("a network whose rate may fall after the limit's")


def _log_of_events(run: WidthRun, delta: float) -> float:
    """Upper bound of log(5 n (T + 1) / delta), n sites: e^(-L / 16) in balls, to the power 16."""
    events = Fraction(5 * len(run.geometry.inner.mid) * (len(run.rates) + 1)) / Fraction(delta)
    guess = math.log(float(events)) * (1.0 + 1e-9)
    ball = exponential(exact(np.array([guess / 16.0])))
    if not Fraction(float(ball.mid[0] + ball.rad[0])) ** 16 * events * (1 + Fraction(1, 10**12)) <= 1:
        raise Refused("a logarithm that is no bound")
    return guess


class _Bounds:
    """What a network of so many neurons in each layer does to outputs, step by step, on the events of the proof."""

    def __init__(self, run: WidthRun, width: float, log: float, most: float) -> None:
        self._run, self._width, self._log = run, width, log
        steps, data, geometry = len(run.rates), run.data, run.geometry
        n = len(data)
        self._given = np.minimum(run.residuals + (math.sqrt(n) * run.residual_error)[:, None] * _UP, 1.0)
        residuals = np.minimum(self._given + most / 4.0, 1.0) * _UP
        inner, radius = np.where(geometry.joined, geometry.inner.mid, 0.0), np.where(geometry.joined, geometry.inner.rad, 0.0)
        same, other = np.maximum(inner, 0.0) + radius, np.maximum(-inner, 0.0) + radius
        weights = run.law.weights(slice(0, steps + 1), slice(0, steps)).upper()  # gamma_s D(s, t) / n
        up, down = self._both(weights, residuals, same, other)
        once_up, once_down = self._both(weights, self._given, same, other)
        signal, reach = np.maximum(up, down), once_up + once_down
        level = (run.law.decay * run.law.level)
        lowest = (level.mid - level.rad)[:, None] * np.sqrt(np.diag(inner) - np.diag(radius))[None, :] * (1.0 - 1e-9)
        if not np.all(lowest > 0):
            raise Refused("a site without length, or no noise")
        chance = _ROOT_2_OVER_PI * signal / (lowest * math.sqrt(width)) * _UP
        rare = 4.0 * log / (3.0 * width)
        share = chance + 2.0 * np.sqrt(chance * log / width) + rare
        kept = signal * (chance / 2.0 + np.sqrt(4.0 * chance * log / (3.0 * width)) + rare)
        moved = weights @ (_at_sites(geometry, residuals) * share[:-1]) @ (same + other)
        sites = (kept + moved + reach * math.sqrt(log / width)) * _UP
        self._off = _read(geometry, sites) * _UP
        self._active = 0.5 + math.sqrt(log / width)
        squares = np.diag(inner) + np.diag(radius)
        self._second = geometry.alpha**2 * squares[geometry.second]
        self._first = np.where(geometry.first >= 0, squares[np.maximum(geometry.first, 0)], 0.0)
        kinds = {name: np.flatnonzero(data.kind == place) for place, name in enumerate(data.kinds)}
        self._members = {"all": np.arange(n)} | {name: members for name, members in kinds.items() if len(members)}
        self._largest = {name: self._norm_of(members) for name, members in self._members.items()}
        self._drift = self._drifted()

    def _both(self, weights: Array, residuals: Array, same: Array, other: Array) -> tuple[Array, Array]:
        """Sums of positive and of negative terms y_i <x_i, x>."""
        positive = self._run.data.y > 0
        plus, minus = (weights @ _at_sites(self._run.geometry, residuals * part) for part in (positive, ~positive))
        return (plus @ same + minus @ other) * _UP, (plus @ other + minus @ same) * _UP

    def _norm_of(self, members: Array) -> float:
        """Root of an upper bound of the largest eigenvalue of K^m over a kind, by its number of examples."""
        geometry, count = self._run.geometry, len(members)
        places = geometry.first[members]
        places = places[places >= 0]
        largest = 0.0
        if len(places):
            part = geometry.inner.mid[np.ix_(places, places)]
            guess = 0.25 * float(np.linalg.eigvalsh(part)[-1]) / len(places) * (1.0 + 1e-9) + 1e-12
            error = float(geometry.inner.rad[np.ix_(places, places)].max())
            if not is_bound(0.5 * (part + part.T), error, np.full(len(places), 1.0 / len(places)), guess):
                raise Refused("inner products whose eigenvalues cannot be bounded")
            largest = 4.0 * guess * len(places) / count
        return math.sqrt(largest + self._active * float(np.mean(self._second[members]))) * _UP

    def _drifted(self) -> Array:
        """|theta' - theta^| by step: squares add up."""
        run, curvature = self._run, 0.25 * self._largest["all"] ** 2 * _UP
        square, found = np.mean(self._off**2, axis=1) * _UP, [0.0]
        for rate, error, each in zip(run.rates, run.residual_error.tolist(), square.tolist(), strict=False):
            kept = 1.0 - rate * run.experiment.lambda_
            k = rate * kept
            slack = 2.0 * k - rate * rate * curvature
            if not slack > 1e-7 * rate:
                raise Refused("steps that may amplify errors at this width")
            grown = math.hypot(kept * found[-1], k * math.sqrt(each / (4.0 * slack)))
            found.append((grown + rate * math.sqrt(4.0 * curvature) * error) * (1.0 + 1e-12))
        return np.array(found)

    def outputs(self) -> Array:
        """Upper bounds of |f^m - f| over the training set, (T + 1,)."""
        norm = math.sqrt(self._active * float((self._first + self._second).max())) * _UP
        return np.asarray((norm * self._drift + self._off.max(axis=1) + self._run.output_width) * _UP)

    def losses(self) -> dict[str, Array]:
        """Upper bounds of how far kinds' losses are from the limit's, (T + 1,)."""
        found = {}
        for name, members in self._members.items():
            moved = self._largest[name] * self._drift + np.sqrt(np.mean(self._off[:, members] ** 2, axis=1))
            slope = np.append(np.sqrt(np.mean(self._given[:, members] ** 2, axis=1)), 1.0)
            found[name] = (slope * moved + moved**2 / 8.0 + self._run.output_width) * _UP
        return found


def _at_sites(geometry: Geometry, values: Array) -> Array:
    """What is not negative (T, N), summed at the sites."""
    found = np.zeros((len(values), len(geometry.inner.mid)))
    has = geometry.first >= 0
    found[:, geometry.first[has]] = values[:, has]
    for site in range(found.shape[1] - 3, found.shape[1]):
        found[:, site] = values @ np.where(geometry.second == site, geometry.alpha, 0.0)
    return found * _UP


def _read(geometry: Geometry, sites: Array) -> Array:
    found: Array = geometry.alpha * sites[:, geometry.second]
    has = geometry.first >= 0
    found[:, has] += sites[:, geometry.first[has]]
    return found
