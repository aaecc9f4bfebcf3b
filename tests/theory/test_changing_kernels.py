"""Theorem C.2 with numbers: both sides, the cost of a step, and what is lost between them (THEORY §11)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory_sim.theory.changing_kernels import C_0, average_bound, get_excess, step_cost, step_cost_stated


def _loss(v: Any) -> Any:
    return np.logaddexp(0.0, -v)


def _slope(v: Any) -> Any:
    return -1.0 / (1.0 + np.exp(v))


def _descent(seed: int, lambda_: float, rates: np.ndarray, tight: bool = False) -> dict[str, Any]:
    """Gradient descent on losses whose features and offsets are new at each step, in plain NumPy; two classifiers."""
    rng = np.random.default_rng(seed)
    n, k = (1, 1) if tight else (5, 3)
    y = rng.choice([-1.0, 1.0], n)
    theta, star = rng.normal(size=k), rng.normal(size=(2, k)) * 2
    told: dict[str, list[Any]] = {name: [] for name in (
        "loss", "norm", "star_loss", "distance", "size", "gradient_size", "gradient_theta", "gradient_star")}
    for rate in rates:
        phi, offset = rng.normal(size=(n, k)) * 0.7, rng.normal(size=n)
        margin = y * (phi @ theta + offset)
        gradient = (y * _slope(margin)) @ phi / n
        told["loss"].append(_loss(margin).mean())
        told["norm"].append(np.linalg.norm(phi, axis=1).max())
        told["star_loss"].append([_loss(y * (phi @ each + offset)).mean() for each in star])
        told["distance"].append(((theta - star) ** 2).sum(axis=1))
        told["size"].append(theta @ theta)
        told["gradient_size"].append(gradient @ gradient)
        told["gradient_theta"].append(gradient @ theta)
        told["gradient_star"].append(star @ gradient)
        theta = (1 - rate * lambda_) * theta - rate * gradient
    told["distance"].append(((theta - star) ** 2).sum(axis=1))
    return {"rate": rates, "star_size": (star**2).sum(axis=1), "lambda_": lambda_,
            **{name: np.array(values) for name, values in told.items()}}


def test_c_0_bounds_the_squared_slope_and_no_smaller_number_does() -> None:
    v = np.linspace(-30.0, 30.0, 600_001)
    ratio = _slope(v) ** 2 / _loss(v)
    assert ratio.max() <= C_0 < ratio.max() + 1e-8
    assert (ratio > 0.999 * C_0).any()


@given(rate=st.floats(0.01, 50.0), norm=st.floats(0.1, 3.0), lambda_=st.floats(0.0, 0.2))
def test_the_stated_cost_is_the_proof_s_at_its_worst(rate: float, norm: float, lambda_: float) -> None:
    proved, stated = (float(cost(np.array([rate]), np.array([norm]), lambda_)[0]) for cost in (step_cost, step_cost_stated))
    if rate * lambda_ > 0.5:
        assert math.isinf(stated) and (math.isinf(proved) == (rate * lambda_ >= 1))
        return
    assert proved <= stated * (1 + 1e-12)
    half = 0.5 / rate  # gamma lambda = 1/2
    at_half = [float(cost(np.array([rate]), np.array([norm]), half)[0]) for cost in (step_cost, step_cost_stated)]
    assert at_half[0] == pytest.approx(at_half[1]) == pytest.approx(C_0 * rate * norm**2)


@given(seed=st.integers(0, 10_000), lambda_=st.sampled_from([0.0, 0.01, 0.3]), scale=st.floats(0.05, 1.5))
@settings(max_examples=40)
def test_the_bound_holds_and_its_excess_is_the_sum_of_its_parts(seed: int, lambda_: float, scale: float) -> None:
    rates = scale * np.random.default_rng(seed + 1).uniform(0.2, 1.0, 30)
    run = _descent(seed, lambda_, rates)
    for law in (step_cost, step_cost_stated):
        cost = law(run["rate"], run["norm"], lambda_)
        sides = average_bound(rates, run["loss"], cost, run["star_loss"], run["distance"][0], run["star_size"], lambda_)
        known = np.isfinite(sides.bound)
        assert (known == np.logical_and.accumulate(cost < 1)).all() and np.isnan(sides.loss[~known]).all()
        assert (sides.loss[known] <= sides.bound[known] * (1 + 1e-12)).all()
        steps = int(known.sum())
        if steps == 0:
            continue
        cut = {name: run[name][:steps] for name in ("rate", "loss", "size", "gradient_size", "gradient_theta")}
        s = int(sides.best[steps - 1])
        excess = get_excess(cost=cost[:steps], star_loss=run["star_loss"][:steps, s], distance=run["distance"][: steps + 1, s],
                           gradient_star=run["gradient_star"][:steps, s], lambda_=lambda_, **cut)
        gap = (sides.bound[steps - 1] - sides.loss[steps - 1]) * sides.weight[steps - 1]
        assert excess.total == pytest.approx(gap, rel=1e-9, abs=1e-9)
        assert min(excess.convexity.min(), excess.ridge.min(), excess.step.min(), excess.distance) >= -1e-12


def test_both_sides_by_hand() -> None:
    run = _descent(3, 0.05, np.array([0.5, 0.2, 0.4, 0.4]))
    cost = step_cost_stated(run["rate"], run["norm"], 0.05)
    found = average_bound(run["rate"], run["loss"], cost, run["star_loss"], run["distance"][0], run["star_size"], 0.05)
    for T in range(1, 5):
        left = weight = 0.0
        right = [run["distance"][0][s] / 2 for s in range(2)]
        for t in range(T):
            gamma = run["rate"][t]
            room = 1 - C_0 * gamma * run["norm"][t] ** 2
            left, weight = left + gamma * room * run["loss"][t], weight + gamma * room
            for s in range(2):
                right[s] += gamma * (run["star_loss"][t, s] + 0.05 / 2 * run["star_size"][s])
        assert found.loss[T - 1] == pytest.approx(left / weight)
        assert found.bound[T - 1] == pytest.approx(min(right) / weight) and found.best[T - 1] == int(np.argmin(right))


def test_a_step_can_cost_what_the_proof_says() -> None:
    """One example at the margin where c_0 is reached, the gradient along theta as Young's inequality has it: no slack."""
    v = np.linspace(-3.0, 3.0, 600_001)
    peak = float(v[np.argmax(_slope(v) ** 2 / _loss(v))])
    norm, rate, lambda_ = 1.3, 0.9, 0.4
    gradient = _slope(peak) * norm  # y = 1, in the direction of the feature
    theta = gradient * rate / (1 - rate * lambda_)  # lambda theta (1 / (gamma lambda) - 1) = g
    measured = {"rate": np.array([rate]), "loss": np.array([_loss(peak)]), "star_loss": np.array([0.1]),
                "distance": np.array([1.0, 1.0]), "size": np.array([theta**2]), "gradient_size": np.array([gradient**2]),
                "gradient_theta": np.array([gradient * theta]), "gradient_star": np.array([0.0]), "lambda_": lambda_}
    cost = step_cost(np.array([rate]), np.array([norm]), lambda_)
    assert get_excess(cost=cost, **measured).step[0] == pytest.approx(0.0, abs=1e-9)
    assert get_excess(cost=0.99 * cost, **measured).step[0] < -1e-3, "one per cent less is not enough"
