"""A run that ends elsewhere than that of `simulate` is shown at the smallest experiment that is found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit import numpy_simulator
from theory_sim.testing.simulator.agreement_law import _EXACT, AgreementBroken, _difference, agrees_with_simulate
from theory_sim.testing.simulator.runs import Runs
from theory_sim.testing.simulator.search import run_some

HELD: dict[str, Any] = {"schedule": "constant", "loss": "logistic"}


def late(task: Any) -> dict[str, Any]:
    """Right, but for the weights at the end of runs of more than one step, which are those before it."""
    found = numpy_simulator.adapter(task)
    if task.steps > 1:
        found["W"][-1] = found["W"][-2]
    return found


@pytest.mark.tier2
def test_the_experiment_that_is_shown_is_small() -> None:
    runs = Runs(late, HELD)
    first = next(e for e, _, answer in run_some(runs, 10, _EXACT) if _difference(e, answer))
    with pytest.raises(AgreementBroken, match=r"W after .* from that of simulate") as caught:
        agrees_with_simulate(runs)
    found = caught.value.experiment
    for field in ("m_W", "m_V", "d", "n_examples"):
        assert getattr(found, field) <= max(getattr(first, field), 4), field
    assert found.m_W + found.m_V + found.d + found.n_examples < first.m_W + first.m_V + first.d + first.n_examples
    assert _difference(found, runs.run(found)[1])
