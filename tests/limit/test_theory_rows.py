"""THEORY §13's table of the infinite-width prototype, again: 8 data sets a row of ours, learning times at the loss 0.45."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

from theory_sim import Experiment, learning_order, simulate

pytestmark = pytest.mark.slow

SEEDS = range(8)
TIMES = ("S tau_Q", "S tau_P")


class Row(NamedTuple):
    """Fields, and the page's mean and standard deviation of each time; L-S's mean, its Q-only loss at tau = 10 d; data sets."""

    fields: dict[str, Any]
    S: dict[str, tuple[float, float]]
    large_P: float
    large_Q_loss: float
    sets: int = 8


COMMON = {"q0": 0.3, "alpha_min": 0.0, "kappa": 0.5, "g0": 1.0, "eta_1": 16.0, "tau_xi": 0.005, "record_every": 5.0}
ROWS = {
    "1/30": Row(
        {"d": 200, "r": 0.5, "lambda_": 2e-4, "eta_2": 16 / 30}, {"S tau_Q": (409, 37), "S tau_P": (510, 35)}, 488, 0.48
    ),
    "1/100": Row(
        {"d": 200, "r": 0.5, "lambda_": 2e-4, "eta_2": 0.16}, {"S tau_Q": (373, 33), "S tau_P": (514, 35)}, 488, 0.48
    ),
    "d = 400": Row(
        {"d": 400, "r": 0.4, "lambda_": 2e-4, "eta_2": 0.16}, {"S tau_Q": (534, 24), "S tau_P": (1120, 26)}, 1001, 0.53
    ),
    "growing": Row(
        {"d": 300, "r": 0.5, "lambda_": 1e-5, "tau_0": 1.0}, {"S tau_Q": (382, 15), "S tau_P": (741, 42)}, 666, 0.46
    ),
    "default": Row(
        {"d": 200, "r": 0.3, "lambda_": 5e-4, "eta_2": 0.5, "q0": 0.5, "alpha_min": 0.5, "tau_xi": 0.00789},
        {"S tau_Q": (389, 19), "S tau_P": (824, 62)}, 740, 0.59, sets=4,
    ),
}


def experiments(name: str) -> tuple[Experiment, Experiment]:
    """The row under S and under its large rate throughout."""
    row = {**COMMON, **ROWS[name].fields}
    row["max_tau"] = 10.0 * row["d"]
    if name == "growing":  # gamma tau_xi^2 = D tau_0^2
        return (Experiment(**{**row, "schedule": "S", "eta_2": 0.1, "tau_xi": math.sqrt(1e-5 / 0.1)}),
                Experiment(**{**row, "schedule": "constant", "tau_xi": math.sqrt(0.1 / 16)}))
    return Experiment(**{**row, "schedule": "S"}), Experiment(**{**row, "schedule": "constant"})


@pytest.mark.parametrize("name", ROWS)
def test_row(name: str) -> None:
    small, large = experiments(name)
    S = [learning_order(simulate(small.replace(seed=seed), "limit", time="flow")) for seed in SEEDS]
    L = [simulate(large.replace(seed=seed), "limit") for seed in SEEDS]
    times = {"S tau_Q": [o.tau_Q for o in S], "S tau_P": [o.tau_P for o in S]}
    row = ROWS[name]
    for label in TIMES:
        mean, deviation = row.S[label]
        error = math.sqrt(np.var(times[label], ddof=1) / 8 + deviation**2 / row.sets)
        distance = abs(np.mean(times[label]) - mean) / error
        print(f"{name}, {label}: {np.mean(times[label]):.0f} +- {np.std(times[label], ddof=1):.0f}, "
              f"page {mean:g} +- {deviation:g}, {distance:.2f} standard errors")
        assert distance < 2.0
        assert abs(1.25 * np.mean(times[label]) - mean) / error > 2.0  # a quarter off would be seen
    large_P = [learning_order(run).tau_P for run in L]
    large_Q = [float(run.history("loss_train", kind="Q-only")[-1]) for run in L]
    # The page gives no scatter here: that of its tau_P under S, on the same data sets, stands for it in proportion.
    deviation = row.S["S tau_P"][1] / row.S["S tau_P"][0] * row.large_P
    error = math.sqrt(np.var(large_P, ddof=1) / 8 + deviation**2 / row.sets)
    print(f"{name}, L-S tau_P: {np.mean(large_P):.0f} +- {np.std(large_P, ddof=1):.0f}, page {row.large_P:g}")
    assert abs(np.mean(large_P) - row.large_P) < 2.0 * error
    assert abs(np.mean(large_Q) - row.large_Q_loss) < 0.015
