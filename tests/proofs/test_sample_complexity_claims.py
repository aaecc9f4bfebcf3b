"""Closed forms of sample complexity, written independently, beside what is derived; and the Bessel ratio beside its bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

from proofs_check.claim import find
from proofs_check.problem import All, Identity, Positive
from theory_sim.theory.sample_complexity import (
    averaging_shortfall,
    information_per_example,
    samples_lower_bound,
    samples_upper_bound,
)


def last(problem: Any, part: str = "") -> sympy.Expr:
    """Right side of an identity, or of one part of a claim."""
    found = dict(problem.parts)[part] if isinstance(problem, All) else problem
    assert isinstance(found, Identity)
    return found.steps[-1].expression


def number(expression: sympy.Expr, **values: float) -> float:
    return float(expression.subs({symbol: values[str(symbol)] for symbol in expression.free_symbols}).evalf(30))


@pytest.mark.parametrize(("d", "g_0"), [(2.0, 1.0), (17.0, 0.3), (400.0, 2.0)])
def test_information(d: float, g_0: float) -> None:
    derived = number(last(find("information-per-example").problem()), d=d, g_0=g_0)
    assert float(information_per_example(d, g_0)) == pytest.approx(derived, rel=1e-13)
    signal = g_0**2 + 2 * g_0 * np.sqrt(2 / np.pi)
    limit = number(last(find("information-limit").problem(), "limit"), s=signal)
    assert float(information_per_example(np.inf, g_0)) == pytest.approx(limit, rel=1e-13)


@pytest.mark.parametrize(("d", "c"), [(2, 0.3), (9, 0.9), (500, 0.6)])
def test_bounds(d: int, c: float) -> None:
    needed = number(last(find("information-needed-for-overlap").problem(), "value"), mu=(d - 1) / 2, h=c / (1 - c))
    assert float(samples_lower_bound(d, c, 0.7)) * d * float(information_per_example(d, 0.7)) == pytest.approx(needed)
    mu = 0.7 + np.sqrt(2 / np.pi)
    reached = last(find("averaging-overlap-at-every-d").problem())
    n = 3.0 * d
    overlap = number(reached, n=n, e=d - 1, mu=mu)
    assert overlap + float(averaging_shortfall(d)) == pytest.approx(np.sqrt(n * mu**2 / (n * mu**2 + d - 1)))
    assert d * float(samples_upper_bound(overlap, 0.7, d=d)) == pytest.approx(n)


def test_bessel_ratio_is_below_the_bound_that_is_proved() -> None:
    """The proof is by the variance of a cosine; here scipy's Bessel functions, on a grid of orders and arguments."""
    from scipy.special import ive

    problem = find("bessel-ratio-bound").problem()
    assert isinstance(problem, All) and isinstance(dict(problem.parts)["bound"], Positive)
    bound = sympy.lambdify(sympy.symbols("mu kappa", positive=True), last(problem, "two forms"))
    for d in (2, 3, 4, 10, 51, 300):
        kappa = np.geomspace(d / 30, 500, 200)  # below, the Bessel functions of large order underflow
        ratio = ive(d / 2, kappa) / ive(d / 2 - 1, kappa)
        room = bound((d - 1) / 2, kappa) - ratio
        assert np.all(room > -1e-13) and np.max(room / ratio) < 1 / (d - 1) + 1e-9


def test_normaliser_is_the_mean_over_the_sphere() -> None:
    """Terms of the series beside a quadrature of the cosine's density."""
    from scipy.integrate import quad
    from scipy.special import gammaln, ive

    for d, kappa in ((2, 1.5), (3, 4.0), (12, 6.0)):
        # t = cos(angle): no singular end at d = 2.
        top, below = (quad(lambda a, k=k, d=d: np.exp(k * np.cos(a)) * np.sin(a) ** (d - 2), 0, np.pi)[0] for k in (kappa, 0))
        v = d / 2 - 1
        closed = np.exp(gammaln(d / 2) + v * np.log(2 / kappa) + kappa) * ive(v, kappa)
        assert top / below == pytest.approx(closed, rel=1e-9)
        bound = number(sympy.sympify("sqrt(m**2+k**2)-m-m*log((m+sqrt(m**2+k**2))/(2*m))"), m=(d - 1) / 2, k=kappa)
        assert np.log(closed) < bound
