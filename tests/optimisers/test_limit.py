"""The limit under momentum: against the direct double sum over times, finite width, and gradient descent at momentum 0."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.limit.compare import course
from tests.limit.reference import Course
from tests.optimisers.published import Array, Published
from tests.reference import LOSSES
from tests.test_resume import Stop, assert_same_data
from theory_sim import Engine, Experiment, Trajectory, draw_data, draw_test_data, resume, simulate
from theory_sim.errors import InputError
from theory_sim.limit import history

BASE = Experiment(
    d=12, N=34, q0=0.4, p0=0.25, r=0.4, alpha_min=0.2, n_test=4, dtype="float64", lambda_=0.02, tau_xi=0.3, tau_0=0.5,
    schedule="L-S", eta_1=3.0, eta_2=0.4, epsilon_1=0.25, max_tau=1e9, max_steps=12, record_every=1e-9, m_W=2, m_V=2,
    optimiser="heavy-ball", momentum=0.7,
)


def moves(e: Experiment, rates: Array) -> Array:
    """U_t of one weight as sums over (U_0, g_0, g_1, ...): the published rule on one unit of each alone."""
    n = len(rates)
    rule, found = Published(e.optimiser, e.lambda_, e.own_values), np.zeros((n + 1, n + 1))
    parts = [np.ones(1), *[np.zeros(1)] * n]
    found[0, 0] = 1.0
    for t, gamma in enumerate(rates):
        parts = rule.moved(parts, [np.array([float(s == t + 1)]) for s in range(n + 1)], float(gamma))
        found[t + 1] = [float(part[0]) for part in parts]
    return found


def direct(e: Experiment, options: dict[str, Any], **moved: Any) -> Course:
    of_rates = cache(lambda rates: moves(e, np.array(rates)))
    return course(e, options, moves=lambda rates: of_rates(tuple(rates.tolist())), **moved)


def difference(run: Trajectory, expected: Course) -> float:
    """Over outputs at the end, directions and losses at every step; the signal's norm is not known."""
    train, test, data = draw_data(run.experiment), draw_test_data(run.experiment), run.dataset
    value = np.vectorize(LOSSES[run.experiment.loss][0], otypes=[float])
    losses = [np.array([of.mean_by_kind(value(of.y * row)) for row in f])
              for of, f in ((train, expected.f), (test, expected.f_test))]
    pairs = [
        (data["f_train"].values, expected.f[-1]), (data["g"].sel(part="signal").values, expected.g),
        (data["loss_train"].values, losses[0]), (data["loss_test"].values, losses[1]),
        (data["linear_part"].values, expected.linear), (data["rate"].values[:-1], expected.rates),
    ]
    assert np.isnan(data["norm_signal"]).all()
    return max(float(np.nanmax(np.abs(a - b) / np.maximum(1.0, np.abs(b)))) for a, b in pairs)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "heavy ball": ({}, {}),
    "decoupled": ({"decay": "decoupled"}, {}),
    "Nesterov": ({"optimiser": "nesterov"}, {}),
    "Nesterov, decoupled": ({"optimiser": "nesterov", "decay": "decoupled", "momentum": 0.9}, {}),
    "shared": ({"network": "shared", "overlap_z": 0.3}, {}),
    "mean": ({}, {"spatial": "mean"}),
    "frozen": ({}, {"kernel": "frozen"}),
    "independent": ({}, {"kernel": "independent"}),
    "mini-batches": ({"batch_size": 9}, {}),
    "no decay": ({"lambda_": 0.0}, {}),
    "no noise": ({"tau_xi": 0.0}, {}),
    "from tau_0 = 0": ({"tau_0": 0.0}, {}),
    "rho below 0": ({"lambda_": 0.5, "momentum": 0.95, "tau_xi": 0.05}, {}),
    "rates up and down": ({"schedule": "pieces", "pieces": ((8.0, 2.0), (9.0, 0.05), (25.0, 3.0))}, {}),
    "squared loss": ({"loss": "squared", "eta_1": 0.5, "eta_2": 0.1}, {}),
    "squared loss, Nesterov": ({"loss": "squared", "eta_1": 0.5, "eta_2": 0.1, "optimiser": "nesterov"}, {}),
    "exponential loss": ({"loss": "exponential", "eta_1": 0.5, "eta_2": 0.1}, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_limit_is_the_double_sum(name: str) -> None:
    fields, options = CASES[name]
    e = BASE.replace(**fields)
    run = simulate(e, "limit", tolerance=1e-12, **options)
    assert run.dataset.attrs["final_step"] == 12 and len(run.dataset["tau"]) == 13
    expected = direct(e, options)
    assert difference(run, expected) < 1e-10
    if name == "rho below 0":
        of = moves(e, expected.rates)
        assert float(of[0] @ of[7]) < 0


@pytest.mark.parametrize("twin", ["gradient descent", "Nesterov's rule", "late momentum", "logistic loss"])
def test_the_same_comparison_refutes_others(twin: str) -> None:
    squared = BASE.replace(**CASES["squared loss"][0])
    run = simulate(squared if twin == "logistic loss" else BASE, "limit", tolerance=1e-12)
    other = {"logistic loss": direct(squared.replace(loss="logistic"), {}), "gradient descent": course(BASE, {}),
             "Nesterov's rule": direct(BASE.replace(optimiser="nesterov"), {}),
             "late momentum": direct(BASE.replace(momentum=0.69), {})}[twin]
    assert difference(run, other) > 1e-4


@pytest.mark.parametrize("fields", [{}, {"network": "shared"}, {"patterns": "frozen-at-annealing"},
                                    {"noise_placement": "pre-activations-shared", "noise_level": 0.3}])  # fmt: skip
@pytest.mark.parametrize("name", ["heavy-ball", "nesterov"])
def test_without_momentum_it_is_gradient_descent(name: str, fields: dict[str, Any]) -> None:
    e = BASE.replace(optimiser=name, momentum=0.0, max_steps=30, epsilon_1=0.4, **fields)
    plain = simulate(e.replace(optimiser="gradient-descent"), "limit", tolerance=1e-12)
    assert not np.isnan(plain.annealed_tau) or "patterns" not in fields
    for decay in ("coupled", "decoupled"):
        other = simulate(e.replace(decay=decay), "limit", tolerance=1e-12)
        for variable in ("train_loss", "f_train", "loss_test", "tau_noise_exact", "linear_part", "g"):
            np.testing.assert_allclose(other.dataset[variable], plain.dataset[variable], rtol=1e-9, atol=1e-10,
                                       err_msg=variable)


def test_resumed_with_any_number_of_threads_it_is_the_same_to_the_bit(tmp_path: Path) -> None:
    """More steps and patches than a chunk of the history has."""
    observe = {"kernels": {"every_steps": 90, "probes": 4}, "patterns": {"every_steps": 70, "probes": 4}}
    e = BASE.replace(N=320, q0=0.1, max_steps=280, tau_xi=0.05, batch_size=50, record_every=60.0, schedule="constant",
                     eta_1=1.0, observe=observe)
    whole = simulate(e, "limit", tolerance=1e-4, threads=1)
    stopped = simulate(e, "limit", tolerance=1e-4, store=tmp_path / "run", progress=Stop(5), threads=2)
    assert stopped.outcome == "interrupted"
    again = resume(tmp_path / "run", threads=3)
    assert_same_data(again, whole)
    assert again.dataset.attrs["final_step"] == 280


@pytest.mark.tier2
@pytest.mark.parametrize("fields", [{}, {"optimiser": "nesterov", "decay": "decoupled"}])
def test_finite_width_nears_the_limit(fields: dict[str, Any]) -> None:
    """The error of the outputs falls with the width, as 1/sqrt(m)."""
    e = BASE.replace(tau_0=1.0, tau_xi=0.1, max_steps=25, eta_1=1.0, schedule="constant", dtype="float32", N=40,
                     record_every=100.0, **fields)
    exact = simulate(e, "limit")
    errors = []
    for width in (400, 6400):
        of_seeds = [simulate(e.replace(m_W=width, m_V=10 * width, seed_init=seed, seed_noise=seed), threads=2)
                    for seed in range(1, 9)]
        errors.append(np.sqrt(np.mean([
            np.mean((run.dataset["f_train"].values - exact.dataset["f_train"].values) ** 2) for run in of_seeds])))
    assert errors[1] < 0.01 * float(np.abs(exact.dataset["f_train"]).max())
    # sixteen times the width is a quarter of the error; eight seeds leave it uncertain by a third or so
    assert 2.2 < errors[0] / errors[1] < 7.0, errors


def test_what_the_limit_refuses() -> None:
    for options, match in (({"time": "flow"}, "continuous time is that of gradient descent"),
                           ({"noise": "sampled"}, "a Markov chain by itself")):
        with pytest.raises(InputError, match=match):
            simulate(BASE.replace(neurons="independent"), "limit", **options)


def test_weights_of_the_past_are_no_subnormal_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which a processor multiplies a hundred times more slowly; without those left out the run is the same to the bit."""
    kept = history.History._weights
    least: list[float] = []

    def weights(self: history.History) -> Any:
        found = kept(self)
        least.append(float(np.min(np.abs(found[found != 0]), initial=1.0)))
        return found

    monkeypatch.setattr(history.History, "_weights", weights)
    e = BASE.replace(max_steps=60)
    runs = []
    for faded in (history._FADED, np.inf):
        monkeypatch.setattr(history, "_FADED", faded)
        least.clear()
        runs.append(simulate(e, "limit"))
        assert (min(least) > np.finfo(float).tiny) == np.isfinite(faded)
    assert_same_data(*runs)


def test_the_history_is_in_the_estimates() -> None:
    e = BASE.replace(N=4000, max_steps=2000)
    plain = e.replace(optimiser="gradient-descent")
    limit = Engine("limit", {"spatial": "mean"})
    parts = limit.solver.memory(e, limit.all_options, 1)
    seen = 0.6 * 4000
    assert 8 * 2000 * seen <= parts["history"].held < 1.1 * 8 * 2000 * seen
    assert parts.keys() - limit.solver.memory(plain, limit.all_options, 1).keys() == {"history"}
    stepping, alone = (limit.estimated_seconds(each) - limit.set_up_seconds(each) for each in (e, plain))
    assert stepping > 2 * alone
