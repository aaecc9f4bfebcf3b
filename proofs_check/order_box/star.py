"""A run at one point of a cell: residuals in whole numbers, and how far their outputs are from those that they belong to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from flint import arb

from proofs_check.methods.enclosure import precision
from proofs_check.order.approximate import BITS, run_approximately
from proofs_check.order.arm import given_residuals, make_clock
from proofs_check.order.clock import NoiseClock
from proofs_check.order.functions import LARGEST_MARGIN, SLOPE_ERROR, logistic
from proofs_check.order.outputs import Outputs
from proofs_check.order.rounding import UNIT
from proofs_check.order.sites import Sites, make_sites
from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment

__all__ = ["KEPT", "Point", "Star", "Stars", "at_point", "data_at"]

KEPT: Final = 24
"""Runs that are kept."""
Point = Mapping[str, float]
"""Values of "r", "lambda" and "rate"."""


@dataclass(frozen=True)
class Star:
    """A run at one rate.

    Attributes
    ----------
    residuals : (T, N) int64 array
        In units of 2^-40.
    mismatch : (T,) array
        Upper bounds of |f^ - f~|, over the training set: outputs of the residuals, and outputs that have them as residuals.
    """

    residuals: Array
    mismatch: Array


def data_at(data: Data, r: float) -> Data:
    """The same draws with another length of zeta: x_2 = alpha (z + b zeta)."""
    return Data.of_pq(data.x1, data.y, data.kind, replace(data.structure, r=r))


def at_point(experiment: Experiment, point: Point, steps: int) -> Experiment:
    """So many steps at a point's rate; noise starts as the experiment's does."""
    e = experiment
    start = {"tau_0_rate": e.tau_0_rate or e.eta_1} if e.tau_0 == "stationary" else {}
    return e.replace(schedule="constant", eta_1=point["rate"], eta_2=min(e.eta_2, point["rate"]), r=point["r"],
                     lambda_=point["lambda"], max_steps=steps, max_tau=2.0 * steps * point["rate"], epsilon_2=None, **start)


class Stars:
    """Runs at points of one data set; the last ones are kept, since neighbouring cells share them.

    Parameters
    ----------
    experiment : Experiment
        What is not varied.
    data : Data
        The draws.
    """

    def __init__(self, experiment: Experiment, data: Data) -> None:
        self._experiment, self._data = experiment, data
        self._kept: OrderedDict[tuple[float, ...], Star] = OrderedDict()

    def sites(self, point: Point) -> Sites:
        """Sites at a point."""
        return make_sites(self._experiment.replace(r=point["r"]), data_at(self._data, point["r"]))

    def at(self, point: Point, steps: int) -> Star:
        """A run of at least so many steps."""
        key = tuple(point[name] for name in ("r", "lambda", "rate"))
        kept = self._kept.pop(key, None)
        if kept is None or len(kept.residuals) < steps:
            kept = self._run(point, steps)
        self._kept[key] = kept
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return Star(kept.residuals[:steps], kept.mismatch[:steps])

    def _run(self, point: Point, steps: int) -> Star:
        e, data = at_point(self._experiment, point, steps), data_at(self._data, point["r"])
        run = run_approximately(e, data, threads=1)
        sites, clock = self.sites(point), make_clock(e, run, len(data))
        outputs = Outputs(sites, clock)
        found = np.zeros(steps)
        for stretch in outputs.stretches(given_residuals(data, run)):
            rows = slice(stretch.first, min(stretch.first + len(stretch.values), steps))
            count = rows.stop - rows.start
            if count > 0:
                found[rows] = _mismatch(data.y * stretch.values[:count], run.residuals[rows] * 2.0**-BITS,
                                        stretch.errors[:count])
        return Star(run.residuals, found + _of_rounded_start(e, sites, clock))


def _of_rounded_start(e: Experiment, sites: Sites, clock: NoiseClock) -> float:
    """What outputs change if tau_0 is the exact stationary level, which the double rounds.

    A relative change eta of tau_0^2 changes chi = 1 - rho^2 by at most eta chi, and an angle, whose squared sine is at least
    cos^2 chi and at most 1 - rho^2 cos^2, by at most eta / (2 rho).
    """
    if e.tau_0 != "stationary":
        return 0.0
    with precision(256):
        start, decay = arb(e.tau_0_rate or e.eta_1), arb(e.lambda_)
        ratio = arb(e.tau_0_value) ** 2 * decay * (2 - start * decay) / (start * arb(e.tau_xi) ** 2)
        eta = 2.0 * float(abs(ratio - 1).upper()) + 1e-20
    least = float(clock.correlations(slice(clock.steps, clock.steps + 1), slice(0, 1))[0, 0]) * (1.0 - 1e-12)
    return float(clock.reach[-1]) * (1.0 + sites.most_alpha) ** 2 * sites.square * eta / (2.0 * least)


def _mismatch(margin: Array, residuals: Array, errors: Array) -> Array:
    """Largest |f^ - f~| of each row, sigma(- y f~) the given residual, f^ within ``errors`` of margins."""
    if not np.all(np.abs(margin) <= LARGEST_MARGIN):
        raise ValueError(f"outputs beyond {LARGEST_MARGIN}")
    _, weight = logistic(margin)
    off = np.abs(weight - residuals) + SLOPE_ERROR + 2 * UNIT
    # The slope of sigma is sigma (1 - sigma), concave in sigma: at least the smaller of its ends' between them.
    ends = [each - off for each in (weight, 1.0 - weight, residuals, 1.0 - residuals)]
    least = np.minimum(*(np.minimum(low * (1.0 - 1e-12), 1.0) * np.maximum(other, 0.0) for low, other in (ends[:2], ends[2:])))
    if not np.all(least > 0) or not all(np.all(each > 0) for each in ends):
        raise ValueError("residuals too near 0 or 1")
    return np.asarray((off / least).max(axis=1) * (1.0 + 1e-9) + errors)
