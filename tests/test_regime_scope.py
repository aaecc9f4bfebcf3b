"""What regime() says of other networks, data, schedules and noise than the theory's own."""

import math
from typing import Any

import pytest

from tests.test_regime import DEFAULT, regime
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.regimes import get_conditions
from theory_sim.scope import uncovered
from theory_sim.theory.conditions import OF_ANY_RUN
from theory_sim.train.stability import stable_rate_of


@pytest.mark.parametrize("name", [each.name for each in PLACEMENTS if each.name != DEFAULT.noise_placement])
def test_noise_beside_xi_is_told_as_left_out(name: str) -> None:
    (found,) = uncovered(DEFAULT.model_copy(update={"noise_placement": name}))
    assert f"noise_placement = '{name}'" in found and not uncovered(DEFAULT)


def test_a_rate_that_a_function_of_time_reaches_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.experiment.choices import SCHEDULES
    from theory_sim.train.schedules import schedule_from

    monkeypatch.setattr(SCHEDULES, "_things", dict(SCHEDULES._things))
    schedule_from(lambda tau, step: 2.0 if tau < 10.0 else 200.0, name="fast-in-the-end", rates=(2.0, 200.0))
    (row,) = [each for each in get_conditions(DEFAULT.replace(schedule="fast-in-the-end")) if each.id == "stable-steps"]
    assert not row.holds and row.value == pytest.approx(200.0 / 16.0 * next(
        each.value for each in get_conditions(DEFAULT) if each.id == "stable-steps"))


@pytest.mark.parametrize("fields", [
    {"activation": "gelu"}, {"activation": "tanh"}, {"output_scale": 10.0}, {"train_second_layer": True}, {"biases": True},
    {"data_law": "xor", "N": 800},
], ids=str)
def test_what_is_not_known_of_another_network_or_other_data_is_not_told(fields: dict[str, Any]) -> None:
    found = regime(DEFAULT.replace(**fields))
    assert not found.applies and found.conditions == () and any("not known" in warning for warning in found.warnings)


@pytest.mark.parametrize(("activation", "gap", "direct"), [({"activation": "linear"}, 0.0, 1.0),
                                                           ({"activation": "leaky-relu", "leak": 0.3}, 0.7, 0.3)])
def test_of_two_lines_steps_and_noise_output_are_judged_and_no_order(
    activation: dict[str, Any], gap: float, direct: float
) -> None:
    e = DEFAULT.replace(neurons="independent", **activation)
    found, of_relu = regime(e), regime(DEFAULT.replace(neurons="independent"))
    rows = {row.id: row for row in found.conditions}
    assert not found.applies and not found.predicted_order and set(rows) == {"output-noise", "stable-steps"}
    assert any("predicted orders are of activation = 'relu'" in warning for warning in found.warnings)
    noise = next(row.value for row in of_relu.conditions if row.id == "output-noise")
    assert rows["output-noise"].value == pytest.approx(noise * math.sqrt(gap**2 + 2 * direct))
    assert rows["stable-steps"].value == pytest.approx(2.0 * max(e.eta_1, e.eta_2) / stable_rate_of(e))
    assert stable_rate_of(e) < stable_rate_of(DEFAULT)


def test_the_curvature_of_another_law_of_alpha_is_not_below_its_own() -> None:
    """All examples of length 1: as large as the stable rate says, and larger than the uniform law's on [0, 1]."""
    fixed = DEFAULT.replace(alpha_min=0.0, alpha_max=1.0, alpha_law="fixed", schedule="S", eta_2=25.0)
    row = next(each for each in get_conditions(fixed) if each.id == "stable-steps")
    assert row.value / row.threshold == pytest.approx(25.0 / stable_rate_of(fixed)) and not row.holds
    assert row.value == pytest.approx(3.0 * next(each for each in get_conditions(fixed.replace(alpha_law="uniform"))
                                                 if each.id == "stable-steps").value)


@pytest.mark.parametrize(("fields", "largest"), [
    ({"schedule": "pieces", "pieces": [[10.0, 0.5], [1000.0, 2.0]]}, 2.0), ({"schedule": "constant", "eta_1": 0.4}, 0.4),
    ({"schedule": "cyclic"}, 16.0), ({"schedule": "S"}, 16.0),
])
def test_of_another_schedule_only_its_own_rates_are_judged(fields: dict[str, Any], largest: float) -> None:
    """S and L-S are compared with each other, so that both rates have a say."""
    found, default = regime(DEFAULT.replace(**fields)), regime(DEFAULT)
    row, whole = (next(row for row in each.conditions if row.id == "stable-steps") for each in (found, default))
    assert row.value == pytest.approx(whole.value * largest / 16.0)
    if fields["schedule"] != "S":
        assert found.predicted_order == {} and not any("predicted tau_P" in warning for warning in found.warnings)
        assert {each.id for each in found.conditions} <= set(OF_ANY_RUN)
