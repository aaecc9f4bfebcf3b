"""One-pass gradient descent as a special case of the mean field: each example is used at one step alone.

A linear network, examples with P alone. Then nothing is remembered, and A and C follow closed recursions, which tend to the
ordinary differential equations of Saad and Solla 1995 (here of one student and one teacher) as batches shrink.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.limit.test_mean_field import TWINS
from theory_sim import Experiment
from theory_sim.closure.mean_field import responses
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.theory.arc_cosine import kernel_constants
from theory_sim.theory.closure import solve
from theory_sim.theory.closure.loss import LOGISTIC, SQUARED

PARTICLES, LINEAR = 32_768, kernel_constants(1.0, 1.0).linear
LOSSES = {"logistic": LOGISTIC, "squared": SQUARED}


def passes(loss: str, batches: int, steps: int) -> Experiment:
    """N = d examples in so many batches; a step of the rate that one batch's mean would have at 0.4 d steps / batches."""
    d = 10_000
    eta = 0.4 * d * batches / steps
    return Experiment(
        d=d, N=d, kappa=None, p0=1.0, q0=0.0, activation="linear", schedule="constant", loss=loss, lambda_=0.1 / eta / batches,
        eta_1=eta, max_tau=eta * steps, record_every=1e9,
    )  # fmt: skip


def once(e: Experiment, batches: int, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A and C (steps + 1, 2) of the mean field in which other particles have a residual weight at each step."""
    eighth = PARTICLES // 8
    turn, calls, inner = np.tile(np.arange(eighth) * batches // eighth, 8), [0], solve.look

    def look(*given: Any) -> Any:
        residual, losses = inner(*given)
        calls[0] += 1
        return replace(residual, weight=np.where(turn == calls[0] - 1, residual.weight, 0.0)), losses

    monkeypatch.setattr(solve, "look", look)
    monkeypatch.setattr(responses, "MOST_KEPT", PARTICLES)
    monkeypatch.setattr(type(SQUARED), "slope", lambda self, weight: (weight != 0.0).astype(np.float64))
    course = follow_particles(e, 200, PARTICLES)
    return np.stack([course.signal, course.interference], axis=1)


def means(e: Experiment, signal: float, across: float) -> tuple[float, float, float]:
    """E[v w], E[w^2] and E chi of fresh examples, whose margins are A v + N(0, C)."""
    loss = LOSSES[e.loss]
    x, of_x = np.polynomial.legendre.leggauss(40)
    size, of_size = 3.5 * (x + 1.0), of_x * np.exp(-0.5 * (3.5 * (x + 1.0)) ** 2)
    draw, of_draw = np.polynomial.hermite_e.hermegauss(30)
    share = np.outer(of_size / of_size.sum(), of_draw / of_draw.sum())
    v = np.broadcast_to((e.g0 + size)[:, None], share.shape)
    weight = loss.weight(signal * v + math.sqrt(across) * draw)
    slope = np.ones_like(weight) if e.loss == "squared" else loss.slope(weight)
    return float(np.sum(share * v * weight)), float(np.sum(share * weight**2)), float(np.sum(share * slope))


def recursion(e: Experiment, batches: int, steps: int) -> np.ndarray:
    """A and C of one-pass gradient descent in batches of N / batches fresh examples."""
    rate, shrink = e.eta_1 * LINEAR / batches / e.d, 1.0 - e.eta_1 * e.lambda_
    found = [(0.0, 0.0)]
    for _ in range(steps):
        signal, across = found[-1]
        drive, square, slope = means(e, signal, across)
        noise = rate**2 * (e.d - 1) * batches / e.n_examples * square
        found.append((shrink * signal + rate * drive, (shrink - rate * slope) ** 2 * across + noise))
    return np.array(found)


def equations(e: Experiment, batches: int, steps: int) -> np.ndarray:
    """The same as batches shrink: dA and dC over a step, each term of first order in the batch (Saad and Solla 1995)."""
    rate, decay = e.eta_1 * LINEAR / batches / e.d, e.eta_1 * e.lambda_

    def change(time: float, state: np.ndarray) -> list[float]:
        drive, square, slope = means(e, state[0], max(state[1], 0.0))
        noise = rate**2 * (e.d - 1) * batches / e.n_examples * square
        return [rate * drive - decay * state[0], -2.0 * (decay + rate * slope) * state[1] + noise]

    found = solve_ivp(change, (0.0, steps), [0.0, 0.0], t_eval=np.arange(steps + 1), rtol=1e-6, atol=1e-10)
    return np.asarray(found.y.T)


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest distance of A or root of C, as a share of what it reaches."""
    roots = [np.stack([each[:, 0], np.sqrt(each[:, 1])], axis=1) for each in (found, expected)]
    return float(np.max(np.abs(roots[0] - roots[1]) / roots[1].max(axis=0)))


@pytest.mark.parametrize("loss", LOSSES)
def test_each_step_is_that_of_fresh_examples(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    e = passes(loss, 8, 8)
    found = once(e, 8, monkeypatch)
    assert apart(found, recursion(e, 8, 8)) < 4e-3
    assert apart(found, recursion(e.replace(N=round(1.03 * e.n_examples)), 8, 8)) > 6e-3
    monkeypatch.undo()
    again = follow_particles(e.replace(eta_1=e.eta_1 / 8, lambda_=8 * e.lambda_, max_tau=e.max_tau / 8), 200, 1024)
    assert apart(np.stack([again.signal, again.interference], axis=1), recursion(e, 8, 8)) > 0.05, "with memory"


@pytest.mark.alternating
@pytest.mark.parametrize("loss", LOSSES)
def test_small_batches_follow_the_differential_equations(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recursion is off by a share of a step's size, and the mean field with it."""
    off = []
    for steps in (16, 64):
        e = passes(loss, steps, steps)
        off.append(apart(recursion(e, steps, steps), equations(e, steps, steps)))
    assert off[1] < 0.3 * off[0] and off[1] < 0.02, off
    e = passes(loss, 64, 64)
    assert apart(once(e, 64, monkeypatch), equations(e, 64, 64)) < 0.03


@pytest.mark.parametrize("twin", sorted(set(TWINS) - {"right"}))
def test_mistakes_are_seen(twin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    e = passes("squared", 8, 8)
    TWINS[twin](monkeypatch)
    assert apart(once(e, 8, monkeypatch), recursion(e, 8, 8)) > 0.02
