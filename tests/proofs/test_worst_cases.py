"""Worst averages: runs of gradient descent on real losses reach them and none goes beyond; forged evidence is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sympy import Integer, Rational

from proofs_check.claims.tightness import CASES
from proofs_check.methods.worst_case import bound_worst_case
from proofs_check.problem import WorstCase
from proofs_check.recheck.worst_cases import check_worst_case
from theory_sim.errors import InputError

# A point to the loss and its gradient there; c = 1 throughout.
Loss = Callable[[NDArray[Any]], tuple[float, NDArray[Any]]]
Vector = NDArray[Any]


def ray(direction: Vector, slope: float, start: float) -> Loss:
    """0, then (s/2)^2, then a line of that slope from s = 2 slope on, s = <direction, theta> - start."""

    def at(theta: Vector) -> tuple[float, Vector]:
        s = float(direction @ theta) - start
        if s >= 2 * slope:
            return slope**2 + slope * (s - 2 * slope), slope * direction
        return max(s, 0.0) ** 2 / 4, max(s, 0.0) / 2 * direction

    return at


def ray_at(theta: Vector, gradient: Vector, value: float) -> Loss:
    """The ray with this gradient and value at theta, where it is on its line."""
    slope = float(np.linalg.norm(gradient))
    direction = gradient / slope
    return ray(direction, slope, float(direction @ theta) - (2 * slope + (value - slope**2) / slope))


def average(start: Vector, eta: float, losses: Sequence[Loss]) -> float:
    """Mean loss of gradient descent over losses that change."""
    theta, total = start, 0.0
    for loss in losses:
        value, gradient = loss(theta)
        total, theta = total + value, theta - eta * gradient
    return total / len(losses)


def best_bound(R: float, eta: float, T: int, epsilon: float) -> float:
    """Least bound of the family of changing-kernels-average-sharper, on a grid of mu: each is a bound."""
    mu = np.linspace(max(0.0, eta / 2 - 1), min(1.0, eta / 2), 402)[1:-1]
    return float(np.min((R**2 / (2 * eta * T) + epsilon / (1 - eta / 2 + mu)) / (1 - mu)))


def stated_bound(R: float, eta: float, T: int, epsilon: float) -> float:
    return (R**2 / (2 * eta * T) + epsilon) / (1 - eta / 2)


def few_steps(R: float, eta: float, T: int, r: float) -> float:
    """Right side of the claim worst-average-of-few-steps."""
    return (R + 2 * r) ** 2 / (4 + 2 * eta * (T - 1))


@pytest.mark.parametrize(("T", "eta", "r"), [(1, 0.3, 0.2), (3, 1.0, 0.1), (7, 1.6, 0.0), (12, 0.2, 0.3)])
def test_one_ray_is_the_worst_over_few_steps(T: int, eta: float, r: float) -> None:
    assert T * eta * r / (1 - eta / 2) <= 1
    slope = (1 + 2 * r) / (2 + eta * (T - 1))
    loss = ray(np.array([1.0]), slope, -2 * r)  # theta* = 0
    assert loss(np.zeros(1))[0] == pytest.approx(r**2, abs=1e-15)
    assert average(np.ones(1), eta, [loss] * T) == pytest.approx(few_steps(1.0, eta, T, r), rel=1e-12)


@pytest.mark.parametrize(
    ("T", "eta", "r", "place"), [(6, 1.0, 0.2, 0.5), (9, 0.4, 0.1, 0.0), (9, 1.5, 0.1, 1.0), (40, 1.9, 0.3, 0.3)]
)
def test_rays_in_the_plane_are_the_worst_over_many_steps(T: int, eta: float, r: float, place: float) -> None:
    """Distances are chosen backwards between the two ends that are possible; then gradient descent is run forwards."""
    k = r / (1 - eta / 2)
    distances = [0.0]
    for _ in range(T):
        last = distances[-1]
        distances.append((1 - place) * np.hypot(last, eta * k) + place * (last + eta * k))
    distances = distances[::-1]
    theta, losses = np.array([distances[0], 0.0]), []
    for before, after in pairwise(distances):
        inner = (before**2 - after**2 + eta**2 * k**2) / (2 * eta)
        along = inner / before
        across = np.sqrt(max(k**2 - along**2, 0.0))
        towards = theta / before
        gradient = along * towards + across * np.array([-towards[1], towards[0]])
        losses.append(ray_at(theta, gradient, inner + r**2 - (k - r) ** 2))
        assert losses[-1](np.zeros(2))[0] <= r**2 * (1 + 1e-9)
        theta = theta - eta * gradient
    worst = distances[0] ** 2 / (2 * eta * T) + r**2 / (1 - eta / 2)
    assert average(np.array([distances[0], 0.0]), eta, losses) == pytest.approx(worst, rel=1e-9)


def test_two_losses_in_turn_stay_at_the_bound() -> None:
    for eta in (0.5, 1.5, 3.5):
        epsilon = 0.3
        k = np.sqrt(epsilon) / (1 - eta / 4)
        sides = [ray(np.array([side]), 10 * k, -2 * np.sqrt(epsilon)) for side in (1.0, -1.0)]
        mean = average(np.array([eta * k / 2]), eta, sides * 10)
        assert mean == pytest.approx(epsilon / (1 - eta / 4) ** 2, rel=1e-12)


def test_the_inequality_between_two_points() -> None:
    """At 2000 pairs of points, for means and maxima of rays and for means of logistic losses (B = 1, c = c_0)."""
    rng = np.random.default_rng(0)
    least = {"rays": 1.0, "logistic": 1.0}
    for number in range(2000):
        dimension, count = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        directions = rng.standard_normal((count, dimension))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        offsets, theta, common = rng.uniform(-2, 2, count), *rng.uniform(-2, 2, (2, dimension))
        kind = ("rays", "logistic")[number % 2]
        if kind == "rays":
            rays = [ray(each, rng.uniform(0.1, 2), offset) for each, offset in zip(directions, offsets, strict=True)]
            loss, c = _mean(rays) if rng.random() < 0.5 else _largest(rays), 1.0
        else:
            loss, c = _logistic(directions, offsets), 0.407265
        (value, gradient), (floor, _) = loss(theta), loss(common)
        assert gradient @ gradient <= c * value * (1 + 1e-12)
        bent = max(float(np.linalg.norm(gradient)) - np.sqrt(c * floor), 0.0) ** 2 / c
        over = float(gradient @ (theta - common)) - (value - floor + bent)
        assert over >= -1e-12
        if bent > 1e-3:
            least[kind] = min(least[kind], over / bent)
    # It is an equality for rays, and does not leave all of the square over for the logistic loss.
    assert least["rays"] < 1e-9 and least["logistic"] < 0.5


def _logistic(features: Vector, offsets: Vector) -> Loss:
    def at(theta: Vector) -> tuple[float, Vector]:
        margins = features @ theta + offsets
        return float(np.mean(np.logaddexp(0, -margins))), -(features.T @ (1 / (1 + np.exp(margins)))) / len(offsets)

    return at


@pytest.mark.parametrize("seed", range(8))
def test_no_run_found_goes_beyond_the_bounds(seed: int) -> None:
    """400 runs a seed over means and maxima of rays that are at most epsilon at theta* = 0, half of them near the worst."""
    rng = np.random.default_rng(seed)
    closest = 0.0
    for _ in range(400):
        T, dimension = int(rng.integers(1, 9)), int(rng.integers(1, 4))
        eta, r = rng.uniform(0.05, 3.9), rng.uniform(0.02, 0.5)
        losses: list[Loss] = []
        near = rng.random() < 0.5
        for _ in range(T):
            rays = []
            for _ in range(1 if near else int(rng.integers(1, 4))):
                direction = rng.standard_normal(dimension)
                if near:
                    direction = np.eye(dimension)[0] + 0.1 * direction
                direction /= np.linalg.norm(direction)
                slope = rng.uniform(0.9, 1.1) * (1 + 2 * r) / (2 + eta * (T - 1)) if near else rng.uniform(0.05, 2)
                # epsilon at theta*, on the parabola or on the line.
                s = 2 * r if slope >= r else 2 * slope + (r**2 - slope**2) / slope
                rays.append(ray(direction, slope, -s))
            # A mean and a maximum of losses of the class belong to it.
            losses.append(_mean(rays) if rng.random() < 0.5 else _largest(rays))
        assert all(loss(np.zeros(dimension))[0] <= r**2 * (1 + 1e-12) for loss in losses)
        start = np.eye(dimension)[0]
        found = average(start, eta, losses)
        assert found <= best_bound(1.0, eta, T, r**2) * (1 + 1e-12)
        if eta < 2:
            assert found <= stated_bound(1.0, eta, T, r**2)
            if T * eta * r / (1 - eta / 2) <= 1:
                closest = max(closest, found / few_steps(1.0, eta, T, r))
                assert found <= few_steps(1.0, eta, T, r) * (1 + 1e-12)
    assert closest > 0.9  # the runs do come near


def test_weight_decay_stays_below_its_bound() -> None:
    """600 runs over rays that are at most epsilon at theta*, away from the origin, with the best mu on a grid."""
    rng = np.random.default_rng(0)
    closest = 0.0
    for _ in range(600):
        T, dimension = int(rng.integers(1, 12)), int(rng.integers(1, 4))
        q, r = rng.uniform(0.001, 0.6), rng.uniform(0.05, 0.5)
        eta = rng.uniform(0.05, 1.9 * (1 - q))
        decay, half = q / eta, eta / (2 * (1 - q))
        common, theta = rng.standard_normal(dimension) * rng.uniform(0, 0.5), rng.standard_normal(dimension)
        start, total = theta, 0.0
        for _ in range(T):
            direction = start - common + 0.3 * rng.standard_normal(dimension)
            direction /= np.linalg.norm(direction)
            slope = rng.uniform(r, 1.5)
            value, gradient = ray(direction, slope, float(direction @ common) - 2 * r)(theta)
            total, theta = total + value, theta - eta * (gradient + decay * theta)
        mu = np.linspace(0, half, 401)
        inside = (mu < 1) & (1 - half + mu > 0)
        far = np.sum((start - common) ** 2) / (2 * eta * T) + decay / 2 * common @ common
        bound = np.min((far + r**2 / (1 - half + mu[inside])) / (1 - mu[inside]))
        closest = max(closest, total / T / bound)
        assert total / T <= bound
    assert closest > 0.7


def _mean(losses: Sequence[Loss]) -> Loss:
    def at(theta: Vector) -> tuple[float, Vector]:
        found = [loss(theta) for loss in losses]
        return float(np.mean([value for value, _ in found])), np.mean([gradient for _, gradient in found], axis=0)

    return at


def _largest(losses: Sequence[Loss]) -> Loss:
    return lambda theta: max((loss(theta) for loss in losses), key=lambda pair: pair[0])


@settings(max_examples=25)
@given(
    T=st.integers(1, 7), eta=st.fractions(Fraction(1, 10), Fraction(19, 10), max_denominator=20),
    r=st.fractions(Fraction(1, 20), Fraction(1, 2), max_denominator=20),
)  # fmt: skip
def test_certified_intervals_hold_the_closed_forms(T: int, eta: Fraction, r: Fraction) -> None:
    problem = WorstCase(T, Rational(eta), Rational(r), Integer(0), Integer(100))
    outcome, evidence = bound_worst_case(problem)
    assert outcome == "certified" and check_worst_case(problem, outcome, evidence)
    lower, upper = float(Fraction(evidence["lower"])), float(Fraction(evidence["upper"]))
    k = float(r / (1 - eta / 2))
    if T * eta * k <= 1:
        exact = few_steps(1.0, float(eta), T, float(r))
    elif np.sqrt(T) * float(eta) * k <= 1:
        exact = 1 / (2 * float(eta) * T) + float(r**2 / (1 - eta / 2))
    else:
        exact = lower
        assert lower <= best_bound(1.0, float(eta), T, float(r) ** 2) * (1 + 1e-12)
    assert lower <= exact * (1 + 1e-12) and exact <= upper * (1 + 1e-12)
    assert upper - lower <= 1e-5 * upper


def test_the_stored_run_is_gradient_descent_on_real_losses() -> None:
    """Cases of the claim: losses built from slopes and inner products, in the plane, run forwards."""
    for T, rate, root, _ in CASES:
        problem = WorstCase(T, Rational(rate), Rational(root), Integer(0), Integer(100))
        _, evidence = bound_worst_case(problem)
        eta, r = float(problem.rate), float(problem.root_floor)
        theta, losses = np.array([1.0, 0.0]), []
        for p, k in zip(evidence["inner"], evidence["slopes"], strict=True):
            inner, slope = float(Fraction(p)), float(Fraction(k))
            distance = np.linalg.norm(theta)
            along, towards = inner / distance, theta / distance
            across = np.sqrt(max(slope**2 - along**2, 0.0))
            gradient = along * towards + across * np.array([-towards[1], towards[0]])
            losses.append(ray_at(theta, gradient, inner + r**2 - max(slope - r, 0.0) ** 2))
            assert losses[-1](np.zeros(2))[0] <= r**2 * (1 + 1e-8)
            theta = theta - eta * gradient
        found = average(np.array([1.0, 0.0]), eta, losses)
        assert found == pytest.approx(float(Fraction(evidence["lower"])), rel=1e-7)


def test_how_loose_the_stated_bound_is() -> None:
    """38, 76, 192 and 104 % above the worst case in the first four."""
    over = [stated_bound(1.0, float(Rational(rate)), T, float(Rational(root)) ** 2) / float(worst) - 1
            for T, rate, root, worst in CASES[:4]]
    assert [round(100 * each) for each in over] == [38, 76, 192, 104]


def test_logistic_runs() -> None:
    """The two runs of the claims, by gradient descent in floating point."""

    def logistic(side: float) -> Loss:
        return lambda theta: (float(np.logaddexp(0, -side * theta[0])), -side / (1 + np.exp(side * theta)))

    start = 0.0
    for _ in range(200):  # v + (5/4)/(1 + e^v) = 0
        start = -1.25 / (1 + np.exp(start))
    assert average(np.array([-start]), 2.5, [logistic(-1.0), logistic(1.0)] * 6) == pytest.approx(1.23034, abs=1e-5)
    assert average(np.array([-10.0]), 2.5, [logistic(1.0)] * 4) == pytest.approx(6.27616, abs=1e-5)


@pytest.mark.parametrize(("steps", "rate", "root"), [(0, 1, 1), (2, 4, 1), (2, 0, 1), (2, 1, 0)])
def test_what_is_no_worst_case_is_refused(steps: int, rate: int, root: int) -> None:
    with pytest.raises(InputError, match="0 < c eta < 4"):
        WorstCase(steps, Integer(rate), Integer(root), Integer(0), Integer(1))
    with pytest.raises(InputError, match="low <= high"):
        WorstCase(2, Integer(1), Integer(1), Integer(1), Integer(0))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("T", "rate", "root"), [case[:3] for case in CASES])
def test_semidefinite_programs_agree(T: int, rate: str, root: str) -> None:
    """PEPit's optimum over convex (c/2)-smooth losses lies in the certified interval, as far as its solver is exact.

    With convexity between the two points alone, in place of smoothness, it is larger: that class's losses do not exist.
    """
    pepit = pytest.importorskip("PEPit", reason="the extra worstcase is not installed")
    pytest.importorskip("cvxpy", reason="the extra worstcase is not installed")
    pytest.importorskip("clarabel", reason="the extra worstcase is not installed")
    from PEPit.functions import ConvexFunction, SmoothConvexFunction

    eta, epsilon = float(Rational(rate)), float(Rational(root)) ** 2

    def optimum(kind: Any, **constants: float) -> float:
        problem = pepit.PEP()
        start = problem.set_initial_point()
        common = 0 * start
        problem.set_initial_condition(start**2 <= 1)
        theta, total = start, 0
        for _ in range(T):
            loss = problem.declare_function(kind, **constants)
            gradient, value = loss.oracle(theta)
            gradient_there, value_there = loss.oracle(common)
            problem.add_constraint(gradient**2 <= value)
            problem.add_constraint(gradient_there**2 <= value_there)
            problem.add_constraint(value_there <= epsilon)
            total, theta = total + value / T, theta - eta * gradient
        problem.set_performance_metric(total)
        return float(problem.solve(verbose=0, wrapper="cvxpy", solver="CLARABEL"))

    _, evidence = bound_worst_case(WorstCase(T, Rational(rate), Rational(root), Integer(0), Integer(100)))
    found = optimum(SmoothConvexFunction, L=0.5)
    assert float(Fraction(evidence["lower"])) == pytest.approx(found, rel=2e-6)
    assert float(Fraction(evidence["upper"])) == pytest.approx(found, rel=2e-6)
    if eta < 2:
        assert found * 1.2 < optimum(ConvexFunction) <= stated_bound(1.0, eta, T, epsilon) * (1 + 1e-6)


@given(
    st.fractions(0, 4, max_denominator=50), st.fractions(-1, 1, max_denominator=50), st.sampled_from(["0", "1/7", "1", "5/2"])
)  # fmt: skip
def test_the_largest_loss_of_a_slope_is_epsilon_at_the_common_point(slope: Fraction, share: Fraction, root: str) -> None:
    from proofs_check.recheck.worst_cases import _at_common_point, _largest_loss

    inner = share * slope
    loss = _largest_loss(slope, inner, Fraction(root))
    if slope > 0 and loss >= slope**2:
        assert _at_common_point(slope, inner, loss) == Fraction(root) ** 2
