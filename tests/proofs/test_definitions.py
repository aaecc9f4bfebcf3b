"""What claims of sections 4 to 9 say is what their checks derive: definitions, signs and sharp constants, beside theory_sim."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from scipy import integrate
from sympy import Integer, Rational

from proofs_check.claim import find
from proofs_check.problem import All, Identity, LinearProgram, Positive
from proofs_check.verify import judge
from theory_sim.theory.separation import J, delta, delta_pm


def test_net_weight_has_the_sign_and_the_remainder_claimed() -> None:
    rng = np.random.default_rng(0)
    for r, rho in zip(rng.uniform(0.05, 0.99, 50), rng.uniform(0.05, 1.0, 50), strict=True):
        net = float(delta(rho, r)) - float(delta_pm(rho, r))
        assert net < 0 and float(delta(rho, r)) < 0
        if r <= 0.5 and rho <= 0.9:
            assert abs(net) < 9.22 / np.pi * r**4


def test_remainders_are_sharp() -> None:
    """At the corner where each is largest the constant is within 1 % of what is found."""
    r, rho = 0.02, 0.9
    lead = rho * r**2 / np.sqrt(1 - rho**2)
    assert 0.99 * 22.2 < (2 * np.pi * float(delta_pm(rho, r)) + lead) / r**4 < 22.2
    assert 0.99 * 9.22 < np.pi * (float(delta_pm(rho, r)) - float(delta(rho, r))) / r**4 < 9.22
    rho = 1 / np.sqrt(1 + 0.25)
    lead = rho * r**2 / (2 * np.sqrt(1 - rho**2))
    assert 0.99 * 1.76 < (np.pi * float(delta(rho, r)) + lead) / r**4 < 1.76


@pytest.mark.parametrize("r", [0.1, 0.5, 0.9])
def test_separation_kept_is_an_integral_over_ages(r: float) -> None:
    """By quadrature over the ages u themselves, rho = e^{-lambda u}."""
    decay = 0.3
    kept, _ = integrate.quad(
        lambda u: (float(delta_pm(np.exp(-decay * u), r)) - float(delta(np.exp(-decay * u), r))) * np.exp(-decay * u),
        0, 200, epsabs=1e-13, epsrel=1e-12, limit=400,
    )  # fmt: skip
    assert kept == pytest.approx(float(J(r)) / decay, rel=1e-8)


@pytest.mark.parametrize(
    ("id", "twin"),
    [("equal-time-kernel-is-constant", "1/(17 pi)"), ("separation-of-z-second-order", "1 % more of the leading term"),
     ("net-weight-is-negative", "1 % less in the derivative"), ("noise-annealing-drop", "power 1.01"),
     ("arc-cosine-positive-up-to-opposite-inputs", "1 % more of it in the identity")],
)  # fmt: skip
def test_what_was_only_said_is_checked(id: str, twin: str) -> None:
    assert judge(find(id), twin).outcome == "refuted"


def test_an_integral_stands_where_one_is_claimed() -> None:
    for id in ("separation-kept-by-moving-patterns", "separation-kept-by-z-alone", "sheppard", "equal-time-kernel-is-constant",
               "frozen-fraction", "weight-left-on-fitted-examples"):
        problem = find(id).problem()
        assert isinstance(problem, Identity) and problem.start.has(sympy.Integral)


def test_rows_of_the_regime_are_powers_of_d() -> None:
    """The program's rows, from the conditions as they are written, beside the slacks of the statement by hand."""
    problem = find("regime-maximin-point").problem()
    assert isinstance(problem, LinearProgram)
    assert problem.matrix == ((1, 0, 1), (-2, 1, 1), (1, -1, 1), (0, -1, 1)) and problem.bounds == (1, 0, 0, -1)


def test_the_slope_of_the_net_weight_is_covered_for_every_s() -> None:
    """Both ranges of s overlap, and the expression of each is the slope of the statement."""
    problem = find("net-weight-is-negative").problem()
    assert isinstance(problem, All)
    small, large = (dict(problem.parts)[name] for name in ("positive for s < 24/25", "positive for s > 40/81"))
    assert isinstance(small, Positive) and isinstance(large, Positive)

    def slope(s: float, a: float) -> float:
        return float(3 + s + (1 - s) ** 2 / np.sqrt(4 * a**2 - (3 - s) * (1 + s)) - 4 / a)

    q, b = sympy.symbols("q b", positive=True)
    for steps, beyond in ((Rational(1, 3), Rational(1, 7)), (Integer(4), Integer(2)), (Integer(40), Rational(1, 9))):
        u = Rational(2, 5) * steps / (1 + steps)
        s, a = u * (2 + u), 1 + u + beyond
        assert float(small.expression.subs({q: steps, b: beyond})) == pytest.approx(slope(float(s), float(a)), rel=1e-12)
        root = Rational(11, 9) + steps
        least = float(large.expression.subs({q: steps, b: beyond}))
        assert least <= slope(float(root**2 - 1), float(root + beyond))
    assert (1 + Rational(2, 5)) ** 2 - 1 == Rational(24, 25) > Rational(40, 81) == Rational(11, 9) ** 2 - 1
