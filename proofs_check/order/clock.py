"""Decay and pattern correlation between any two steps, as doubles with proved errors (THEORY §4, §5).

With P_t the product of 1 - gamma_i lambda over i < t and v_t = (tau_t / P_t)^2, the decay between steps is P_t / P_{s+1}, and
rho(s, t)^2 = v_s / v_t. v only grows, by (gamma_t tau_xi / P_{t+1})^2 a step, so that 1 - rho^2 = (v_t - v_s) / v_t is a
quotient of positive numbers, accurate however near rho is to 1. The recursions run in balls of 256 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from flint import arb

from proofs_check.methods.enclosure import precision
from proofs_check.order.functions import angle
from proofs_check.order.rounding import above
from theory_sim.arrays import Array
from theory_sim.errors import InputError

__all__ = ["CORRELATION_ERROR", "WEIGHT_ERROR", "NoiseClock"]

WEIGHT_ERROR: Final = 4.0
"""Relative error of `NoiseClock.weights` and of a decay, in units of u: two numbers rounded from balls, and one operation."""
CORRELATION_ERROR: Final = 5.0
"""Relative error of `NoiseClock.correlations` in units of u: two numbers rounded from balls, a reciprocal and a product."""
_HALF_PI: Final = float(np.pi / 2)  # within u of pi / 2
_LEAST: Final = 1e-100
_BITS: Final = 256


class NoiseClock:
    """Weights and correlations of a run's steps.

    Parameters
    ----------
    rates : sequence of float, (T,)
        Learning rates.
    shares : sequence of float, (T,)
        Rates over the number of examples in a step's gradient are the weights of its residuals: that number.
    lambda_, tau_0, tau_xi : float
        Weight decay, standard deviations of U_0 and of the noise on the gradient.
    moving : sequence of bool, (T,)
        Whether patterns follow the noise over a step; if not, they stay.
    redrawn : bool
        Whether patterns are new at each step: every correlation is 0.

    Attributes
    ----------
    reach : (T + 1,) array
        Upper bounds of the sum over s < t of gamma_s times the decay from s to t.
    """

    def __init__(
        self, rates: Sequence[float], shares: Sequence[float], *, lambda_: float, tau_0: float, tau_xi: float,
        moving: Sequence[bool], redrawn: bool,
    ) -> None:
        self.steps, self.redrawn = len(rates), redrawn
        with precision(_BITS):
            decay, spread = arb(1), arb(tau_0) ** 2
            decays, spreads, increments = [decay], [spread], []
            for rate, share, moves in zip(rates, shares, moving, strict=True):
                decay = decay * (1 - arb(rate) * arb(lambda_))
                if not decay > _LEAST:  # True only if the whole ball is
                    raise InputError(f"weight decay of more than 1e100 over the run, or rate x lambda >= 1 at rate {rate:g}",
                                     "weight decay that leaves some of what was learnt (THEORY §4)", "lower lambda or max_tau",
                                     fields=("lambda",))
                if moves:
                    spread = spread + (arb(rate) * arb(tau_xi) / decay) ** 2
                decays.append(decay)
                spreads.append(spread)
                increments.append(arb(rate) / arb(share) / decay)
            self._decay = _doubles(decays)
            self._increment = _doubles(increments)
            self._spread = _doubles(spreads)
            # v = v_1 + v_2 up to 2^-105 v.
            self._spread_rest = _doubles([each - arb(high) for each, high in zip(spreads, self._spread.tolist(), strict=True)])
            self._level = _doubles([each.sqrt() for each in spreads])
        reach = np.zeros(self.steps + 1)
        for step, rate in enumerate(rates):  # 1 - gamma lambda rounded to at most 1: an upper bound up to `above`
            reach[step + 1] = above(min(1.0, above(abs(1.0 - rate * lambda_))) * reach[step] + rate)
        self.reach = reach

    def levels(self) -> Array:
        """tau_t, (T + 1,): within 4 u, relatively."""
        found: Array = self._decay * self._level
        return found

    def decay(self, start: int, stop: slice) -> Array:
        """P_t / P_start for each t of ``stop``: within `WEIGHT_ERROR` u."""
        found: Array = self._decay[stop] / self._decay[start]
        return found

    def weights(self, rows: slice, columns: slice) -> Array:
        """gamma_s D(s, t) / n_s for t of ``rows`` and s of ``columns``, 0 unless s < t: within `WEIGHT_ERROR` u."""
        found = np.multiply.outer(self._decay[rows], self._increment[columns])
        found[_not_before(rows, columns)] = 0.0
        return found

    def correlations(self, rows: slice, columns: slice) -> Array:
        """rho(s, t) for t of ``rows`` and s <= t of ``columns``: within `CORRELATION_ERROR` u, at most 1."""
        return np.minimum(np.multiply.outer(1.0 / self._level[rows], self._level[columns]), 1.0)

    def arcsines(self, rows: slice, columns: slice, cosine: float, square_sine: float) -> Array:
        """arcsin(rho(s, t) c) for t of ``rows`` and s < t of ``columns``, in [-pi/2, pi/2], within `ANGLE_ERROR` + 2 u.

        Parameters
        ----------
        cosine, square_sine : float
            c and 1 - c^2, each within 2 u of an exact one, relatively, or within 2^-240.
        """
        high = np.subtract.outer(self._spread[rows], self._spread[columns])
        low = np.subtract.outer(self._spread_rest[rows], self._spread_rest[columns])
        # v_t - v_s within 2.1 u of itself and 2^-101 v_t; over v_t, within u: 1 - rho^2 within 5 u of itself and 2^-100.
        moved = np.maximum(high + low, 0.0) / self._spread[rows, None]
        kept = np.multiply.outer(1.0 / self._spread[rows], self._spread[columns])  # rho^2, within 5 u
        # 1 - rho^2 c^2 = (1 - rho^2) + rho^2 (1 - c^2), positive terms: within 9 u of itself and 2^-100. Its root: within
        # (9 / 2 + 1) u of itself and 2^-50 = 8 u, below 16 u. rho |c|: within 4.01 u + 2 u + u, below 8 u.
        sine = np.sqrt(np.minimum(moved + kept * square_sine, 1.0))
        product = self.correlations(rows, columns) * abs(cosine)
        later = _not_before(rows, columns)
        sine[later], product[later] = 1.0, 0.0  # of no use, but of an angle
        # pi / 2 - phi: within u of pi / 2, and u (1.6) of the difference.
        found: Array = _HALF_PI - angle(sine, product)
        return found if cosine >= 0 else -found


def _not_before(rows: slice, columns: slice) -> Array:
    """Where s >= t."""
    mask: Array = np.arange(columns.start, columns.stop) >= np.arange(rows.start, rows.stop)[:, None]
    return mask


def _doubles(balls: Sequence[arb]) -> Array:
    """Midpoints to the nearest double: within 1.001 u of all that the balls hold, relatively, or within 2^-1000."""
    if not all(float(each.rad()) <= 1e-30 * abs(float(each.mid())) + 2.0**-1000 for each in balls):
        raise ValueError("balls that are too wide")
    return np.array([float(each.mid()) for each in balls])
