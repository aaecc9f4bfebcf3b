"""Phases of a phase diagram: each pair of orders has the phase whose name says so, and an axis what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from theory_sim import Experiment
from theory_sim.sweeps import phase_agreement
from theory_sim.sweeps.phase_parameter import Parameter


def test_each_pair_of_orders_has_the_phase_that_says_so() -> None:
    told = {pair: phase_agreement.PHASES[number] for pair, number in phase_agreement._PHASE_OF.items()}
    for (large, small), name in told.items():
        assert name == (f"both {large}" if large == small else f"L-S {large}, S {small}")
    assert len(set(told.values())) == len(told) == len(phase_agreement.PHASES) - 1 and phase_agreement.PHASES[-1] == "other"
    assert ("P first", "Q first") in told, "the theorem's"


@pytest.mark.parametrize(("parameter", "swept", "value"), [
    (Parameter("eta_1", "eta_1", None, "field"), 4.0, 4.0),
    (Parameter("eta_2/eta_1", "eta_2", "eta_1", "over"), 4.0, 0.5),
    (Parameter("eta_2/eta_1", "eta_1", "eta_2", "under"), 4.0, 0.5),
], ids=lambda each: each.kind if isinstance(each, Parameter) else str(each))  # fmt: skip
def test_a_parameter_is_the_field_or_its_ratio_and_back(parameter: Parameter, swept: float, value: float) -> None:
    base = Experiment(eta_1=8.0, eta_2=2.0)
    assert parameter.value(np.array([swept]), base).tolist() == [value]
    assert parameter.change(value, base) == {parameter.field: swept}
