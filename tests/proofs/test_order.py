"""Enclosures of a certified order hold the outputs of an independent evaluation in 100 digits, and are narrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proofs_check.order.arm import Arm, certify_arm, make_problem
from proofs_check.order.outputs import Stretch
from tests.proofs.order_cases import small_case
from tests.proofs.order_reference import exact_run
from theory_sim.data import draw_data
from theory_sim.experiment import Experiment


def enclosed(experiment: Experiment) -> tuple[Arm, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A run with its outputs' centres and radii, (T + 1, N)."""
    problem = make_problem(experiment, draw_data(experiment))
    stretches: list[Stretch] = []
    arm = certify_arm(experiment, problem, (0.45, 0.5, 0.55), threads=1, seen=stretches.append)
    centres = np.concatenate([each.values for each in stretches])
    return arm, centres, arm.output_error[:, None] + np.multiply.outer(arm.drift, problem.sites.norm)


def holds_exact_run(experiment: Experiment) -> None:
    arm, centres, radii = enclosed(experiment)
    exact = exact_run(experiment, draw_data(experiment))
    assert arm.run.rates.tolist() == exact.rates
    distance = np.array([[abs(float(f - centre)) for f, centre in zip(row, centre_row, strict=True)]
                         for row, centre_row in zip(exact.outputs, centres.tolist(), strict=True)])
    assert not arm.reason and np.all(distance <= radii), float((distance - radii).max())
    assert np.all(radii < 1e-6)
    for kind, (low, high) in arm.losses.items():
        assert all(a <= loss <= b for a, loss, b in zip(low.tolist(), exact.losses[kind], high.tolist(), strict=True)), kind
    for verdict in arm.levels:
        for kind, first in verdict.first.items():
            below = [step for step, loss in enumerate(exact.losses[kind]) if loss < verdict.level]
            assert first.known and first.latest == (below[0] if below else None)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_small_runs_hold_the_exact_outputs(seed: int) -> None:
    holds_exact_run(small_case(seed, most=6, steps=6))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_longer_small_runs_hold_the_exact_outputs(seed: int) -> None:
    holds_exact_run(small_case(100 + seed, most=12, steps=60))
