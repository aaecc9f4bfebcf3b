"""Fresh examples at each step: what a step sees, that no step sees it again, and what the run makes of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_general_network import SMALL, gradient, mean_loss
from tests.test_resume import Stop, assert_same_data
from theory_sim import Engine, Experiment, branch, draw_data, draw_initial, draw_noise, draw_test_data, resume, simulate
from theory_sim.data import Data, draw_fresh
from theory_sim.errors import ExperimentError, InputError
from theory_sim.numeric.streams import StepStream
from theory_sim.scope import uncovered

BASE = SMALL.replace(sampling="one-pass", batch_size=6, neurons="independent", tau_xi=0.1, max_tau=4.2, seed_batch=7)
B = 6


def seen(e: Experiment, step: int) -> Data:
    """Examples of a step, drawn here at their address."""
    assert e.batch_size is not None
    return draw_fresh(e, e.batch_size, StepStream(e.seed_of("batch"), "fresh examples").at(step))


@pytest.mark.parametrize("fields", [
    {}, {"activation": "tanh", "biases": True, "train_second_layer": True},
    {"data_law": "weak-and-strong", "network": "shared"}, {"noise_placement": "labels", "noise_level": 0.5},
], ids=["relu", "tanh", "other data", "labels"])
def test_two_steps_are_those_of_finite_differences_on_their_own_examples(fields: dict[str, Any]) -> None:
    """The recorded loss is that of the N examples of the training set, which no step sees."""
    e = BASE.replace(**fields, max_tau=1.4)
    weights, train = draw_initial(e), draw_data(e)
    losses = [mean_loss(e, weights, train, range(len(train)))]
    for step in range(2):
        batch = seen(e, step)
        if e.noise_placement == "labels":
            flipped = StepStream(e.seed_of("noise"), "label noise").at(step).random(B) < 0.5
            batch = Data(batch.x1, batch.x2, np.where(flipped, -batch.y, batch.y), batch.kind, batch.kinds, batch.pq)
        xi = draw_noise(e, step)
        found = {name: gradient(e, weights, batch, name, range(B)) for name in weights
                 if name.isupper() or e.train_second_layer}
        for name, each in found.items():
            moved = each + (e.tau_xi * xi[name] if name.isupper() else 0.0)
            weights[name] = (1 - e.eta_1 * e.lambda_) * weights[name] - e.eta_1 * moved
        losses.append(mean_loss(e, weights, train, range(len(train))))
    run = simulate(e, threads=1)
    for name in (name for name in weights if name.isupper()):
        np.testing.assert_allclose(run.dataset[name].values, weights[name][:, : run.dataset[name].shape[1]], atol=2e-8)
    np.testing.assert_allclose(run.history("train_loss"), losses, atol=2e-8)


def test_no_example_is_seen_twice_and_none_is_of_the_recorded_sets() -> None:
    e = BASE.replace(q0=0.0, batch_size=20, N=100)
    sets = [draw_data(e).x1, draw_test_data(e).x1, *(seen(e, step).x1 for step in range(60))]
    rows = np.concatenate([x[x.any(axis=1)] for x in sets])
    assert len(np.unique(rows, axis=0)) == len(rows) > 1200
    other = seen(e.replace(seed_batch=8), 0)
    np.testing.assert_array_equal(other.w_star, draw_data(e).w_star)
    assert not np.isin(other.x1, rows).any(), "seed_batch draws others, of the same law"


@pytest.mark.parametrize("name", ["kind", "y", "direction"])
def test_the_law_of_a_step_is_that_of_the_data(name: str) -> None:
    """400 steps of 25: chi-square at level 1e-6 against the law's shares."""
    from scipy.stats import chi2

    e = BASE.replace(p0=0.2, q0=0.5, batch_size=25)
    drawn = [seen(e, step) for step in range(400)]
    values = np.concatenate([np.asarray(getattr(data, name))[data.kind != 0] if name == "direction" else getattr(data, name)
                             for data in drawn])
    share = {"kind": [0.2, 0.5, 0.3], "y": [0.5, 0.5], "direction": [0.25, 0.5, 0.25]}[name]
    counts = np.unique(values, return_counts=True)[1]
    expected = len(values) * np.array(share)
    assert ((counts - expected) ** 2 / expected).sum() < chi2.isf(1e-6, len(share) - 1)


