"""The mean field: exact first steps, its parts against slow ones, and means of the limit over data sets (THEORY §16)."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from theory_sim import Engine, Experiment, learning_order, simulate
from theory_sim.closure import of_experiment
from theory_sim.closure.mean_field import law, solve
from theory_sim.closure.mean_field.fresh import fresh_losses
from theory_sim.closure.mean_field.memory import mean_field_parts
from theory_sim.closure.mean_field.particles import Mixing, make_particles
from theory_sim.closure.mean_field.responses import Responses
from theory_sim.closure.mean_field.solve import MeanField, solve_mean_field
from theory_sim.closure.of_experiment import get_closure, make_problem
from theory_sim.errors import InputError
from theory_sim.memory import total
from theory_sim.theory.crossings import learning_time

QUICK = Experiment(d=100, max_tau=400.0, schedule="S", eta_2=2.0)
SMALL: dict[str, Any] = {"nodes": 40, "particles": 512}


def squared(found: MeanField, tau: float) -> float:
    """c^2 / (1 - c^2) of the overlap c, that is A^2 / C."""
    c = float(np.interp(tau, found.course.tau, np.nan_to_num(found.course.overlap)))
    return c * c / (1.0 - c * c)


@pytest.mark.parametrize("g0", [1.0, 0.3])
def test_the_first_step_is_that_of_equal_residuals(g0: float) -> None:
    """A = eta (1 - q0) E[v] / 8 d and A^2 / C = (1 - q0) N E[v]^2 / (d - 1), since all residual weights are a half."""
    e = QUICK.replace(g0=g0, max_steps=1, tau_0=1.0)
    course = solve_mean_field(e, nodes=100, particles=16384).course
    v = g0 + math.sqrt(2.0 / math.pi)
    assert course.signal[1] == pytest.approx(e.eta_2 * (1.0 - e.q0) * v / 8.0 / e.d, rel=1e-4)
    ratio = course.signal[1] ** 2 / course.interference[1]
    assert ratio == pytest.approx((1.0 - e.q0) * e.n_examples * v * v / (e.d - 1), rel=2e-4)
    assert ratio != pytest.approx((1.0 - e.q0) * e.n_examples * v * v / e.d, rel=2e-3)


def test_mixing_keeps_all_second_moments_and_makes_normal_draws() -> None:
    generator = np.random.default_rng(0)
    mixing, courses = Mixing(2048, (0, 1)), generator.random((2, 2048)) ** 3
    mixed = np.array([mixing(course) for course in courses])
    assert mixed @ mixed.T == pytest.approx(courses @ courses.T, rel=1e-12)
    standard = mixed[0] / math.sqrt(np.mean(mixed[0] ** 2))
    assert abs(np.mean(standard**4) - 3.0) < 5 * math.sqrt(96 / 2048)
    assert not np.allclose(Mixing(2048, (1, 1))(courses[0]), mixed[0])


def test_responses_are_those_of_the_whole_matrix() -> None:
    """X = -(1 + chi K)^-1 chi R_w, particle by particle; without the memory of earlier answers it is another."""
    particles = make_particles(make_problem(QUICK), 64, 0)
    generator, n = np.random.default_rng(1), 6
    field, own = np.tril(generator.random((n, n))), np.tril(generator.random((n, n)), -1)
    weights = generator.random((n, 64))
    kept, rows = Responses(particles), []
    for t in range(n):
        rows.append(kept.answer(weights[t], field[t, :t], own[t, :t]))
        kept.enter(t, rows[-1], None, 0.0, weights[t], 0.0)
    for place, particle in enumerate(kept.kept[:5]):
        chi = np.diag(weights[:, particle] * (1.0 - weights[:, particle]))
        direct = -np.linalg.solve(np.eye(n) + chi @ own, chi @ np.tril(field, -1))
        found = [[row[s, place] if s < t else 0.0 for s in range(n)] for t, row in enumerate(rows)]
        assert np.array(found) == pytest.approx(np.tril(direct, -1), abs=1e-6)
        assert np.abs(np.array(found) + chi @ np.tril(field, -1)).max() > 1e-3


@pytest.mark.alternating
def test_fewer_responses_of_longer_runs_are_those_of_the_first_particles(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = solve_mean_field(QUICK, **SMALL)
    monkeypatch.setattr("theory_sim.closure.mean_field.responses.MOST_BYTES", 2 * 20 * 20 * 512)
    fewer = solve_mean_field(QUICK, **SMALL)
    assert fewer.course.loss.tolist() != whole.course.loss.tolist()
    assert np.interp(400.0, fewer.course.tau, fewer.course.loss) == pytest.approx(whole.course.loss[-1], abs=2e-4)


def test_fresh_losses_are_means_of_draws() -> None:
    found = solve_mean_field(QUICK, **SMALL)
    losses, right = fresh_losses(found.problem, found.course)
    generator, count, last = np.random.default_rng(0), 400_000, -1
    v, xi = 1.0 + abs(generator.standard_normal(count)), generator.standard_normal(count)
    y, alpha = generator.choice([-1.0, 1.0], count), generator.uniform(QUICK.alpha_min, QUICK.alpha_max, count)
    course = found.course
    of_p = course.signal[last] * v + y * course.bias[last] + math.sqrt(course.interference[last]) * xi
    of_q = alpha * np.where(y > 0, course.g_z[last], -course.g_outer[last])
    for kind, margin in enumerate((of_p, of_q, of_p + of_q)):
        assert losses[last, kind] == pytest.approx(np.logaddexp(0.0, -margin).mean(), abs=2e-3)
        assert right[last, kind] == pytest.approx((margin > 0).mean(), abs=4e-3)


@pytest.mark.alternating
def test_a_seed_is_a_result_and_another_is_within_the_stated_error() -> None:
    one, again, other = (solve_mean_field(QUICK, **SMALL, seed=seed) for seed in (0, 0, 1))
    assert one.course.loss.tolist() == again.course.loss.tolist() and repr(one.errors) == repr(again.errors)
    apart = np.abs(one.course.loss_P - np.interp(one.course.tau, other.course.tau, other.course.loss_P)).max()
    assert 0.0 < apart < 3.0 * np.nanmax(one.errors.loss) < 0.01


def test_the_stated_error_of_a_time_is_that_of_a_longer_run() -> None:
    """By record: on the same steps and nodes, the first half of a run states what a run of that length does."""
    single = QUICK.replace(eta_2=8.0, max_tau=400.0)  # each step is a node of either grid
    long, short = (solve_mean_field(single.replace(max_tau=tau), nodes=150, particles=512) for tau in (400.0, 200.0))
    first = slice(0, short.course.tau.size)
    for name in ("P_error", "loss"):
        whole, part = getattr(long.errors, name), getattr(short.errors, name)
        assert whole.shape == long.course.tau.shape and np.isnan(part[0]) and np.all(part[1:] > 0.0)
        assert whole[first] == pytest.approx(part, rel=1e-9, nan_ok=True)


@pytest.mark.alternating
@pytest.mark.parametrize("fields", [
    {"patterns": "frozen"}, {"lambda_": 0.0, "tau_0": 0.5}, {"q0": 0.0}, {"schedule": "cosine", "eta_1": 4.0},
    {"schedule": "L-S", "epsilon_1": 0.2, "max_tau": 800.0}, {"epsilon_2": 0.5},
], ids=str)  # fmt: skip
def test_other_experiments_end_where_the_closure_ends_and_are_near(fields: dict[str, Any]) -> None:
    e = QUICK.replace(**fields)
    course, near = solve_mean_field(e, **SMALL).course, get_closure(e)
    assert (course.outcome, course.final_tau, course.final_step) == (near.outcome, near.final_tau, near.final_step)
    assert np.interp(course.tau, near.tau, near.loss) == pytest.approx(course.loss, abs=6e-3)
    stopped = simulate(e.replace(max_steps=10), Engine("mean-field", {"nodes": 20, "particles": 64}))
    assert stopped.dataset.attrs["final_step"] == 10


def test_it_is_an_engine() -> None:
    run = simulate(QUICK, Engine("mean-field", SMALL))
    assert learning_order(run).order == learning_order(simulate(QUICK, "closure")).order
    stated = json.loads(run.dataset.attrs["stated_error"])
    assert set(stated) == {"tau_P", "tau_Q", "P_error", "loss"}
    assert len(stated["loss"]) == run.dataset.sizes["record"] and stated["loss"][0] is None and stated["loss"][-1] < 0.01
    assert np.isfinite(run.dataset["loss_test"]).all()
    for options, wrong in (({"particles": 100}, "power of two"), ({"nodes": 40.5}, "whole number"), ({"time": "x"}, "flow")):
        with pytest.raises(InputError, match=wrong):
            simulate(QUICK, Engine("mean-field", options))
    for fields in ({"max_steps": 9}, {"tau_0": 0.0}, {"schedule": "cosine", "schedule_clock": "step", "max_steps": 9}):
        with pytest.raises(InputError, match=f"{list(fields)[-2 if len(fields) > 1 else 0]}.*'flow'"):
            simulate(QUICK.replace(**fields), Engine("mean-field", {"time": "flow"}))
    for fields in ({"batch_size": 10}, {"network": "shared"}, {"loss": "hinge"}, {"d": 1}):
        with pytest.raises(InputError, match=next(iter(fields))):
            simulate(QUICK.replace(**fields), "mean-field")


def test_one_dimension_is_refused_and_two_are_not() -> None:
    """In one nothing is across w*: the odds of the overlap would be infinite, at a stated error of 0."""
    for d in (1, 2):
        e = Experiment(d=d, max_tau=20.0, schedule="S", eta_2=2.0)
        if d > 1:
            assert solve_mean_field(e, nodes=10, particles=64).course.interference[-1] > 0.0
            continue
        with pytest.raises(InputError, match="d = 1"):
            solve_mean_field(e, nodes=10, particles=64)


def _without_reaction(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, enter = Responses.answer, Responses.enter
    monkeypatch.setattr(Responses, "answer", lambda self, *given: 0.0 * answer(self, *given))
    monkeypatch.setattr(Responses, "enter", lambda self, *given: 0.0 * enter(self, *given))


def _covariance(monkeypatch: pytest.MonkeyPatch) -> None:
    right = law.ParticleLaw._interfere

    def centred(self: law.ParticleLaw, setting: Any, memory: Any) -> Any:
        weight = setting.examples.weight
        return right(self, setting, memory - weight @ memory / weight.sum())

    monkeypatch.setattr(law.ParticleLaw, "_interfere", centred)


TWINS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "right": lambda monkeypatch: None, "no reaction": _without_reaction, "covariance": _covariance,
}


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS)
def test_means_of_the_limit_over_data_sets(twin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """24 data sets at d = 500: within three standard errors and 1 % for what d leaves out, where the twins are not."""
    e = Experiment(d=500, lambda_=2e-4, schedule="constant", eta_1=16.0, max_tau=4000.0, record_every=100.0, n_test=1)
    runs = [simulate(e.replace(seed=seed), "limit") for seed in range(24)]
    TWINS[twin](monkeypatch)
    found = solve_mean_field(e)
    c = np.array([np.interp(4000.0, run.dataset["tau"], run.dataset["P_overlap"]) for run in runs])
    seen, told = c * c / (1.0 - c * c), squared(found, 4000.0)
    times = np.array([learning_time(run.dataset["tau"].values, run.dataset["loss_train"].values[:, 0], 0.55) for run in runs])
    time = learning_time(found.course.tau, found.course.loss_P, 0.55)

    def near(values: Any, value: float, slack: float) -> bool:
        return bool(abs(value - values.mean()) < 3.0 * values.std(ddof=1) / math.sqrt(values.size) + slack * abs(value))

    agrees = near(seen, told, 0.01) and near(times, time, 0.005)
    assert agrees == (twin == "right"), (seen.mean(), told, times.mean(), time)


def test_products_are_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split among threads, long products of the closure took four times the processor time."""
    threads: list[int] = []

    def looking(module: Any, name: str) -> None:
        solve = getattr(module, name)

        def look(*arguments: Any, **options: Any) -> Any:
            threads.extend(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas")
            return solve(*arguments, **options)

        monkeypatch.setattr(module, name, look)

    looking(of_experiment, "solve_closure")
    looking(solve, "follow")
    with threadpool_limits(2, user_api="blas"):
        get_closure(QUICK, fineness=0.1)
        solve_mean_field(QUICK, nodes=10, particles=64)
    assert len(threads) >= 4 and set(threads) == {1}


def test_a_run_keeps_no_array_of_its_earlier_nodes() -> None:
    """Responses were kept twice: by the particles, and with each state that became a record."""
    e = QUICK.replace(eta_2=0.5)
    tracemalloc.start()
    try:
        solve_mean_field(e, nodes=60, particles=1024)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.25 * total(mean_field_parts(e, 60, 1024).values())
