"""Residuals of a run at one rate, by the equation of the limit in plain double precision: guesses that prove nothing."""

from __future__ import annotations

import numpy as np

from proofs_check.recheck.order.geometry import Geometry
from theory_sim.arrays import Array

__all__ = ["BITS", "guessed_residuals"]

BITS = 40
_ODD = (1.0, 1 / 6, 3 / 40, 5 / 112, 35 / 1152, 63 / 2816, 231 / 13312, 143 / 10240, 6435 / 557056)
"""arcsin u = u + u^3 / 6 + ..."""


def guessed_residuals(
    geometry: Geometry, y: Array, steps: int, rate: float, lambda_: float, tau_0: float, tau_xi: float
) -> Array:
    """1 / (1 + e^{y f}) of steps and examples, in units of 2^-40, as whole numbers (T, N)."""
    m, n = len(geometry.inner.mid), len(y)
    inner, cosine = geometry.inner.mid, np.clip(geometry.cosine.mid, -1.0, 1.0)
    joined = np.where(geometry.joined, inner, 0.0)
    weak = np.where(geometry.far, cosine, 0.0)
    matrices = [joined * weak ** (2 * k + 1) * factor for k, factor in enumerate(_ODD)]
    kept = 1.0 - rate * lambda_
    spread = tau_0**2 + np.concatenate([[0.0], np.cumsum((rate * tau_xi) ** 2 * kept ** (-2.0 * np.arange(1, steps + 1)))])
    has = geometry.first >= 0
    sites = np.zeros((steps, m))
    found = np.zeros((steps, n), np.int64)
    diagonal = np.diag(inner)
    for t in range(steps):
        weight = rate / n * kept ** np.arange(t - 1, -1, -1.0)
        rho = np.sqrt(spread[:t] / spread[t])
        rows = np.stack([weight, *(weight * rho ** (2 * k + 1) for k in range(len(_ODD))), weight * np.arcsin(rho)])
        sums = rows @ sites[:t]
        arcs = sums[-1] * diagonal + sum(part @ matrix for part, matrix in zip(sums[1:-1], matrices, strict=True))
        values = 0.25 * sums[0] @ joined + arcs / (2 * np.pi)
        for pair in geometry.near:
            arcs = weight * np.arcsin(rho * float(pair.cosine.mid)) * float(pair.inner.mid) / (2 * np.pi)
            values[pair.first] += arcs @ sites[:t, pair.second]
            values[pair.second] += arcs @ sites[:t, pair.first]
        f = geometry.alpha * values[geometry.second] + np.where(has, values[np.maximum(geometry.first, 0)], 0.0)
        residual = 1.0 / (1.0 + np.exp(y * f))
        found[t] = np.rint(residual * 2.0**BITS)
        signed = y * residual
        np.add.at(sites[t], geometry.first[has], signed[has])
        np.add.at(sites[t], geometry.second, signed * geometry.alpha)
    return found
