"""Schedules that are functions of time, by tau or by step: their laws, the engines under them, and a function from Python."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.replay import Rate
from tests.test_agreement import BASE, agree
from theory_sim import Experiment, Sweep, SweepStore, resume, run_sweep, schedule_from, simulate
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules import TimeSchedule, make_schedule

# Every law, at times of a run of tau 13 or 14 steps.
LAWS: dict[str, dict[str, Any]] = {
    "step": {"step_tau": 3.0, "step_factor": 0.5}, "cosine": {}, "pieces": {"pieces": [[2.0, 1.0], [5.0, 0.25], [6.0, 1.25]]},
    "linear": {}, "exponential": {}, "power": {"power_time": 2.0, "power_exponent": 0.7},
    "warm-up": {"warm_up": 5.0, "warm_up_from": 0.2}, "warm-up-stable-decay": {"warm_up": 4.0, "decay_time": 5.0},
    "cyclic": {"cycle": 5.0}, "restarts": {"schedule": "cyclic", "cycle": 4.0, "cycle_shape": "cosine"},
}
CASES = [(law, clock) for law in LAWS for clock in ("tau", "step")]
SMALL = Experiment(d=4, N=10, m_W=4, m_V=4, n_test=1, lambda_=0.01, tau_xi=0.05, tau_0=0.5, record_every=1e6, eta_1=1.5,
                   eta_2=0.25)  # fmt: skip


def experiment(law: str, clock: str, base: Experiment = SMALL, **fields: Any) -> Experiment:
    """A run under a law; by step it ends after 14 steps, by tau at 13."""
    ends = {"max_steps": 14} if clock == "step" else {"max_tau": 13.0}
    return base.replace(**{"schedule": law, "schedule_clock": clock, "tau_0": 0.5, **ends, **LAWS[law], **fields})


@pytest.fixture
def schedules() -> Iterator[None]:
    """The registry, put back afterwards."""
    before = dict(SCHEDULES._things), SCHEDULES.names()
    yield
    SCHEDULES._things = before[0]


def test_every_time_schedule_is_here() -> None:
    found = {each.name for each in SCHEDULES if issubclass(each, TimeSchedule)}
    assert found == {LAWS[law].get("schedule", law) for law in LAWS}


@pytest.mark.parametrize(("law", "clock"), CASES)
def test_runs_agree_with_the_slow_reference(law: str, clock: str) -> None:
    run = agree(experiment(law, clock, BASE.replace(max_steps=14)))
    assert len(np.unique(run.rates)) > 1


@pytest.mark.parametrize(("law", "clock"), CASES)
def test_the_engines_take_the_same_steps_under_it(law: str, clock: str) -> None:
    """The closure's last step is that of the others to the last bit; so is tau after each step."""
    e = experiment(law, clock)
    closure, limit, finite = (simulate(e, engine, threads=1).dataset for engine in ("closure", "limit", "finite"))
    for name in ("final_step", "final_tau", "annealed_tau", "outcome"):
        np.testing.assert_equal([closure.attrs[name], limit.attrs[name]], [finite.attrs[name]] * 2)
    naive, tau = Rate(e, 0.5), 0.0
    for step in range(int(finite.attrs["final_step"])):
        tau += naive(step, tau, 1.0)
    assert tau == pytest.approx(finite.attrs["final_tau"], rel=1e-12)


@pytest.mark.parametrize(("law", "clock"), CASES)
def test_what_is_said_of_the_rates_holds(law: str, clock: str) -> None:
    """Rates stay within the bounds, and the number of steps is that of the run."""
    e = experiment(law, clock)
    schedule, tau, rates = make_schedule(e, 0.5), 0.0, []
    assert isinstance(schedule, TimeSchedule)
    while tau < e.max_tau * (1 - 1e-12) and len(rates) < (e.max_steps or 1000):
        schedule.step = len(rates)
        rates.append(schedule.rate(tau, 1.0))
        tau += rates[-1]
    least, most = type(schedule).least_rate(e, tau), max(e.rates().values())
    assert least <= min(rates) * (1 + 1e-12) and max(rates) <= most * (1 + 1e-12)
    assert least >= 0.05 * min(rates)
    assert len(rates) <= e.most_steps <= len(rates) + (2 if law != "pieces" else 20)
    falls = [i for i in range(1, len(rates)) if rates[i] < rates[i - 1]]
    if schedule.falls_from_start or not falls:
        assert math.isnan(schedule.annealed_tau)
    else:
        assert schedule.annealed_tau == pytest.approx(sum(rates[: falls[0]]))


