"""Learning times and their order, from losses written down by hand."""

import json
import math

import numpy as np
import pytest
import xarray

from theory_sim import Experiment, Trajectory, learning_order
from theory_sim.errors import InputError


def made_up(
    tau: list[float], P: list[float], Q: list[float], *, rate: float = 1.0, outcome: str = "budget_spent"
) -> Trajectory:
    losses = np.array([P, Q, P]).T
    accuracies = 1 - losses / 2
    dims = ("record", "kind")
    dataset = xarray.Dataset(
        {"loss_train": (dims, losses), "accuracy_train": (dims, accuracies), "rate": ("record", np.full(len(tau), rate))},
        {"tau": ("record", tau), "kind": ["P-only", "Q-only", "both"]}, {"outcome": outcome},
    )
    return Trajectory(dataset, Experiment())


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


def test_a_tie_is_judged_by_the_records_around_the_first_learning_time() -> None:
    assert learning_order(made_up([0, 10], [0.7, 0.2], [0.7, 0.3])).order == "tie", "two records have one interval"
    # One kind is below the level at the start, the other 5 later: within the first interval, not within the last.
    assert learning_order(made_up([0, 10, 11], [0.4, 0.4, 0.4], [0.7, 0.2, 0.2])).order == "tie"
    assert learning_order(made_up([0, 1, 11], [0.4, 0.4, 0.4], [0.7, 0.6, 0.2])).order == "P first"
    assert learning_order(made_up([0, 1, 11], [0.7, 0.6, 0.2], [0.7, 0.65, 0.2])).order == "tie"


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
    assert not order.robust, "a longer run may learn something"
    one_kind = learning_order(made_up([0, 10], [0.7, 0.1], [0.7, 0.68]))
    assert one_kind.order == "P first" and math.isinf(one_kind.tau_Q)


@pytest.mark.parametrize("level", [0.0, -1.0, math.log(2), math.nan, 3.0])
def test_a_level_outside_of_its_range_is_refused(level: float) -> None:
    with pytest.raises(InputError, match=r"level = .*\n.*log 2.*\n.*0\.45"):
        learning_order(made_up([0, 10], [0.7, 0.1], [0.7, 0.1]), level=level)


def test_a_kind_learnt_and_above_again_keeps_its_order() -> None:
    """Ridge raises Q's loss again: P, learnt later, is not first for that."""
    run = made_up([0, 10, 20, 30, 40, 50], [0.7, 0.65, 0.6, 0.5, 0.4, 0.3], [0.7, 0.3, 0.3, 0.4, 0.5, 0.6])
    order = learning_order(run)
    assert (order.order, order.tau_Q) == ("Q first", pytest.approx(6.25))
    first = order.levels[0]
    assert (first.above_Q.tau, first.above_Q.duration, first.above_Q.at_end) == (pytest.approx(35), pytest.approx(15), True)
    assert math.isinf(first.above_P.tau) and first.above_P.duration == 0 and not first.above_P.at_end
    plain = json.loads(json.dumps(order.to_dict(), allow_nan=False))["levels"][0]
    assert plain["above_Q"]["at_end"] is True and plain["above_P"] == {"tau": None, "duration": 0.0, "at_end": False}


def test_a_diverged_run_has_no_order() -> None:
    """Its crossing between two far records is none."""
    order = learning_order(made_up([0, 8000], [0.7, 0.2], [0.7, 2.0], outcome="diverged"))
    assert order.order == "diverged" and not order.robust
    assert math.isnan(order.tau_P) and math.isnan(order.tau_Q)
    assert json.loads(json.dumps(order.to_dict(), allow_nan=False))["tau_P"] is None


def test_an_oscillating_run_has_no_order() -> None:
    """The default's largest stable rate is 33.6; the loss of Q jumps above log 2."""
    tau, P, Q = [0, 50, 100, 150, 200], [0.69, 0.65, 0.6, 0.55, 0.4], [0.69, 0.8, 0.4, 0.9, 0.4]
    over = learning_order(made_up(tau, P, Q, rate=50.0))
    assert over.order == "oscillated" and not over.robust and math.isnan(over.tau_P) and math.isnan(over.tau_Q)
    # Neither alone: mini-batches raise the loss under a stable rate; a rate may be above and the run smooth.
    assert learning_order(made_up(tau, P, Q, rate=30.0)).order == "Q first"
    assert learning_order(made_up(tau, P, [0.69, 0.6, 0.4, 0.5, 0.4], rate=50.0)).order == "Q first"
    # What comes after both are learnt does not take their order away.
    late = learning_order(made_up(tau, [0.69, 0.6, 0.5, 0.4, 0.3], [0.69, 0.4, 0.4, 0.4, 0.9], rate=50.0))
    assert late.order == "Q first" and late.levels[0].above_Q.at_end
