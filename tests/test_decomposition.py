"""The split into signal and accumulated noise, rebuilt by THEORY §4's explicit sums from streams and stored gradients.

A recursion of T steps and a sum of T terms err by at most a few eps (T + 1) of the largest term each; all terms here
are below 100 in norm, T <= 40, float64: 1e-12 is a hundred times that.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from tests.reference import Array, explicit_split
from tests.replay import Rate, initial, noise, second_layer
from theory_sim import Experiment, draw_data, simulate
from theory_sim.network import SplitNetwork
from theory_sim.network.layer import Layer
from theory_sim.numeric.pool import BlockPool
from theory_sim.theory.noise_law import noise_levels
from theory_sim.train.losses import make_loss
from theory_sim.train.sampling import make_sampling

STEPS = 30
LOSS = make_loss(Experiment())
BASE = Experiment(
    d=7, N=26, p0=0.2, q0=0.4, r=0.4, m_W=300, m_V=24, n_test=2, eta_1=1.5, eta_2=0.3, epsilon_1=0.3, lambda_=0.03,
    tau_xi=0.15, max_steps=STEPS, record_every=0.1, seed=5, dtype="float64",
)
SCHEDULES = {
    "L-S": {"schedule": "L-S"},
    "S": {"schedule": "S"},
    "step": {"schedule": "step", "step_tau": 4.0, "step_factor": 0.5},
    "cosine": {"schedule": "cosine", "max_tau": 25.0},
    "pieces": {"schedule": "pieces", "pieces": [[2.0, 1.0], [4.0, 0.25], [9.0, 1.25]], "tau_0": 0.5},
    "batches": {"schedule": "L-S", "batch_size": 5},
}
ATOL = 1e-12


@dataclass
class Driven:
    """A network stepped by hand as `simulate` does, with what the explicit sums need."""

    network: SplitNetwork
    rates: list[float]
    gradients: tuple[list[Array], list[Array]]
    annealed: list[float]


def drive(experiment: Experiment) -> Driven:
    data = draw_data(experiment)
    rate_at = Rate(experiment, float(np.mean(data.kind == 1)))
    batches, tau = make_sampling(experiment), 0.0
    with BlockPool(2) as pool:
        network = SplitNetwork(experiment, data, pool)
        driven = Driven(network, [], ([], []), rate_at.annealed)
        for step in range(STEPS):
            margin = data.y * network.f
            chosen = batches.at(step)
            weight = np.zeros(len(data))
            weight[slice(None) if chosen is None else chosen] = 1.0
            rate = rate_at(step, tau, float(LOSS.value(margin).mean()))
            network.step(data.y * LOSS.slope(margin) * weight / weight.sum(), rate, step)
            for kept, layer in zip(driven.gradients, (network.W, network.V), strict=True):
                kept.append(layer.gradient.copy())
            driven.rates.append(rate)
            tau += rate
    return driven


@pytest.mark.parametrize("neurons", ["paired", "independent", "balanced"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_explicit_sums(schedule: str, neurons: str) -> None:
    experiment = BASE.replace(neurons=neurons, **SCHEDULES[schedule])
    driven = drive(experiment)
    if schedule in ("L-S", "batches"):
        assert driven.annealed and len(set(driven.rates)) == 2
    final = simulate(experiment, threads=1).dataset
    xi = [noise(experiment, step) for step in range(STEPS)]
    for index, name in enumerate("WV"):
        signal, accumulated = explicit_split(
            initial(experiment, index), np.array(driven.rates), experiment.lambda_,
            np.array(driven.gradients[index]), np.array([both[index] for both in xi]),
        )
        layer: Layer = getattr(driven.network, name)
        for actual, expected in (
            (layer.signal, signal), (layer.noise_of_neurons, accumulated), (layer.weights, signal + accumulated),
            (final[f"{name}_signal"].values, signal), (final[f"{name}_noise"].values, accumulated),
            (final[name].values, signal + accumulated),
        ):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=ATOL)
        assert np.linalg.norm(signal) > 1e-3 and np.linalg.norm(accumulated) > 1


def test_decay_starts_one_factor_after_the_step() -> None:
    # One step from U_0: the noise of step 0 is not decayed by step 0 itself (THEORY §4: s < i < t).
    experiment = BASE.replace(max_steps=1, neurons="independent")
    final = simulate(experiment, threads=1).dataset
    xi = noise(experiment, 0)
    for index, name in enumerate("WV"):
        expected = (1 - 1.5 * 0.03) * initial(experiment, index) - 1.5 * xi[index]
        np.testing.assert_allclose(final[f"{name}_noise"].values, expected, rtol=0, atol=ATOL)


@pytest.mark.parametrize("neurons", ["paired", "independent", "balanced"])
def test_initial_state(neurons: str) -> None:
    experiment = BASE.replace(neurons=neurons, m_V=26_600)
    with BlockPool(1) as pool:
        network = SplitNetwork(experiment, draw_data(experiment), pool)
    level = math.sqrt(1.5 * 0.15**2 / (0.03 * (2 - 1.5 * 0.03)))  # THEORY §5
    assert experiment.tau_0_value == pytest.approx(level, rel=1e-12)
    for index, layer in enumerate((network.W, network.V)):
        start = initial(experiment, index)
        np.testing.assert_allclose(layer.weights, start, rtol=1e-12)
        np.testing.assert_allclose(layer.noise_of_neurons, start, rtol=1e-12)
        assert not layer.signal.any()
        np.testing.assert_allclose(layer.u, second_layer(experiment, index), rtol=1e-12)
        np.testing.assert_allclose(np.abs(layer.u), 1 / math.sqrt(len(start)), rtol=1e-12)
        assert len(np.unique(start)) == start.size // layer.share  # no stream is used twice
        if neurons == "paired":
            np.testing.assert_array_equal(start[0::2], start[1::2])
        if neurons != "independent":
            np.testing.assert_array_equal(layer.u[0::2], -layer.u[1::2])
    if neurons == "paired":
        # Terms of size tau_0 / sqrt(m) cancel in twos: zero up to rounding.
        np.testing.assert_allclose(network.f, 0, atol=1e-12)
    else:
        assert np.abs(network.f).max() > 1e-3


def test_no_noise_leaves_the_decayed_start() -> None:
    trajectory = simulate(BASE.replace(tau_xi=0.0, tau_0=0.3, schedule="S"), threads=1)
    with BlockPool(1) as pool:
        network = SplitNetwork(trajectory.experiment, draw_data(trajectory.experiment), pool)
    left = (1 - 0.3 * 0.03) ** STEPS
    np.testing.assert_allclose(trajectory.dataset["W_noise"].values, left * network.W.weights, rtol=1e-12)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_recorded_noise_level_is_the_recursion(schedule: str) -> None:
    experiment = BASE.replace(**SCHEDULES[schedule])
    trajectory = simulate(experiment, threads=1)
    rates = trajectory.history("rate")[:-1]
    assert len(rates) == STEPS
    levels = noise_levels(rates, lambda_=0.03, tau_xi=0.15, tau_0=experiment.tau_0_value)
    np.testing.assert_allclose(trajectory.history("tau_noise_exact"), levels, rtol=1e-13)


def test_norms_are_those_of_the_final_parts() -> None:
    for neurons in ("paired", "independent"):
        trajectory = simulate(BASE.replace(neurons=neurons), threads=1)
        for name in "WV":
            for part in ("signal", "noise"):
                norm = np.linalg.norm(trajectory.dataset[f"{name}_{part}"].values)
                assert trajectory.history(f"norm_{part}", layer=name)[-1] == pytest.approx(norm, rel=1e-12)
            rms = math.sqrt(float(np.mean(trajectory.dataset[f"{name}_noise"].values ** 2)))
            assert trajectory.history("tau_noise", layer=name)[-1] == pytest.approx(rms, rel=1e-12)