@pytest.mark.parametrize("clock", ["tau", "step"])
@pytest.mark.parametrize("law", ["step", "linear", "power", "warm-up-stable-decay", "cyclic"])
def test_the_number_of_steps_of_a_long_run_is_bounded_closely(law: str, clock: str) -> None:
    times = {name: 40 * value for name, value in LAWS[law].items() if name in ("warm_up", "cycle", "decay_time", "step_tau")}
    more = {**times, "max_steps": 40_000 if clock == "step" else None}
    e = experiment(law, clock, eta_1=0.05, eta_2=0.02, max_tau=700.0,
                   **{**more, **({"step_factor": 0.97} if law == "step" else {})})  # fmt: skip
    schedule, tau, steps = make_schedule(e, 0.5), 0.0, 0
    while tau < e.max_tau * (1 - 1e-12) and steps < (e.max_steps or 10**9):
        schedule.step = steps
        tau += schedule.rate(tau, 1.0)
        steps += 1
    assert steps > 10_000
    assert steps <= e.most_steps <= 1.8 * steps


def test_many_steps_of_a_smooth_rate_are_taken_together_by_the_closure() -> None:
    """A run of thousands of steps, which step by step would be too many blocks, ends where the limit's does."""
    for law in ("exponential", "warm-up-stable-decay"):
        own = {"warm_up": 100.0, "decay_time": 200.0} if law != "exponential" else {}
        e = Experiment(d=20, N=60, schedule=law, eta_1=0.5, eta_2=0.1, tau_0=1.0, max_tau=500.0, record_every=1e6, n_test=1,
                       **own)  # fmt: skip
        closure, schedule, tau, steps = simulate(e, "closure"), make_schedule(e, 0.5), 0.0, 0
        level = e.tau_0_value**2
        while tau < e.max_tau * (1 - 1e-12):
            rate = schedule.rate(tau, 1.0)
            level = (1 - rate * e.lambda_) ** 2 * level + (rate * e.tau_xi) ** 2
            tau, steps = tau + rate, steps + 1
        assert steps > 1000
        assert closure.dataset.attrs["final_step"] == pytest.approx(steps, abs=0.002 * steps)
        assert closure.dataset.attrs["final_tau"] == pytest.approx(tau, rel=1e-3)
        assert float(closure.history("tau_noise_exact")[-1]) == pytest.approx(math.sqrt(level), rel=1e-4)
        assert closure.dataset.sizes["record"] < 400


@given(st.floats(0.0, 40.0), st.sampled_from(sorted(LAWS)))
def test_a_rate_between_its_extremes(time: float, law: str) -> None:
    e = experiment(law, "tau")
    schedule = make_schedule(e, 0.5)
    assert isinstance(schedule, TimeSchedule)
    assert 0 < schedule.rate_at(time) <= max(e.rates().values()) * (1 + 1e-12)
    assert schedule.lowest(time, time + 3.0) <= min(schedule.rate_at(time + x) for x in np.linspace(0, 3, 31)) * (1 + 1e-12)


@pytest.mark.parametrize(("law", "clock"), [("cyclic", "step"), ("warm-up-stable-decay", "tau"), ("pieces", "step")])
def test_an_interrupted_run_goes_on_to_the_bitwise_same_end(law: str, clock: str, tmp_path: Any) -> None:
    e = experiment(law, clock).replace(record_every=0.5)

    def stop(step: int, tau: float, training_loss: float) -> None:
        if step == 7:
            raise KeyboardInterrupt

    whole = simulate(e, threads=1)
    simulate(e, threads=1, store=tmp_path / "run", progress=stop)
    resumed = resume(tmp_path / "run", threads=1)
    for name in whole.dataset.variables:
        np.testing.assert_array_equal(resumed.dataset[name], whole.dataset[name], err_msg=str(name))
    np.testing.assert_equal(resumed.annealed_tau, whole.annealed_tau)


def test_flow_takes_what_is_piecewise_constant_by_tau() -> None:
    for fields, named in (({"schedule_clock": "step"}, "schedule_clock = 'step'"), ({"schedule": "linear"}, "'linear'")):
        with pytest.raises(InputError, match=f"{named}.* with time = 'flow'"):
            simulate(experiment("step", "tau", **fields), "limit", time="flow")
    assert simulate(experiment("step", "tau"), "limit", time="flow", threads=1).annealed_tau == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"schedule": "linear", "schedule_clock": "step"}, "by step without max_steps"),
        ({"schedule": "warm-up-stable-decay", "warm_up": 600.0, "decay_time": 500.0}, "warm_up \\+ decay_time = 1100"),
        ({"schedule": "cyclic", "cycle": 0.0}, "cycle = 0.0"),
        ({"schedule": "cyclic", "cycle_shape": "saw"}, "cycle_shape = 'saw'"),
        ({"schedule": "linear", "cycle": 3.0}, "cycle given"), ({"schedule_clock": "epoch"}, "schedule_clock = 'epoch'"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], found: str) -> None:
    with pytest.raises(ExperimentError, match=found):
        Experiment(**fields)


# -- a function from Python --------------------------------------------------------------------------------


