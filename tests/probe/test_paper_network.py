"""The paper's network in PyTorch, with a probe, against `simulate` on the same data, U_0 and xi."""

from __future__ import annotations

import numpy as np
import pytest

from tests.probe.networks import run_paper
from theory_sim import Experiment, Trajectory, simulate
from theory_sim.theory.noise_law import tau_stationary

STEPS = 40
PAPER = Experiment(d=12, N=48, m_W=16, m_V=32, eta_1=8.0, lambda_=0.01, tau_0=0.5, tau_xi=0.05, max_tau=320.0,
                   record_every=40.0, schedule="constant", dtype="float64", n_test=4, counts="exact", neurons="independent",
                   observe={"patterns": {"probes": 30}})


@pytest.fixture(scope="module")
def both() -> tuple[Trajectory, Trajectory]:
    record = {"run": {"every_steps": 5}, "patterns": {"probes": 90}, "pre_activations": {"probes": 90}}
    _, probe = run_paper(PAPER, STEPS, record=record)
    return simulate(PAPER), probe.trajectory()


def test_they_record_at_the_same_times(both: tuple[Trajectory, Trajectory]) -> None:
    simulated, probed = both
    assert probed.dataset["step"].values.tolist() == simulated.dataset["step"].values.tolist()
    np.testing.assert_allclose(probed.dataset["tau"], simulated.dataset["tau"], rtol=1e-12)
    np.testing.assert_array_equal(probed.dataset["rate"], simulated.dataset["rate"])


@pytest.mark.parametrize("name", ["norm_signal", "norm_noise", "tau_noise"])
def test_signal_and_noise_are_the_simulators_to_rounding(both: tuple[Trajectory, Trajectory], name: str) -> None:
    simulated, probed = both
    np.testing.assert_allclose(probed.dataset[name], simulated.dataset[name], rtol=1e-11, atol=1e-12)


def test_losses_by_kind_are_the_simulators(both: tuple[Trajectory, Trajectory]) -> None:
    simulated, probed = both
    assert probed.dataset["kind"].values.tolist() == simulated.dataset["kind"].values.tolist()
    for name in ("loss_train", "accuracy_train", "train_loss"):
        np.testing.assert_allclose(probed.dataset[name], simulated.dataset[name], rtol=1e-11)


def test_the_recursion_with_the_measured_xi_is_close_to_that_with_its_law(both: tuple[Trajectory, Trajectory]) -> None:
    simulated, probed = both
    exact = simulated.dataset["tau_noise_exact"].values
    found = probed.dataset["tau_noise_recursion"].sel(layer="W.weight").values
    # Mean squares of 16 x 12 numbers at the start and of each step's xi: relative error sqrt(2 / 192) / 2, four times that.
    np.testing.assert_allclose(found, exact, rtol=2.0 * np.sqrt(2 / 192))
    assert found[-1] == pytest.approx(tau_stationary(8.0, 0.01, 0.05), rel=2.0 * np.sqrt(2 / 192))


def test_patterns_of_the_first_layer_flip_as_the_simulators(both: tuple[Trajectory, Trajectory]) -> None:
    """Of 48 probes 24 have a patch x_1; at the others, all zero, no pattern moves."""
    simulated, probed = both
    expected = simulated.dataset["flips"].sel(feature="P", since="start").values
    np.testing.assert_allclose(2.0 * probed.dataset["flips"].sel(feature="relu_W", since="start"), expected, atol=1e-12)
    assert expected[-1] > 0.3
    expected = simulated.dataset["pattern_shift"].sel(layer="W").values
    np.testing.assert_allclose(2.0 * probed.dataset["pattern_shift"].sel(layer="W.weight"), expected, atol=1e-12)
