"""Runs with other optimisers than gradient descent against slow ones with the same draws: published rules, and PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimisers.published import Published
from tests.reference import Array, data_gradient, loss, output
from tests.replay import Rate, initial, noise, second_layer
from tests.test_reproducible import assert_identical
from tests.test_resume import Stop, assert_same_data
from theory_sim import Engine, Experiment, draw_data, resume, simulate
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.loop import unfinished_path
from theory_sim.train.sampling import make_sampling

SMALL = Experiment(
    d=6, N=22, p0=0.25, q0=0.4, r=0.4, m_W=10, m_V=14, n_test=3, lambda_=0.03, tau_xi=0.15, tau_0=0.4, max_steps=9,
    record_every=0.01, seed=3, dtype="float64", schedule="pieces", pieces=[[1.0, 0.2], [2.0, 0.05]],
)
LINEAR: list[dict[str, Any]] = [
    {"optimiser": name, "momentum": mu, "decay": decay}
    for name, mu in (("heavy-ball", 0.9), ("nesterov", 0.8)) for decay in ("coupled", "decoupled")
]
MEANS: dict[str, Any] = {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
ADAPTIVE: list[dict[str, Any]] = [
    {"optimiser": "rmsprop", "smoothing": 0.9, "epsilon": 1e-3, "decay": "coupled"},
    {"optimiser": "rmsprop", "smoothing": 0.9, "epsilon": 1e-3, "decay": "decoupled", "preconditioner": "pair"},
    {"optimiser": "adam", **MEANS, "decay": "coupled", "preconditioner": "pair"},
    {"optimiser": "adam", **MEANS, "decay": "decoupled"},
    {"optimiser": "adamw", **MEANS},
]
ALL = [{"optimiser": "gradient-descent"}, *LINEAR, *ADAPTIVE]


def named(fields: dict[str, Any]) -> str:
    return "-".join(str(fields[key]) for key in ("optimiser", "decay", "preconditioner") if key in fields)


def slow_run(e: Experiment, step: Callable[[int, list[Array], list[Array], float], list[Array]]) -> list[list[Array]]:
    """Signal and noise of each layer; ``step(layer, parts, parts of the gradient, rate)`` moves a layer's."""
    data = draw_data(e)
    x, u = [data.x1.astype(np.float64), data.x2], [second_layer(e, index) for index in range(2)]
    parts = [[0 * initial(e, index), initial(e, index)] for index in range(2)]
    rate_of, batch, tau = Rate(e, float(np.mean(data.kind == 1))), make_sampling(e), 0.0
    for t in range(int(e.max_steps or 0)):
        U = [signal + kept for signal, kept in parts]
        f = np.array([sum(output(u[k], U[k], U[k], x[k][i]) for k in range(2)) for i in range(len(data))])
        gamma = rate_of(t, tau, float(np.mean([loss(v) for v in data.y * f])))
        chosen, xi = batch.at(t), noise(e, t)
        for k in range(2):
            examples = np.arange(len(data)) if chosen is None else chosen
            gradient = data_gradient(u[k], U[k], x[k], data.y, f, examples)
            parts[k] = step(k, parts[k], [gradient, xi[k]], gamma)
        tau += gamma
    return parts


def published(e: Experiment) -> Callable[[int, list[Array], list[Array], float], list[Array]]:
    rules = [Published(e.optimiser, e.lambda_, e.own_values) for _ in range(2)]
    return lambda layer, parts, gradients, gamma: rules[layer].moved(parts, gradients, gamma)


