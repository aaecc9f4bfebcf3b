"""Learning-rate schedules and stop rules (THEORY §3)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim import Experiment, draw_data, simulate
from theory_sim.errors import ExperimentError
from theory_sim.train.sampling import make_sampling
from theory_sim.train.schedules import make_schedule

SMALL = Experiment(d=4, N=20, m_W=8, m_V=12, n_test=2, eta_1=2.0, eta_2=0.25, lambda_=0.01, tau_xi=0.05,
                   epsilon_1=0.1, max_steps=6, record_every=0.1)  # fmt: skip


@given(st.lists(st.floats(0, 3), min_size=1, max_size=20))
def test_threshold_anneals_once_and_for_good(losses: list[float]) -> None:
    schedule = make_schedule(SMALL.replace(schedule="L-S"), 0.4)
    threshold = 0.1 + 0.4 * math.log(2)
    rates = [schedule.rate(float(t), loss) for t, loss in enumerate(losses)]
    first = next((t for t, loss in enumerate(losses) if loss <= threshold), len(losses))
    assert rates == [2.0] * first + [0.25] * (len(losses) - first)
    assert schedule.annealed_tau == first if first < len(losses) else math.isnan(schedule.annealed_tau)


def test_constant_and_S() -> None:
    for name, rate in (("constant", 2.0), ("S", 0.25)):
        schedule = make_schedule(SMALL.replace(schedule=name), 0.5)
        assert [schedule.rate(tau, 0.0) for tau in (0.0, 5.0, 1e6)] == [rate] * 3
        assert math.isnan(schedule.annealed_tau)


def test_step_cuts_at_multiples_whatever_the_rounding_of_tau() -> None:
    schedule = make_schedule(SMALL.replace(schedule="step", step_tau=0.3, step_factor=0.5), 0.5)
    for tau, cuts in ((0.0, 0), (0.2999, 0), (0.1 + 0.2, 1), (0.3 * (1 - 1e-14), 1), (0.59, 1), (0.1 * 9, 3)):
        assert schedule.rate(tau, 1.0) == pytest.approx(2.0 * 0.5**cuts)
    assert schedule.annealed_tau == 0.1 + 0.2


@given(st.floats(0, 20))
def test_cosine_falls_from_eta_1_to_eta_2(tau: float) -> None:
    schedule = make_schedule(SMALL.replace(schedule="cosine", max_tau=10.0), 0.5)
    assert schedule.rate(0.0, 1.0) == pytest.approx(2.0)
    assert schedule.rate(5.0, 1.0) == pytest.approx((2.0 + 0.25) / 2)
    assert schedule.rate(10.0, 1.0) == pytest.approx(0.25)
    assert 0.25 <= schedule.rate(tau + 0.1, 1.0) <= schedule.rate(tau, 1.0) <= 2.0


def test_pieces_end_where_they_say_and_the_last_rate_goes_on() -> None:
    schedule = make_schedule(SMALL.replace(schedule="pieces", pieces=[[1.0, 0.5], [3.0, 2.0], [4.0, 0.1]], tau_0=0.1), 0.5)
    seen = [schedule.rate(tau, 1.0) for tau in (0.0, 0.99, 1.0, 2.9, 3.0, 4.0, 100.0)]
    assert seen == [0.5, 0.5, 2.0, 2.0, 0.1, 0.1, 0.1]
    assert schedule.annealed_tau == 3.0  # the rise at tau = 1 is no annealing


def test_a_threshold_below_the_stop_loss_is_refused_with_the_drawn_share() -> None:
    with pytest.raises(ExperimentError, match=r"q_hat = 0.1 drawn, at or below .*0\.3.*\n.*anneal.*\n.*epsilon_1"):
        make_schedule(SMALL.replace(schedule="L-S", epsilon_2=0.3, q0=0.5), 0.1)


def test_stop_rules() -> None:
    steps = simulate(SMALL, threads=1)
    assert (steps.outcome, steps.message) == ("budget_spent", "6 steps taken, max_steps = 6")
    tau = simulate(SMALL.replace(schedule="S", max_tau=1.0, max_steps=None), threads=1)
    assert tau.outcome == "budget_spent" and "max_tau = 1" in tau.message
    assert tau.dataset.attrs["final_step"] == 4 and tau.history("tau")[-1] == 1.0
    first_loss = float(steps.history("train_loss")[0])
    loss = simulate(SMALL.replace(schedule="S", epsilon_2=0.999 * first_loss, max_steps=500, tau_xi=0.0, tau_0=0.3), threads=1)
    assert loss.outcome == "reached_loss" and "epsilon_2" in loss.message
    assert (loss.history("train_loss")[:-1] > 0.999 * first_loss).all()
    assert loss.history("train_loss")[-1] <= 0.999 * first_loss


def test_annealing_is_recorded() -> None:
    run = simulate(SMALL.replace(epsilon_1=0.3, max_steps=60, neurons="independent", tau_xi=0.01), threads=1)
    rates, losses = run.history("rate"), run.history("train_loss")
    threshold = 0.3 + float(draw_data(run.experiment).counts[1]) / 20 * math.log(2)
    first = int((losses <= threshold).argmax())
    assert first > 0
    assert run.annealed_tau == run.history("tau")[first]
    assert (rates[:first] == 2.0).all() and (rates[first:] == 0.25).all()
    assert math.isnan(simulate(SMALL.replace(schedule="S"), threads=1).annealed_tau)


def test_records_keep_their_distance() -> None:
    run = simulate(SMALL.replace(schedule="S", record_every=1.0, max_steps=21), threads=1)
    assert list(run.history("tau")) == [0, 1, 2, 3, 4, 5, 5.25]  # every multiple, and the end
    coarse = simulate(SMALL.replace(schedule="constant", record_every=0.5, max_steps=3), threads=1)
    assert list(coarse.history("tau")) == [0, 2, 4, 6]


def test_batches_are_subsets_by_address() -> None:
    batches = make_sampling(SMALL.replace(batch_size=7))
    drawn = [batches.at(step) for step in range(200)]
    for batch in drawn:
        assert batch is not None and len(set(batch.tolist())) == 7 and 0 <= min(batch) and max(batch) < 20
    assert len({tuple(batch) for batch in drawn if batch is not None}) > 190
    again = make_sampling(SMALL.replace(batch_size=7)).at(150)
    assert again is not None and drawn[150] is not None and again.tolist() == drawn[150].tolist()
    assert make_sampling(SMALL).at(0) is None


@pytest.mark.parametrize("cuts", [1, 2, 5])
def test_the_least_rate_of_steps_is_the_rate_after_the_next_cut(cuts: int) -> None:
    experiment = SMALL.replace(schedule="step", step_tau=3.0, step_factor=0.5)
    schedule = make_schedule(experiment, 0.5)
    least = type(schedule).least_rate(experiment, 3.0 * cuts - 1.0)
    assert least == min(schedule.rate(float(tau), 0.0) for tau in range(3 * cuts + 1))
