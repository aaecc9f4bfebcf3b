"""The Hessian's largest eigenvalue on P: against drawn data, its own closed form, and gradient descent that diverges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from theory_sim import Experiment
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.errors import InputError
from theory_sim.regimes import get_conditions
from theory_sim.theory.arc_cosine import RELU, KernelConstants, kernel_constants
from theory_sim.theory.closure import grid
from theory_sim.theory.conditions import top_curvature
from theory_sim.theory.sharpness import bound_of_P, curvature_of_P, sharpness_of_P
from theory_sim.train.stability import stable_rate_of

LINEAR = kernel_constants(1.0, 1.0)


def of_matrix(d: int, v: np.ndarray, slope: np.ndarray, constants: KernelConstants, seed: int = 0) -> float:
    """Largest eigenvalue of D^(1/2) (C X X' + A / 4) D^(1/2) / n on drawn inputs."""
    x = np.random.default_rng(seed).standard_normal((v.size, d)) / math.sqrt(d)
    x[:, 0] = v / math.sqrt(d)
    kernel = constants.linear * x @ x.T + 0.25 * constants.arcsine * np.eye(v.size)
    root = np.sqrt(slope)
    return float(np.linalg.eigvalsh(root[:, None] * kernel * root)[-1]) / v.size


@pytest.mark.parametrize("constants", [LINEAR, RELU], ids=["linear", "ReLU"])
@pytest.mark.parametrize("g0", [0.0, 1.0], ids=["bulk", "outlier"])
@pytest.mark.parametrize("even", [True, False], ids=["equal", "uneven"])
def test_it_is_that_of_drawn_inputs(constants: KernelConstants, g0: float, even: bool) -> None:
    """At d = 200 within 6 %, where w*'s own curvature is a tenth and more off; of uneven slopes ReLU's is bounded."""
    d, n = 200, 300
    generator = np.random.default_rng(1)
    v = g0 + np.abs(generator.standard_normal(n))
    slope = np.full(n, 0.25) if even else generator.uniform(0.05, 0.25, n)
    weight = np.full(n, 1.0 / n)
    told, seen = sharpness_of_P(d, n, v, weight, slope, constants), of_matrix(d, v, slope, constants)
    assert told == pytest.approx(seen, rel=0.06 if even or constants is LINEAR else 0.12)
    assert told <= bound_of_P(d, n, v, weight, slope, constants)
    alone = constants.linear * float(weight @ (v * v * slope)) / d
    assert alone < 0.9 * seen
    if even:
        normal = norm.ppf(0.5 + 0.5 * (np.arange(4000) + 0.5) / 4000)
        many = np.full(normal.size, 1.0 / normal.size)
        of_law = sharpness_of_P(d, n, g0 + normal, many, np.full(normal.size, 0.25), constants)
        assert curvature_of_P(d=d, n_examples=n, q0=0.0, g0=g0, constants=constants) == pytest.approx(of_law, rel=5e-3)


@pytest.mark.parametrize("twin", ["right", "w* alone"])
def test_a_rate_beyond_the_bulk_s_edge_diverges(twin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Squared loss at g0 = 0: 2 / 2.91 = 0.69 d is the largest stable rate, and w*'s curvature alone would allow 2 d.

    In blocks of several steps the mean field saw none diverge, and asked for shorter blocks.
    """
    d = 10_000
    e = Experiment(
        d=d, N=2 * d, kappa=None, p0=1.0, q0=0.0, g0=0.0, activation="linear", schedule="constant", loss="squared",
        lambda_=0.0, tau_0=1.0, eta_1=0.75 * d, max_tau=0.75 * d * 150, record_every=1e9,
    )  # fmt: skip
    if twin == "right":
        course = follow_particles(e, 20, 1024)
        assert course.outcome == "diverged" and np.all(np.diff(course.step) == 1)
        return
    monkeypatch.setattr(grid, "sharpness_of_P", lambda d, n, v, weight, slope, constants: float(weight @ (v * v)) / d)
    with pytest.raises(InputError, match="steps from tau"):
        follow_particles(e, 20, 1024)


def test_the_largest_stable_rate_knows_p_where_its_curvature_is_the_larger() -> None:
    """Without Q it was infinite, and no rate was warned of."""
    alone = Experiment(d=100, N=200, kappa=None, p0=1.0, q0=0.0, g0=0.1, eta_1=1.0)
    told = stable_rate_of(alone)
    assert told == 2.0 / curvature_of_P(d=100, n_examples=200, q0=0.0, g0=0.1)
    for rate, holds in ((0.99, True), (1.01, False)):
        row = next(row for row in get_conditions(alone.replace(eta_1=rate * told)) if row.id == "stable-steps")
        assert row.holds == holds
    q = top_curvature(r=0.3, p0=0.125, alpha_min=0.5, alpha_max=1.0)
    assert stable_rate_of(Experiment()) == 2.0 / q, "with Q, and d not small, Q's is the larger"
