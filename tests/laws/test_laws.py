"""The public laws hold for our simulator, whatever the experiment, and refuse simulators that are broken."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory_sim import Data, Experiment, Trajectory, draw_data, simulate
from theory_sim.network import SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.testing import (
    counts_are_dense_products,
    data_sets,
    decomposition_adds_up,
    experiments,
    flips_follow_sheppard,
    gradient_matches_finite_difference,
    gram_is_positive_semidefinite,
    label_symmetry,
    noise_follows_recursion,
    noise_level_is_likely,
    parts_add_up,
    positive_homogeneity,
    schedules,
)
from theory_sim.train.losses import make_loss

Array = np.ndarray[Any, Any]
LOSS = make_loss(Experiment())
SMALL = Experiment(d=4, N=16, m_W=8, m_V=12, n_test=2, eta_1=1.0, eta_2=0.25, lambda_=0.02, tau_xi=0.1, max_steps=8,
                   record_every=0.2, dtype="float64", neurons="independent")  # fmt: skip


def refresh(network: SplitNetwork) -> None:
    """Evaluate the training set at weights that were set by hand: a step of rate zero moves nothing."""
    network.step(np.zeros_like(network.f), 0.0, 0)


def flat(network: SplitNetwork) -> Array:
    return np.concatenate([network.W.weights.ravel(), network.V.weights.ravel()])


def set_flat(network: SplitNetwork, values: Array) -> None:
    """All of it as signal: outputs depend on the sum of the parts alone."""
    size = network.W.signal.size
    for layer, part in ((network.W, values[:size]), (network.V, values[size:])):
        layer.signal[:] = part.reshape(layer.signal.shape)
        layer.noise[:] = 0
    refresh(network)


def gradient_and_loss(network: SplitNetwork, data: Data) -> tuple[Array, Callable[[Array], float]]:
    """The simulator's gradient of the data term at its weights, and that term as a function of the weights."""
    residual = data.y * LOSS.slope(data.y * network.f) / len(data)
    network.step(residual, 0.0, 0)
    gradient = np.concatenate([network.W.gradient.ravel(), network.V.gradient.ravel()])

    def data_term(values: Array) -> float:
        set_flat(network, values)
        return float(np.mean(LOSS.value(data.y * network.f)))

    return gradient, data_term


def far_from_kinks(network: SplitNetwork, data: Data, distance: float) -> bool:
    for layer, x in ((network.W, data.x1), (network.V, data.x2)):
        seen = x[np.abs(x).sum(axis=1) > 0]
        if len(seen):
            reach = np.linalg.norm(seen, axis=1) * distance
            if not (np.abs(layer.weights @ seen.T) > reach).all():
                return False
    return True


@given(experiments(dtype="float64"))
def test_gradient(experiment: Experiment) -> None:
    data = draw_data(experiment)
    with BlockPool(1) as pool:
        network = SplitNetwork(experiment, data, pool)
        assume(far_from_kinks(network, data, 2e-5))
        point = flat(network)
        gradient, data_term = gradient_and_loss(network, data)
        longest = float(np.sqrt((data.x1**2).sum(axis=1) + (data.x2**2).sum(axis=1)).max())
        gradient_matches_finite_difference(data_term, point, gradient, curvature=0.1 * longest**3)


@pytest.mark.parametrize("broken", [-1.0, 0.5, 1.001])
def test_a_wrong_gradient_is_refused(broken: float) -> None:
    data = draw_data(SMALL)
    with BlockPool(1) as pool:
        network = SplitNetwork(SMALL, data, pool)
        assert far_from_kinks(network, data, 2e-5)
        point = flat(network)
        gradient, data_term = gradient_and_loss(network, data)
        gradient_matches_finite_difference(data_term, point, gradient, curvature=3.0)
        with pytest.raises(AssertionError, match="measured"):
            gradient_matches_finite_difference(data_term, point, broken * gradient, curvature=3.0)
    with pytest.raises(AssertionError, match="of weights"):
        gradient_matches_finite_difference(data_term, point, gradient[1:])


@given(experiments(), st.integers(-4, 4))
def test_homogeneity(experiment: Experiment, exponent: int) -> None:
    data = draw_data(experiment)
    with BlockPool(1) as pool:
        network = SplitNetwork(experiment, data, pool)
        # One array of inputs: both patches scale together, the second through its alpha.
        inputs = np.concatenate([data.x1, data.alpha[:, None].astype(data.x1.dtype)], axis=1)

        def output(weights: Array, x: Array) -> Array:
            set_flat(network, weights)
            pq = replace(data.structure, alpha=x[:, -1].astype(np.float64))
            moved = Data.of_pq(np.ascontiguousarray(x[:, :-1]), data.y, data.kind, pq)
            return network.outputs(moved)[0]

        positive_homogeneity(output, flat(network), inputs, exponent=exponent)


