"""Gradient flow of the mean field: what its steps tend to as all rates shrink, under noise of the same law in time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from theory_sim import Engine, Experiment, simulate
from theory_sim.closure import rates
from theory_sim.closure.mean_field import solve
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.theory.closure import Closure

SCHEDULES: list[dict[str, Any]] = [
    {"schedule": "S", "eta_2": 2.0}, {"schedule": "L-S", "epsilon_1": 0.3}, {"schedule": "cosine", "eta_1": 8.0},
    {"schedule": "step", "step_tau": 150.0, "step_factor": 0.5},
]  # fmt: skip


def ends(course: Closure) -> tuple[float, float]:
    """Log odds of the overlap and training loss at the end."""
    return math.log(course.signal[-1] ** 2 / course.interference[-1]), float(course.loss[-1])


def slowed(e: Experiment, share: float) -> Experiment:
    """The same with smaller steps, under noise of the same law in time."""
    return e.replace(eta_1=share * e.eta_1, eta_2=share * e.eta_2, tau_xi=e.tau_xi / math.sqrt(share), tau_0=e.tau_0_value)


@pytest.mark.alternating
@pytest.mark.parametrize("fields", SCHEDULES, ids=lambda fields: fields["schedule"])
def test_steps_tend_to_it(fields: dict[str, Any]) -> None:
    """Steps of a tenth are within 2e-4 of it, and three times nearer than whole ones; its rates are the schedule's."""
    e = Experiment(d=100, max_tau=400.0, **fields)
    flow = follow_particles(e, 60, 256, flow=True)
    off = [np.abs(np.subtract(ends(follow_particles(slowed(e, share), 60, 256)), ends(flow))).max() for share in (1.0, 0.1)]
    assert off[1] < 2e-4 and off[1] < 0.3 * off[0] < 1e-3
    assert flow.rate[0] == pytest.approx(e.rates()["eta_1" if e.schedule != "S" else "eta_2"], rel=1e-3)
    assert flow.step.tolist() == list(range(flow.tau.size)) and flow.tau[-1] == pytest.approx(400.0, abs=0.02)


def test_a_thousandth_is_small_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of it, or three times as much, changes nothing above 2e-5; noise that is not stronger is another run."""
    e = Experiment(d=100, max_tau=400.0, schedule="L-S", epsilon_1=0.3)
    found = []
    for share in (rates.FLOW, 0.1 * rates.FLOW, 3.0 * rates.FLOW):
        monkeypatch.setattr(solve, "FLOW", share)
        found.append(ends(follow_particles(e, 60, 256, flow=True)))
    assert found[1] == pytest.approx(found[0], abs=2e-5) and found[2] == pytest.approx(found[0], abs=2e-5)
    quiet = follow_particles(slowed(e, 1e-3).replace(tau_xi=e.tau_xi), 60, 256)
    assert abs(ends(quiet)[0] - found[0][0]) > 5e-3


def test_flow_is_an_option_of_the_engine() -> None:
    """With a record a node, and another result than that of steps."""
    e = Experiment(d=100, max_tau=400.0, schedule="L-S", epsilon_1=0.3)
    steps, flow = (simulate(e, Engine("mean-field", {"nodes": 40, "particles": 256, "time": time}))
                   for time in ("steps", "flow"))  # fmt: skip
    assert flow.dataset["step"].values[-1] == flow.dataset.sizes["record"] - 1 == flow.dataset.attrs["final_step"]
    loss = float(flow.dataset["train_loss"][-1])
    assert 1e-4 < abs(loss - float(steps.dataset["train_loss"][-1])) < 5e-3
