"""Learning times and their order, from losses written down by hand."""

import json
import math

import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

from theory_sim import Experiment, Trajectory, learning_order
from theory_sim.errors import InputError
from theory_sim.observe.learning_order import learning_time


def made_up(tau: list[float], P: list[float], Q: list[float]) -> Trajectory:
    losses = np.array([P, Q, P]).T
    accuracies = 1 - losses / 2
    dims = ("record", "kind")
    dataset = xarray.Dataset(
        {"loss_train": (dims, losses), "accuracy_train": (dims, accuracies)},
        {"tau": ("record", tau), "kind": ["P-only", "Q-only", "both"]},
    )
    return Trajectory(dataset, Experiment())


def test_learning_time_is_interpolated() -> None:
    tau, losses = np.array([0.0, 10, 20, 30]), np.array([0.7, 0.6, 0.4, 0.1])
    assert learning_time(tau, losses, 0.5) == pytest.approx(15)
    assert learning_time(tau, losses, 0.45) == pytest.approx(17.5)
    assert learning_time(tau, losses, 0.8) == 0
    assert learning_time(tau, losses, 0.05) == math.inf
    assert learning_time(np.empty(0), np.empty(0), 0.5) == math.inf


def test_a_loss_that_comes_back_is_not_learnt_until_it_stays() -> None:
    tau = np.arange(6.0)
    assert learning_time(tau, np.array([0.7, 0.3, 0.7, 0.5, 0.3, 0.2]), 0.4) == pytest.approx(3.5)
    assert learning_time(tau, np.array([0.7, 0.3, 0.2, 0.2, 0.2, 0.41]), 0.4) == math.inf
    assert learning_time(tau, np.array([0.7, math.nan, 0.2, 0.2, 0.2, 0.2]), 0.4) == 2


@given(st.lists(st.floats(0.01, 2), min_size=1, max_size=12), st.floats(0.05, 0.69))
def test_after_the_learning_time_the_loss_stays_below(losses: list[float], level: float) -> None:
    tau = np.arange(len(losses)) * 2.0
    found = learning_time(tau, np.array(losses), level)
    if math.isinf(found):
        assert losses[-1] >= level
    else:
        assert all(loss < level for t, loss in zip(tau, losses, strict=True) if t > found)
        before = [loss for t, loss in zip(tau, losses, strict=True) if t <= found]
        assert not before or found == 0 or before[-1] >= level


def test_order_robustness_and_what_the_other_kind_does() -> None:
    run = made_up([0, 10, 20, 30, 40], [0.7, 0.6, 0.5, 0.4, 0.3], [0.7, 0.3, 0.3, 0.3, 0.3])
    order = learning_order(run)
    assert order.order == "Q first" and order.robust and order.censored_at == 40
    assert order.tau_P == pytest.approx(25) and order.tau_Q == pytest.approx(6.25)
    assert [each.level for each in order.levels] == [0.45, 0.50, 0.55]
    first = order.levels[0]
    assert first.first_tau == order.tau_Q
    assert first.other_loss == pytest.approx(0.7 - 0.1 * 0.625)
    assert first.first_accuracy == pytest.approx(1 - 0.45 / 2)
    assert first.other_accuracy == pytest.approx(1 - first.other_loss / 2)
    swapped = learning_order(made_up([0, 10, 20, 30, 40], [0.7, 0.3, 0.3, 0.3, 0.3], [0.7, 0.6, 0.5, 0.4, 0.3]))
    assert swapped.order == "P first" and (swapped.tau_P, swapped.tau_Q) == (order.tau_Q, order.tau_P)


def test_less_than_a_record_apart_is_a_tie() -> None:
    order = learning_order(made_up([0, 10, 20], [0.7, 0.2, 0.2], [0.7, 0.45, 0.1]))
    assert abs(order.tau_P - order.tau_Q) < 10 and order.order == "tie"


def test_levels_that_disagree_are_not_robust() -> None:
    # Above 0.5 P is first, below it Q is.
    run = made_up([0, 1, 2, 3, 4, 5], [0.7, 0.52, 0.51, 0.505, 0.502, 0.4], [0.7, 0.69, 0.6, 0.56, 0.3, 0.2])
    order = learning_order(run, level=0.45)
    assert {each.order for each in order.levels} != {order.order} and not order.robust
    assert learning_order(run, level=0.53).levels[0].level == 0.53
    assert len(learning_order(run, level=0.53).levels) == 4


def test_nothing_learnt() -> None:
    order = learning_order(made_up([0, 10], [0.7, 0.69], [0.7, 0.68]))
    assert order.order == "neither learnt" and math.isinf(order.tau_P) and math.isinf(order.tau_Q)
    assert math.isnan(order.levels[0].other_loss)
    plain = json.loads(json.dumps(order.to_dict(), allow_nan=False))
    assert plain["tau_P"] is None and plain["levels"][0]["other_loss"] is None and plain["censored_at"] == 10
    one_kind = learning_order(made_up([0, 10], [0.7, 0.1], [0.7, 0.68]))
    assert one_kind.order == "P first" and math.isinf(one_kind.tau_Q)


@pytest.mark.parametrize("level", [0.0, -1.0, math.log(2), math.nan, 3.0])
def test_a_level_outside_of_its_range_is_refused(level: float) -> None:
    with pytest.raises(InputError, match=r"level = .*\n.*log 2.*\n.*0\.45"):
        learning_order(made_up([0, 10], [0.7, 0.1], [0.7, 0.1]), level=level)