def test_the_mean_gradient_is_the_populations() -> None:
    """At f = 0 a linear network's neuron j moves along u_j E[y x_1] = u_j (1 - q0) (gamma_0 + sqrt(2 / (pi d))) w*.

    500 steps of 200 at a rate so small that the outputs stay zero. Along w* the mean of 10^5 examples has the standard error
    below; across it each coordinate that of N(0, (1 - q0) / d). Five of them, over d coordinates.
    """
    e = BASE.replace(activation="linear", loss="squared", neurons="paired", tau_xi=0.0, lambda_=0.0, q0=0.4, p0=0.2, d=5,
                     batch_size=200, eta_1=1e-9, max_steps=500, max_tau=1.0, record_every=1.0, m_W=2, m_V=2)
    run = simulate(e, threads=1).dataset
    w_star, moved = run["w_star"].values, run["W_signal"].values[0] / (500 * 1e-9 * run["w"].values[0])
    n, share, along = 500 * 200, 0.6, e.gamma_0 + math.sqrt(2 / (math.pi * 5))
    second = share * (e.gamma_0**2 + 2 * e.gamma_0 * math.sqrt(2 / (math.pi * 5)) + 1 / 5)
    error = math.sqrt((second - (share * along) ** 2) / n)
    assert abs(moved @ w_star - share * along) < 5 * error < 0.01
    across = moved - (moved @ w_star) * w_star
    assert np.abs(across).max() < 5 * math.sqrt(share / 5 / n)
    whole = simulate(e.replace(sampling="without-replacement", batch_size=None, N=40, max_steps=1), threads=1).dataset
    of_set = whole["W_signal"].values[0] / (1e-9 * whole["w"].values[0])
    assert abs(of_set @ w_star - share * along) > 5 * error, "40 examples, seen again and again, are not the population"


@pytest.mark.parametrize("fields", [{}, {"activation": "gelu", "dtype": "float32"}, {"optimiser": "heavy-ball"},
                                    {"loss": "squared", "noise_placement": "targets", "noise_level": 0.3}])
def test_interrupted_and_on_other_threads_it_is_the_same(fields: dict[str, Any], tmp_path: Path) -> None:
    e, store = BASE.replace(**fields), tmp_path / "run"
    assert simulate(e, store=store, threads=1, progress=Stop(3), checkpoint_seconds=0.0).outcome == "interrupted"
    assert_same_data(resume(store, threads=2), simulate(e, threads=1))


def test_branches_are_whole_runs(tmp_path: Path) -> None:
    simulate(BASE, store=tmp_path / "run", threads=1)
    [(_, branched)] = branch(tmp_path / "run", 1.4, [{"max_tau": 5.6}], out=tmp_path / "out")
    np.testing.assert_array_equal(branched.dataset["W"].values, simulate(BASE.replace(max_tau=5.6)).dataset["W"].values)


def test_what_a_user_puts_in_and_observes() -> None:
    e = BASE.replace(observe={"kernels": {}, "patterns": {}}, batch_size=90)  # a batch may be larger than N
    same = simulate(e, initial=draw_initial(e), noise=lambda step: draw_noise(e, step))
    same.dataset.attrs.pop("given")
    assert_same_data(same, simulate(e))
    with pytest.raises(InputError, match="data with sampling = 'one-pass'"):
        simulate(BASE, data=draw_data(BASE))


@pytest.mark.parametrize(("fields", "told"), [
    ({"label_flips": 0.2}, "noise_placement = 'labels'"),
    ({"data_law": "arrays", "d_2": 2}, "a law from which each step draws"), ({"batch_size": None}, "without batch_size"),
])
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ExperimentError, match=told):
        BASE.replace(**fields)


@pytest.mark.parametrize(("engine", "options"), [("limit", {}), ("limit", {"time": "flow"}), ("closure", {})])
def test_engines_of_one_training_set_refuse_it(engine: Any, options: Any) -> None:
    with pytest.raises(InputError, match="sampling = 'one-pass'"):
        simulate(BASE.replace(neurons="paired"), engine, **options)
    assert any("one-pass" in warning for warning in uncovered(BASE))
    fault = Engine("closure").unsupported(BASE)
    assert fault is not None and fault.fix.endswith("leave batch_size out; or use the engine finite"), "not the limit"
    followed = BASE.replace(sampling="without-replacement", batch_size=None)
    assert Engine("closure").unsupported(followed) is None


def test_placed_noise_of_the_fast_networks_is_refused() -> None:
    with pytest.raises(InputError, match="one training set"):
        simulate(BASE.replace(noise_placement="iterates", noise_level=0.1))