@pytest.mark.parametrize(
    "activation", [lambda z: np.maximum(z + 0.1, 0), np.tanh, lambda z: np.logaddexp(0, z)], ids=["bias", "tanh", "soft"]
)
def test_neurons_that_do_not_scale_are_refused(activation: Callable[[Array], Array]) -> None:
    rng = np.random.default_rng(0)
    weights, x = rng.standard_normal((4, 3)), rng.standard_normal((5, 3))
    positive_homogeneity(lambda U, inputs: np.maximum(inputs @ U.T, 0).sum(axis=1), weights, x)
    with pytest.raises(AssertionError, match="8 x weights"):
        positive_homogeneity(lambda U, inputs: activation(inputs @ U.T).sum(axis=1), weights, x)
    with pytest.raises(AssertionError, match="8 x inputs"):
        positive_homogeneity(lambda U, inputs: (U @ np.sign(inputs).T).sum(axis=0), weights, x)


def trained(experiment: Experiment, data: Data, bias: float = 0.0) -> Callable[[Array, Array], Array]:
    """Outputs after a few steps as a function of labels and second layer; ``bias`` breaks the symmetry."""

    def outputs(labels: Array, second: Array) -> Array:
        with BlockPool(1) as pool:
            network = SplitNetwork(experiment, data, pool)
            network.W.u[:], network.V.u[:] = second[: experiment.m_W], second[experiment.m_W :]
            refresh(network)
            history = []
            for step in range(5):
                network.step(labels * LOSS.slope(labels * network.f + bias * labels) / len(data), 0.5, step)
                history.append(network.f)
            return np.array(history)

    return outputs


def both_second_layers(experiment: Experiment, data: Data) -> Array:
    with BlockPool(1) as pool:
        network = SplitNetwork(experiment, data, pool)
        return np.concatenate([network.W.u, network.V.u])


@given(experiments())
def test_labels(experiment: Experiment) -> None:
    data = draw_data(experiment)
    label_symmetry(trained(experiment, data), data.y, both_second_layers(experiment, data))


def test_an_output_with_a_bias_is_refused() -> None:
    data = draw_data(SMALL)
    with pytest.raises(AssertionError, match="flipping labels"):
        label_symmetry(trained(SMALL, data, bias=0.01), data.y, both_second_layers(SMALL, data))


@given(experiments())
def test_parts(experiment: Experiment) -> None:
    decomposition_adds_up(simulate(experiment, threads=1))


@pytest.mark.parametrize("name", ["W_signal", "W_noise", "V_signal", "V_noise"])
def test_a_part_that_is_off_is_refused(name: str) -> None:
    trajectory = simulate(SMALL, threads=1)
    decomposition_adds_up(trajectory)
    off = trajectory.dataset.copy(deep=True)
    off[name][0, 0] += 1e-9
    with pytest.raises(AssertionError, match="are not signal"):
        decomposition_adds_up(Trajectory(off, trajectory.experiment))
    parts = [trajectory.dataset[each].values for each in ("W", "W_signal", "W_noise")]
    parts_add_up(*parts, steps=8, largest=10.0)
    with pytest.raises(AssertionError, match="after 8 steps"):
        parts_add_up(parts[0], parts[0], parts[0], steps=8, largest=10.0)
    narrow = trajectory.dataset.assign(W=trajectory.dataset["W"].astype(np.float32))
    with pytest.raises(AssertionError, match="W is float32"):
        decomposition_adds_up(Trajectory(narrow, trajectory.experiment))


# 60 examples of at most 26 records each at 1e-8 a run: a false alarm has probability below 1e-6; the seeds are fixed too.
@given(experiments(m_W=24, m_V=200))
@settings(max_examples=60)
def test_noise(experiment: Experiment) -> None:
    noise_follows_recursion(simulate(experiment, threads=1), level=1e-8)


def test_noise_of_another_size_is_refused() -> None:
    trajectory = simulate(SMALL.replace(m_W=400, m_V=800), threads=1)
    noise_follows_recursion(trajectory)
    for factor in (0.8, 1.2):
        off = trajectory.dataset.copy(deep=True)
        off["tau_noise"][-1] *= factor
        with pytest.raises(AssertionError, match="at level"):
            noise_follows_recursion(Trajectory(off, trajectory.experiment))
        # The levels that a run measured do not vouch for the noise that it has.
        off = trajectory.dataset.copy(deep=True)
        off["V_noise"].values[:] *= factor
        with pytest.raises(AssertionError, match="at level"):
            noise_follows_recursion(Trajectory(off, trajectory.experiment))
    noise_level_is_likely(0.0, 0.0, 10)
    with pytest.raises(AssertionError, match="no noise"):
        noise_level_is_likely(0.1, 0.0, 10)


