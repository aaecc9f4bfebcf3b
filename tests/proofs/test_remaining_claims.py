"""Batch noise, losses and the common classifier: closed forms written independently, beside what is derived."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from proofs_check.claim import find
from proofs_check.problem import All, Identity, Value
from theory_sim.theory.batch_noise import batch_covariance_factor, batch_noise_scale
from theory_sim.theory.common_classifier import active_share_bound, active_share_tail, width_for_all


def last(id: str, part: str = "") -> sympy.Expr:
    problem = find(id).problem()
    found = dict(problem.parts)[part] if isinstance(problem, All) else problem
    assert isinstance(found, Identity)
    return found.steps[-1].expression


def number(expression: sympy.Expr, **values: float) -> float:
    return float(expression.subs({symbol: values[str(symbol)] for symbol in expression.free_symbols}).evalf(30))


@pytest.mark.parametrize(("n", "size"), [(10, 3), (50, 49), (800, 32)])
def test_batch_noise(n: int, size: int) -> None:
    # With sums 0 of the coordinates and n of the products, S = 1.
    values = {"G_a": 0, "G_b": 0, "G_ab": n, "B": size, "k": n - size - 1, "N": n}
    assert batch_covariance_factor(n, size) == pytest.approx(number(last("batch-covariance-without-replacement"), **values))
    derived = number(last("batch-covariance-with-replacement"), **values)
    assert batch_covariance_factor(n, size, replacement=True) == pytest.approx(derived)
    per_tau = number(last("batch-noise-scale"), **values, eta=0.3)
    assert batch_noise_scale(0.3, n, size) / (n - 1) == pytest.approx(per_tau)


def test_common_classifier() -> None:
    parts = find("active-share-exact-tails").problem()
    assert isinstance(parts, All)
    for name, part in parts.parts:
        if name.startswith("tail"):
            assert isinstance(part, Value)
            tail = active_share_tail(int(name.split()[-1]), 0.1)
            assert float(part.low) <= tail * (1 + 1e-12) and tail * (1 - 1e-12) <= float(part.high)
    exponent = number(last("active-share-tail-bound", "at the best l"), n=40.0, epsilon=0.2)
    assert active_share_bound(40, 0.2) == pytest.approx(2 * math.exp(exponent))
    assert active_share_bound(80, 0.2, neurons="paired") == pytest.approx(2 * math.exp(exponent))
    needed = width_for_all(100, 30, deviation=0.1, risk=0.01)
    assert needed - 1 < math.log(2 * 100 * 30 / 0.01) / (2 * 0.1**2) <= needed


def test_losses_by_finite_differences() -> None:
    """Residual weights of both losses at random margins, from the losses themselves."""
    rng = np.random.default_rng(0)
    alpha = (np.arange(200_000) + 0.5) / 200_000
    for g in rng.uniform(0.5, 9, 5):
        logistic = np.mean(1 / (1 + np.exp(alpha * g)))
        left = "mean-residual-weight-left-by-both-losses"
        assert number(last(left, "logistic"), g=g) == pytest.approx(logistic, rel=1e-9)
        assert number(last(left, "squared"), g=g) == pytest.approx(np.mean(1 - alpha * g), abs=1e-9)
    best = np.linspace(0.5, 3, 501)[np.argmin([np.mean((1 - alpha[::100] * g) ** 2) for g in np.linspace(0.5, 3, 501)])]
    assert best == pytest.approx(1.5, abs=0.01)
    step = 1e-5
    for M, u in rng.uniform(-1, 3, (5, 2)):
        weight = -((1 - M - u - step) ** 2 - (1 - M - u + step) ** 2) / (4 * step)
        assert number(last("fitted-squared-residual-weight", "residual weight"), M=M, u=u) == pytest.approx(weight, abs=1e-8)