@pytest.mark.parametrize("fields", ALL, ids=named)
def test_a_run_and_its_split_are_those_of_the_published_rule(fields: dict[str, Any]) -> None:
    """Both parts by the rule's own recursion, their sum by the rule on the whole gradient (THEORY §15), batches and all."""
    for neurons in ("paired", "independent") if fields.get("preconditioner") != "pair" else ("paired",):
        e = SMALL.replace(neurons=neurons, batch_size=None if neurons == "paired" else 9, **fields)
        ended = simulate(e, threads=1).dataset
        for layer, (signal, kept) in zip("WV", slow_run(e, published(e)), strict=True):
            np.testing.assert_allclose(ended[f"{layer}_signal"], signal, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(ended[f"{layer}_noise"], kept, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(ended[layer], signal + kept, rtol=1e-9, atol=1e-12)
            if fields["optimiser"] != "gradient-descent":  # the reference tells rules apart
                plain = slow_run(e, published(SMALL))["WV".index(layer)]
                assert np.abs(plain[0] - signal).max() > 1e-4


@pytest.mark.parametrize("fields", ALL, ids=named)
def test_the_sum_is_that_of_pytorch(fields: dict[str, Any]) -> None:
    """torch.optim on the whole gradient; one preconditioner a pair, and decoupled decay but AdamW's, it does not have."""
    torch = pytest.importorskip("torch")
    if fields.get("preconditioner") == "pair" or fields.get("decay") == "decoupled":
        fields = {**fields, "decay": "coupled"} if fields["optimiser"] != "adamw" else fields
        fields = {key: value for key, value in fields.items() if key != "preconditioner"}
    e = SMALL.replace(**fields)
    own, rules, weights = e.own_values, {}, {}
    made: dict[str, Callable[[Any], Any]] = {
        "gradient-descent": lambda w: torch.optim.SGD(w, lr=1.0, weight_decay=e.lambda_),
        "heavy-ball": lambda w: torch.optim.SGD(w, lr=1.0, weight_decay=e.lambda_, momentum=own["momentum"]),
        "nesterov": lambda w: torch.optim.SGD(w, lr=1.0, weight_decay=e.lambda_, momentum=own["momentum"], nesterov=True),
        "rmsprop": lambda w: torch.optim.RMSprop(w, lr=1.0, alpha=own["smoothing"], eps=own["epsilon"], weight_decay=e.lambda_),
        "adam": lambda w: torch.optim.Adam(w, lr=1.0, betas=(own["beta_1"], own["beta_2"]), eps=own["epsilon"],
                                           weight_decay=e.lambda_),
        "adamw": lambda w: torch.optim.AdamW(w, lr=1.0, betas=(own["beta_1"], own["beta_2"]), eps=own["epsilon"],
                                             weight_decay=e.lambda_),
    }

    def step(layer: int, parts: list[Array], gradients: list[Array], gamma: float) -> list[Array]:
        if layer not in rules:
            weights[layer] = torch.nn.Parameter(torch.tensor(sum(parts), dtype=torch.float64))
            rules[layer] = made[e.optimiser]([weights[layer]])
        rules[layer].param_groups[0]["lr"] = gamma
        weights[layer].grad = torch.tensor(sum(gradients), dtype=torch.float64)
        rules[layer].step()
        return [weights[layer].detach().numpy().copy(), 0 * parts[1]]

    expected, ended = slow_run(e, step), simulate(e, threads=1).dataset
    for layer, (whole, _) in zip("WV", expected, strict=True):
        np.testing.assert_allclose(ended[layer], whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("network", ["split", "shared"])
@pytest.mark.parametrize("name", ["heavy-ball", "nesterov"])
def test_without_momentum_it_is_gradient_descent(name: str, network: str) -> None:
    e = SMALL.replace(network=network, max_steps=30)
    plain = simulate(e, threads=1)
    for decay in ("coupled", "decoupled"):
        other = simulate(e.replace(optimiser=name, momentum=0.0, decay=decay), threads=1)
        for variable in ("train_loss", "norm_signal", "norm_noise", "tau_noise_exact", "f_train"):
            np.testing.assert_allclose(other.dataset[variable], plain.dataset[variable], rtol=1e-9, atol=1e-12)


UNEVEN = Experiment(d=12, N=60, q0=0.4, m_W=300, m_V=26_600, n_test=7, tau_0=0.3, eta_1=0.3, eta_2=0.05, schedule="step",
                    step_tau=1.0, lambda_=0.01, tau_xi=0.05, max_steps=8, record_every=0.3, seed=11, batch_size=30)  # fmt: skip


@pytest.mark.parametrize("fields", [LINEAR[2], ADAPTIVE[3]], ids=named)
def test_resumed_with_any_number_of_threads_it_is_the_same_to_the_bit(fields: dict[str, Any], tmp_path: Path) -> None:
    observe = {"kernels": {"every_steps": 3, "probes": 4}, "patterns": {"every_steps": 3, "probes": 4}}
    e = UNEVEN.replace(**fields, observe=observe, dtype="float64" if fields["optimiser"] == "adam" else "float32")
    whole = simulate(e, threads=1)
    assert_identical(whole, simulate(e, threads=3))
    store = tmp_path / "run"
    stopped = simulate(e, store=store, checkpoint_seconds=0.0, progress=Stop(4), threads=2)
    assert stopped.outcome == "interrupted" and unfinished_path(store).exists()
    assert_same_data(resume(store, threads=3), whole)


@pytest.mark.parametrize("network", ["split", "shared"])
def test_a_preconditioner_for_each_pair_keeps_its_noise_in_common(network: str) -> None:
    """With one for each neuron the two divide the same xi by different numbers, and their noise is heard in the output."""
    layers = ["U"] if network == "shared" else ["W", "V"]
    e = SMALL.replace(network=network, optimiser="adam", preconditioner="pair", max_steps=20)
    common, own = simulate(e, threads=1), simulate(e.replace(preconditioner="neuron"), threads=1)
    for layer in layers:
        kept = common.dataset[f"{layer}_noise"].values
        np.testing.assert_array_equal(kept[::2], kept[1::2])
        kept = own.dataset[f"{layer}_noise"].values
        assert np.abs(kept[::2] - kept[1::2]).max() > 1e-3
    # They begin alike: the draws are a pair's.
    start = simulate(e.replace(preconditioner="neuron", max_steps=1, tau_xi=0.15), threads=1)
    again = simulate(e.replace(max_steps=1), threads=1)
    assert start.history("train_loss")[0] == pytest.approx(again.history("train_loss")[0], abs=1e-12)


@pytest.mark.parametrize("fields", [
    {"noise_placement": "pre-activations-shared", "noise_level": 0.3}, {"patterns": "redrawn"}, {"patterns": "frozen"},
])  # fmt: skip
def test_placed_noise_and_patterns_of_split_pairs_stay_a_pairs(fields: dict[str, Any]) -> None:
    """At equal weights in a pair the output is zero, whatever is drawn: as long as both neurons draw the same."""
    e = SMALL.replace(optimiser="rmsprop", tau_xi=0.0, max_steps=1, pieces=[[1.0, 1e-9], [2.0, 1e-9]], **fields)
    run = simulate(e.replace(lambda_=0.0), threads=1)
    assert np.abs(run.dataset["f_train"].values).max() < 1e-6
    assert np.ptp(run.history("train_loss")) < 1e-6


def test_the_state_of_a_rule_is_in_the_estimate_of_memory() -> None:
    e = SMALL.replace(d=400, m_W=4000, dtype="float32")
    layers = 4 * (e.m_W * e.d + 2 * e.m_V)
    solver = Engine().solver
    estimate = {name: solver.memory(e.replace(**fields), {}, 1)["weights"].held for name, fields in {
        "plain": {}, "heavy": {"optimiser": "heavy-ball"}, "pair": {"optimiser": "adam", "preconditioner": "pair"},
        "own": {"optimiser": "adam"}, "mean": {"optimiser": "rmsprop"}}.items()}
    # Velocity of the signal and of the noise, which a pair shares; squares as the noise; noise of each neuron.
    for name, more in (("heavy", 1.5), ("pair", 2.0), ("own", 0.5 + 1.0 + 2.0), ("mean", 0.5 + 1.0)):
        assert estimate[name] - estimate["plain"] == pytest.approx(more * layers, rel=1e-6), name


def test_what_is_refused() -> None:
    for fields, found in (
        ({"optimiser": "adam", "tau_0": "stationary"}, "tau_0 = 'stationary' with optimiser = 'adam'"),
        ({"optimiser": "adam", "preconditioner": "pair", "neurons": "balanced"}, "preconditioner = 'pair'"),
        ({"optimiser": "heavy-ball", "momentum": 1.0}, "momentum = 1.0"),
        ({"optimiser": "heavy-ball", "noise_placement": "iterates", "noise_level": 0.1}, "noise_placement = 'iterates'"),
        ({"momentum": 0.9}, "momentum given"),
        ({"optimiser": "nesterov", "momentum": 0.9, "lambda_": 7.0}, "rate x lambda = 0.2 x 7 = 1.4"),
        ({"optimiser": "sgd"}, "optimiser = 'sgd'"),
    ):
        with pytest.raises(ExperimentError) as refused:
            SMALL.replace(**fields)
        assert found in refused.value.found
        if found == "momentum = 1.0":
            assert refused.value.rule == "a number from 0 to below 1"
    with pytest.raises(InputError, match="the closure are of optimiser = 'gradient-descent'"):
        simulate(SMALL.replace(optimiser="heavy-ball"), "closure")
    for name in ("rmsprop", "adam", "adamw"):
        with pytest.raises(InputError, match="linear in the gradients"):
            simulate(SMALL.replace(optimiser=name), "limit")


def test_every_optimiser_is_tested() -> None:
    assert {fields["optimiser"] for fields in ALL} == set(OPTIMISERS.names())
    assert math.isnan(OPTIMISERS["adam"].stationary_level(SMALL.replace(optimiser="adam"), 1.0))