@pytest.mark.usefixtures("schedules")
def test_a_function_is_the_schedule_that_it_copies() -> None:
    schedule_from(lambda t: 1.5 if t < 4 else 0.25, name="mine", rates=(0.25, 1.5))
    for clock in ("tau", "step"):
        mine = experiment("step", clock, schedule="mine", step_tau=None, step_factor=0.1)
        pieces = experiment("pieces", clock, pieces=[[4.0, 1.5], [5.0, 0.25]])
        for engine in ("finite", "limit", "closure"):
            one, other = (simulate(e, engine, threads=1) for e in (mine, pieces))
            assert one.annealed_tau == other.annealed_tau
            np.testing.assert_array_equal(one.history("train_loss")[-1], other.history("train_loss")[-1])
    schedule_from(lambda t: 1.0, name="mine", rates=(1.0, 1.0))  # the cell is run again
    assert simulate(mine, threads=1).history("rate")[0] == 1.0


@pytest.mark.usefixtures("schedules")
def test_a_function_that_breaks_its_word_ends_the_run() -> None:
    schedule_from(lambda t: 1.0 + t, name="rising", rates=(0.5, 3.0))
    with pytest.raises(ExperimentError, match=r"schedule 'rising' gives 4 at 3\n.*from 0.5 to 3"):
        simulate(experiment("step", "step", schedule="rising"), threads=1)
    for word in ("fast", "1.0", None, [1.0, 2.0]):
        schedule_from(lambda t, word=word: word, name="rising", rates=(0.5, 3.0))
        with pytest.raises(ExperimentError, match=r"schedule 'rising' gives .* at 0\n.*a number, a rate from 0.5 to 3"):
            simulate(experiment("step", "step", schedule="rising"), threads=1)
    with pytest.raises(InputError, match="rates = \\(2, 1\\)"):
        schedule_from(lambda t: 1.0, name="other", rates=(2.0, 1.0))
    with pytest.raises(InputError, match="a second schedule 'S'"):
        schedule_from(lambda t: 1.0, name="S", rates=(1.0, 1.0))


@pytest.mark.usefixtures("schedules")
def test_other_processes_say_what_they_need(tmp_path: Any) -> None:
    schedule_from(lambda t: 1.0, name="mine", rates=(1.0, 1.0))
    e = experiment("step", "tau", schedule="mine").replace(record_every=1.0)

    def stop(step: int, tau: float, training_loss: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    simulate(e, threads=1, store=tmp_path / "run", progress=stop)
    store = SweepStore.create(tmp_path / "sweep", Sweep("s", e))
    with pytest.raises(InputError, match=r"schedule 'mine' was registered in this .*\n.*entry point\n.*workers 0"):
        run_sweep(store, workers=1)
    assert run_sweep(store, workers=0).done == 1
    del SCHEDULES._things["mine"]
    with pytest.raises(ExperimentError, match=r"schedule = 'mine'\n.*\n.*register one of your own"):
        resume(tmp_path / "run", threads=1)
    schedule_from(lambda t: 1.0, name="mine", rates=(1.0, 1.0))
    assert resume(tmp_path / "run", threads=1).outcome == "budget_spent"


def test_the_closure_cuts_by_step_where_the_others_do() -> None:
    """Small rates, so that many steps are one block: each block ends at the very step at which the rate changes."""
    e = experiment("pieces", "step", pieces=[[137.0, 0.05], [138.0, 0.02], [300.0, 0.01]], max_steps=400)
    closure, finite = (simulate(e, engine, threads=1).dataset.attrs for engine in ("closure", "finite"))
    for name in ("final_step", "final_tau", "annealed_tau"):
        assert closure[name] == finite[name]


def test_a_cycle_of_cosines_falls_from_the_start() -> None:
    """Its rate is never annealed in one step; a triangle's first turn is."""
    rates = {}
    for shape in ("cosine", "triangle"):
        schedule = make_schedule(Experiment(schedule="cyclic", eta_1=4.0, eta_2=1.0, cycle=100.0, cycle_shape=shape), 0.5)
        tau = 0.0
        while tau < 300.0:
            tau += schedule.rate(tau, 0.6)
        rates[shape] = schedule.annealed_tau
    assert math.isnan(rates["cosine"]) and 50.0 <= rates["triangle"] < 58.0


def test_data_without_q_anneal_at_epsilon_1_alone() -> None:
    with pytest.raises(ExperimentError, match=r"L-S anneals at epsilon_1 \+ q0 l\(0\) = 0\.15"):
        Experiment(data_law="xor", N=40, d=20, p0=0.25, schedule="L-S", epsilon_1=0.15, epsilon_2=0.3)


@pytest.mark.parametrize("name", ["", "two words", "a/b"])
def test_a_name_that_is_none_is_told_as_it_was_given(name: str) -> None:
    with pytest.raises(InputError, match=f"schedule {name!r}"):
        schedule_from(lambda t: 1.0, name=name, rates=(1.0, 1.0))
