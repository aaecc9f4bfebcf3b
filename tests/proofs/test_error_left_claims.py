"""Max-margin and ridge-logistic numbers of theory_sim lie where the claims certify them; proved formulas by another route."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy

from proofs_check.claim import find
from proofs_check.problem import All, Identity, Sampled, Value
from theory_sim.theory.error_left import error_left
from theory_sim.theory.max_margin import max_margin
from theory_sim.theory.overlap import P_error
from theory_sim.theory.ridge_logistic import ridge_logistic


def part(id: str, name: str) -> Any:
    problem = find(id).problem()
    assert isinstance(problem, All)
    return dict(problem.parts)[name]


def lies_within(id: str, name: str, found: float) -> bool:
    value = part(id, name)
    assert isinstance(value, Value)
    return bool(value.low <= sympy.Rational(found) <= value.high)


@pytest.mark.parametrize(
    ("id", "delta"), [("max-margin-from-half-d-examples", 0.5), ("max-margin-from-all-examples", 2.8)]
)
def test_max_margin(id: str, delta: float) -> None:
    found = max_margin(delta)
    assert lies_within(id, "margin", float(found.margin)) and lies_within(id, "overlap", float(found.overlap))
    assert lies_within(id, "error", float(P_error(found.overlap)))
    for moved in (max_margin(1.001 * delta), max_margin(delta, 1.001)):
        assert not lies_within(id, "margin", float(moved.margin)) and not lies_within(id, "overlap", float(moved.overlap))


@pytest.mark.parametrize(
    ("id", "delta", "share"),
    [("ridge-logistic-from-half-d-examples", 0.5, 0.125), ("ridge-logistic-from-all-examples", 2.8, 0.7)],
)
def test_ridge_logistic(id: str, delta: float, share: float) -> None:
    found = ridge_logistic(delta, 4 * 200 * 2e-4 / share)  # 4 d lambda / p
    for name in ("signal", "across", "overlap", "loss"):
        assert lies_within(id, name, getattr(found, name)), name
    assert lies_within(id, "error", float(P_error(found.overlap)))
    assert not lies_within(id, "loss", ridge_logistic(1.001 * delta, found.ridge).loss)


def test_error_left_for_s() -> None:
    averaging, *_, largest = error_left(kappa=0.5, p0=0.125, q0=0.3)
    assert (averaging.classifier, largest.classifier) == ("averaging", "max-margin")
    for name, found in (("d/2 examples", averaging.P_only), ("all", averaging.P_holding)):
        assert lies_within("averaging-error-left", name, found)
    for id, found in (("from-half-d-examples", largest.P_only), ("from-all-examples", largest.P_holding)):
        assert lies_within(f"max-margin-{id}", "error", found)


def test_drawn_means_are_those_certified() -> None:
    for drawn, id, name in (
        (find("max-margin-overlap-drawn").problem(), "max-margin-from-half-d-examples", "overlap"),
        (part("ridge-logistic-drawn", "loss"), "ridge-logistic-from-half-d-examples", "loss"),
        (part("ridge-logistic-drawn", "overlap"), "ridge-logistic-from-half-d-examples", "overlap"),
    ):
        assert isinstance(drawn, Sampled) and lies_within(id, name, float(drawn.expected))


def test_means_over_noise_by_sums() -> None:
    """The closed forms beside a fine sum over G."""
    g = np.linspace(-10, 10, 200_001)
    weight = np.exp(-g * g / 2) / math.sqrt(2 * math.pi) * (g[1] - g[0])
    for at in (-1.3, 0.0, 2.2):
        positive = np.maximum(at - g, 0)
        for name, seen in (("first", positive), ("second", positive**2), ("with G", g * positive)):
            closed = part("max-margin-means-over-noise", f"{name}: to t")
            assert isinstance(closed, Identity)
            value = float(closed.steps[-1].expression.subs(sympy.Symbol("t", real=True), at).evalf(20))
            assert value == pytest.approx(float(weight @ seen), abs=1e-8)


def test_bounds_on_the_margin_hold_for_any_candidate() -> None:
    """Weak duality at random candidates: no half-plane reaches beyond the shortest feasible point."""
    rng = np.random.default_rng(4)
    x = np.linspace(0, 10, 4001)
    weight = 2 * np.exp(-x * x / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    weight[0] /= 2
    from scipy.special import ndtr

    for delta in (0.5, 2.8):
        largest = float(max_margin(delta).margin)
        for a, b in rng.uniform([0.5, 0.2], [6, 4], (50, 2)):
            t = a - b * (1 + x)
            density = np.exp(-t * t / 2) / math.sqrt(2 * math.pi)
            m_0, m_1, share = weight @ (t * ndtr(t) + density), weight @ ((1 + x) * (t * ndtr(t) + density)), weight @ ndtr(t)
            square = a * m_0 - b * m_1 + share
            # Sizes s across are not negative: of a half-plane that leans the other way the nearest point has s = 0.
            across = max(math.sqrt(square / delta) - share, 0.0)
            assert math.hypot(m_1, across) / m_0 >= largest - 1e-6
            if square <= 1 / delta:
                assert a / math.hypot(1, b) <= largest + 1e-6
