"""Twelve experiments from which the nearest one is looked for: drawn once, by a seed, before any search from them."""

from __future__ import annotations

import math

import numpy as np

from theory_sim import Experiment

COUNT, SEED = 12, 20260720


def starts() -> list[Experiment]:
    """Each of d, r, lambda, both rates within a factor of 3 of the default preset's; N, q0, g0 and alpha_min drawn too."""
    rng = np.random.default_rng(SEED)
    default, found = Experiment(), []
    for index in range(COUNT):
        factors = {name: math.exp(rng.uniform(-math.log(3), math.log(3))) for name in ("r", "lambda_", "eta_1", "eta_2", "d")}
        moved = {name: float(f"{getattr(default, name) * factors[name]:.4g}") for name in ("r", "lambda_", "eta_1", "eta_2")}
        found.append(Experiment(
            name=f"start-{index}", **moved, d=round(default.d * factors["d"]), N=int(rng.integers(700, 3000)),
            q0=round(float(rng.uniform(0.3, 0.6)), 3), g0=round(float(rng.uniform(0.7, 1.3)), 3),
            alpha_min=float(rng.choice([0.25, 0.5])),
        ))  # fmt: skip
    return found
