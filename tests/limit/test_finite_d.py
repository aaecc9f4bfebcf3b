"""The mean field's corrections at finite d: their table against runs, their fit, and mistakes that the same numbers refute."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.limit import finite_d as protocol
from tests.limit.finite_d import QUANTITIES, Mean, experiment, exponent, load, means, simulated
from tests.limit.test_mean_field import TWINS
from theory_sim import Experiment, draw_data
from theory_sim.closure.mean_field import law
from theory_sim.closure.mean_field.solve import follow_particles


@pytest.mark.parametrize(("of_law", "seed"), [("P", 3), ("PQ", 5)])
def test_a_part_of_the_table_is_computed_again(of_law: str, seed: int) -> None:
    stored = next(row for row in load() if (row.law, row.d, row.seed) == (of_law, 100, seed))
    again = simulated(of_law, 100, seed)
    assert again.values == pytest.approx(stored.values, rel=2e-5)
    assert again.statistics == pytest.approx(stored.statistics, rel=2e-5, abs=1e-6)
    assert simulated(of_law, 100, seed + 1).values != pytest.approx(stored.values, rel=1e-3)


def test_statistics_have_mean_zero() -> None:
    """Within four standard errors of their means; powers of one example's Gram matrix have the moments of chi-square."""
    rows = load()
    for of_law, d in {(row.law, row.d) for row in rows if row.d < 10_000}:  # of which there are too few
        given = np.array([row.statistics for row in rows if (row.law, row.d) == (of_law, d)])
        assert given.shape[1] == protocol.STATISTICS
        used = np.ptp(given, axis=0) > 0.0
        standard = given[:, used].mean(axis=0) / given[:, used].std(axis=0, ddof=1) * math.sqrt(len(given))
        assert np.abs(standard).max() < 4.0
    for n in (1, 5):
        assert n * (n + 1 + 1) == n * (n + 2) and n * (n**2 + 1 + 3 * n + 3 * n + 3 + 4) == n * (n + 2) * (n + 4)


def of(found: list[Mean], of_law: str, quantity: str) -> list[Mean]:
    return [each for each in found if (each.law, each.quantity) == (of_law, quantity)]


def vanishes(found: list[Mean]) -> bool:
    """Whether the odds of the overlap tend to the mean field: like 1 / d, at the largest d within two errors and 2 / d."""
    power, _ = exponent(found, "mean")
    return abs(power + 1.0) < 0.15 and found[-1].d == 10_000 and abs(found[-1].mean) < 2.0 * found[-1].error + 2.0 / 10_000


@pytest.mark.tier2
def test_the_mean_tends_like_1_over_d_and_a_data_set_like_its_root() -> None:
    found = means([row for row in load() if row.law == "P"])
    for quantity in QUANTITIES[:2]:
        assert vanishes(of(found, "P", quantity))
    for quantity in QUANTITIES:
        power, error = exponent(of(found, "P", quantity), "scatter")
        assert abs(power + 0.5) < 0.06 and error < 0.04
    # Statistics of the data sets explain nearly all: a hundred data sets do the work of ten thousand.
    assert all(each.rest < 0.1 * each.scatter for each in found if each.quantity == "log odds")


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS)
def test_mistakes_do_not_vanish(twin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    TWINS[twin](monkeypatch)
    found = means([row for row in load() if row.law == "P"])
    assert vanishes(of(found, "P", "log odds")) == (twin == "right")


def memories(e: Experiment, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """Times, and correlation of the interference at each with that at the end, of the mean field."""
    rows: list[np.ndarray] = []
    inner = law.ParticleLaw._interfere

    def kept(self: law.ParticleLaw, setting: Any, memory: Any) -> Any:
        rows.append(memory)
        return inner(self, setting, memory)

    monkeypatch.setattr(law.ParticleLaw, "_interfere", kept)
    course = follow_particles(e)
    second = np.array(rows) @ (np.array(rows)[-1] / len(rows[-1]))
    size = np.sqrt(np.mean(np.array(rows) ** 2, axis=1))
    return course.tau[1:], second / (size * size[-1])


def across(e: Experiment) -> np.ndarray:
    """Linear part across w* after each step (steps, d) on one data set, P-only, by the kernel's sums as they stand (§7)."""
    data, rate, steps = draw_data(e), e.eta_1, round(e.max_tau / e.eta_1)
    assert data.pq is not None
    x = data.x1.astype(np.float64) * data.y[:, None]
    gram = x @ x.T
    size = np.sqrt(np.diag(gram))
    cosine, kept = gram / np.outer(size, size), 1.0 - rate * e.lambda_
    margin, w, weights, found = np.zeros(len(x)), np.zeros(e.d), [], []
    for _ in range(steps):
        weights.append(rate / e.n_examples / (1.0 + np.exp(margin)))
        w = kept * w + weights[-1] @ x
        curved = np.zeros(len(x))
        for age, weight in enumerate(reversed(weights)):
            # The noise is stationary: rho is the decay, one step ahead of that of the signal.
            kernel = gram * np.arcsin(np.clip(kept ** (age + 1) * cosine, -1.0, 1.0)) / (2.0 * math.pi)
            curved += kept**age * (kernel @ weight)
        margin = 0.25 * (x @ w) + curved
        found.append(w - (w @ data.pq.w_star) * data.pq.w_star)
    return np.array(found)


@pytest.mark.tier2
def test_interference_changes_over_time_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its correlation over time, on single data sets of d = 100; one static Gaussian, whose correlation is 1, is not that."""
    # Large margins: late residual weights are unlike the first, which are all equal.
    e = experiment("P", 100).replace(g0=2.0)
    tau, told = memories(e, monkeypatch)
    rows = []
    for seed in range(4):
        found = across(e.replace(seed=seed))
        size = np.sqrt(np.sum(found**2, axis=1))
        rows.append(found @ found[-1] / (size * size[-1]))
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / 2.0
    assert tau == pytest.approx(np.arange(1, mean.size + 1) * e.eta_1)
    slack = 4.0 * error + 0.004
    assert np.all(np.abs(mean - told) < slack) and abs(mean[0] - 1.0) > slack[0], (mean[0], told[0], error[0])