NOISY = SMALL.replace(noise_placement="gradient", noise_level=0.2, noise_annealing="with-rate", noise_factor=0.5, schedule="S")
OTHER: list[dict[str, Any]] = [
    {"lambda_": 0.0201}, {"tau_xi": 0.1001}, {"tau_0": 0.301}, {"eta_2": 0.2501}, {"noise_level": 0.201},
    {"noise_placement": "iterates"}, {"noise_annealing": 1.0},
]


@pytest.mark.parametrize("other", OTHER, ids=str)
def test_a_run_of_another_experiment_is_refused(other: dict[str, Any]) -> None:
    """Its records agree among themselves, in levels that no chi-square tells apart; the recursion is the experiment's own."""
    e = NOISY.replace(tau_0=0.3)
    noise_follows_recursion(simulate(e, threads=1))
    with pytest.raises(AssertionError, match="tau"):
        noise_follows_recursion(Trajectory(simulate(e.replace(**other), threads=1).dataset, e))


@pytest.mark.parametrize("schedule", [
    {"schedule": "L-S", "epsilon_1": 0.3, "max_steps": 30}, {"schedule": "S"}, {"schedule": "constant"},
    {"schedule": "step", "step_tau": 2.0}, {"schedule": "cosine", "max_tau": 7.0},
    {"schedule": "pieces", "pieces": [[2.0, 1.0], [4.0, 0.25], [5.0, 1.25]]},
], ids=lambda fields: fields["schedule"])
def test_every_schedule_has_its_noise(schedule: dict[str, Any]) -> None:
    run = simulate(NOISY.replace(**schedule), threads=1)
    if schedule["schedule"] == "L-S":
        assert 0 < run.annealed_tau < run.history("tau")[-1]
    noise_follows_recursion(run)


def test_noise_that_is_annealed_before_the_first_step() -> None:
    run = simulate(NOISY.replace(schedule="L-S", epsilon_1=1.0), threads=1)
    assert run.annealed_tau == 0.0
    noise_follows_recursion(run)


def nothing(shape: tuple[int, ...], value: float) -> Array:
    return np.full(shape, value)


@pytest.mark.parametrize(("shape", "value"), [((0, 3), 1.0), ((4, 3), np.nan), ((4, 3), np.inf)], ids=["empty", "nan", "inf"])
def test_no_law_holds_of_nothing(shape: tuple[int, ...], value: float) -> None:
    """Neither empty arrays nor such as hold no numbers obey a law, though no entry of them breaks it."""
    bad, good = nothing(shape, value), np.ones((4, 3))
    laws: list[Callable[[], None]] = [
        lambda: gradient_matches_finite_difference(lambda w: float(np.sum(w)), bad, bad),
        lambda: positive_homogeneity(lambda w, x: bad, good, good),
        lambda: label_symmetry(lambda y, u: bad, np.ones(2), np.ones(2)),
        lambda: parts_add_up(bad, bad, np.zeros_like(bad), steps=1, largest=1.0),
        lambda: parts_add_up(good, good, np.zeros_like(good), steps=1, largest=float("inf")),
        lambda: noise_level_is_likely(value, value, shape[0]) if shape[0] else noise_level_is_likely(1.0, 1.0, 0),
        lambda: flips_follow_sheppard(bad[:, 0], 0.5, 10),
        lambda: flips_follow_sheppard(np.array([0.5]), float("nan"), 10),
        lambda: gram_is_positive_semidefinite(nothing((len(bad), len(bad)), value)),
        lambda: counts_are_dense_products(np.array(2), np.ones((3, 2), int), np.ones((4, 2), int)),
        lambda: gradient_matches_finite_difference(lambda w: float(np.sum(w)), good, good, directions=0),
    ]
    for law in laws:
        with pytest.raises(AssertionError):
            law()


@pytest.mark.parametrize("missing", ["record", "layer"])
def test_no_law_holds_of_a_run_without(missing: str) -> None:
    run = simulate(SMALL, threads=1)
    bare = Trajectory(run.dataset.isel({missing: slice(0)}), run.experiment)
    with pytest.raises(AssertionError, match="without"):
        noise_follows_recursion(bare)
    if missing == "layer":
        with pytest.raises(AssertionError, match="without"):
            decomposition_adds_up(bare)


@given(schedules())
def test_schedules_fit_any_experiment(fields: dict[str, Any]) -> None:
    changed = SMALL.replace(**fields)
    assert changed.schedule == fields["schedule"]
    assert all(0 < rate <= 2 for rate in changed.rates().values())


@given(data_sets(d=3))
def test_data_sets_are_data(data: Data) -> None:
    assert data.x1.shape == (len(data), 3)
    assert set(np.unique(data.y)) <= {-1.0, 1.0}
