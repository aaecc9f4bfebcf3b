"""The mean field's blocks are right to second order: what is half a block off, or left out of one, is of the first."""

from __future__ import annotations

import math
from typing import Any

import pytest

from theory_sim import Experiment
from theory_sim.closure.mean_field.responses import Responses
from theory_sim.closure.mean_field.solve import follow_particles

# Few particles will do: a change of the grid alone is looked at.
FLOW = Experiment(
    d=1000, N=2000, kappa=None, p0=1.0, q0=0.0, activation="linear", schedule="constant", lambda_=3e-4, eta_1=0.5,
    max_tau=2400.0, record_every=1e9,
)  # fmt: skip


def ratio_of_changes() -> float:
    """Change of log C(T, T) from 10 nodes to 20, over that from 20 to 40: 4 at second order, 2 at first."""
    logs = [math.log(follow_particles(FLOW, nodes, 64).interference[-1]) for nodes in (10, 20, 40)]
    return (logs[1] - logs[0]) / (logs[2] - logs[1])


@pytest.mark.parametrize(("forward", "at_once"), [(1.0, 1.0), (0.0, 1.0), (2.0, 1.0), (1.0, 0.0)],
                         ids=["right", "at a block's start", "at its end", "none in a block itself"])  # fmt: skip
def test_twice_the_nodes_are_a_quarter_of_the_error(forward: float, at_once: float, monkeypatch: pytest.MonkeyPatch) -> None:
    enter = Responses.enter

    def moved(self: Responses, n: int, row: Any, before: Any, by: float, weight: Any, share: float) -> Any:
        return enter(self, n, row, before, forward * by, weight, at_once * share)

    monkeypatch.setattr(Responses, "enter", moved)
    assert (3.7 < ratio_of_changes() < 4.5) == (forward == at_once == 1.0)
