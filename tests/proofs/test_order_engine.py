"""Enclosures of losses hold what the engine of infinite width gives at its smallest tolerance, on ordinary experiments."""

from __future__ import annotations

import pytest

from proofs_check.order.certify import certify_order
from tests.proofs.order_cases import SCHEDULES
from theory_sim import Experiment, simulate


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))])
def test_the_engine_at_tolerance_1e_12_is_enclosed(seed: int) -> None:
    schedule = list(SCHEDULES)[seed % len(SCHEDULES)]
    e = Experiment(**{
        "d": 30, "N": 60, "p0": 0.3, "q0": 0.3, "eta_1": 4.0, "eta_2": 1.0, "lambda": 5e-4, "tau_0": 0.3, "tau_xi": 0.02,
        "max_tau": 120.0, "seed": seed, "schedule": schedule, "n_test": 1, "record_every": 4.0, "dtype": "float64",
        "patterns": "frozen" if seed % 5 == 4 else "moving", **SCHEDULES[schedule]})
    arm = certify_order(e, [schedule], threads=1).arms[0]
    run = simulate(e, "limit", tolerance=1e-12, threads=1).dataset
    assert len(arm.losses) == 4
    for kind, (low, high) in arm.losses.items():
        losses = run.train_loss if kind == "all" else run.loss_train.sel(kind=kind)
        below, above = low[run.step.values], high[run.step.values]
        assert ((below <= losses.values) & (losses.values <= above)).all()
        assert (above - below).max() < 1e-8  # so that an error of 1e-8 would be seen
