"""Whole runs of the simulator against the slow reference, given the same data, U_0, noise and schedule.

Tolerance. For given patterns f is linear in U, so the loss is convex in U and a step with rate gamma is non-expansive
in the Frobenius norm as long as gamma (L + lambda) <= 2, L = max ||x||^2 / 4 bounding the Hessian (asserted below).
Rounding errors therefore add over the steps and do not grow. A step sums at most N terms in a gradient entry, d or m_V
in an output, and applies a few operations to U: its error is below (N + d + m + 16) eps M, with M the largest of
||U|| + gamma ||xi|| met in the run (gamma ||G|| <= gamma max ||x|| is of order 1, added). T steps and the first
rounding of U_0 give (T + 1)(N + d + m + 16) eps (M + 2). Outputs differ by at most max ||x|| times that, losses by no
more. A pattern can differ only where a pre-activation is within rounding of zero: seeds are fixed to ones without.
"""

import math

import numpy as np
import pytest

from tests.reference import Array, Reference, g_directions, h
from tests.replay import replay, second_layer
from theory_sim import Experiment, draw_data, simulate

STEPS = 14
BASE = Experiment(
    d=6, N=22, p0=0.25, q0=0.4, r=0.4, m_W=14, m_V=22, n_test=3, eta_1=1.5, eta_2=0.3, lambda_=0.03, tau_xi=0.15,
    max_steps=STEPS, record_every=0.01, seed=3, dtype="float64",
)
SCHEDULES = {
    # Half-way down in the reference's run, so that a rate change lies within the run (asserted).
    "L-S": {"schedule": "L-S", "epsilon_1": 0.3},
    "S": {"schedule": "S"},
    "constant": {"schedule": "constant"},
    "step": {"schedule": "step", "step_tau": 3.0, "step_factor": 0.5},
    "cosine": {"schedule": "cosine", "max_tau": 13.0},
    "pieces": {"schedule": "pieces", "pieces": [[2.0, 1.0], [4.0, 0.25], [5.0, 1.25]], "tau_0": 0.5},
}


def tolerance(experiment: Experiment, run: Reference, x1: Array, x2: Array) -> float:
    longest = float((x1.astype(np.float64) ** 2).sum(axis=1).max() + (x2**2).sum(axis=1).max())
    assert run.rates.max() * (longest / 4 + experiment.lambda_) <= 2
    size = max(float(np.linalg.norm(U)) for U in (run.W, run.V))
    # The noise in U_0 and in xi is at least as large as in the final U, up to its share that has decayed.
    size = max(size, experiment.tau_0_value * math.sqrt(experiment.m_W * experiment.d) * 2)
    size += float(run.rates.max()) * experiment.tau_xi * 2 * math.sqrt(experiment.m_W * experiment.d)
    terms = experiment.n_examples + experiment.d + max(experiment.m_W, experiment.m_V) + 16
    eps = float(np.finfo(experiment.dtype).eps)
    return (len(run.rates) + 1) * terms * eps * (size + 2) * max(1.0, math.sqrt(longest))


def agree(experiment: Experiment) -> Reference:
    trajectory = simulate(experiment, threads=1)
    data = draw_data(experiment)
    steps = int(trajectory.dataset.attrs["final_step"])
    run, _ = replay(experiment, steps, data)
    atol = tolerance(experiment, run, data.x1, data.x2)
    dataset = trajectory.dataset

    def close(actual: Array, expected: Array | float, name: str) -> None:
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=name)

    for name in ("W", "V", "W_signal", "V_signal", "W_noise", "V_noise"):
        close(dataset[name].values, getattr(run, name), name)
    np.testing.assert_array_equal(dataset["step"].values, np.arange(steps + 1))
    np.testing.assert_allclose(dataset["tau"].values, run.tau, rtol=1e-14)
    np.testing.assert_allclose(dataset["rate"].values[:-1], run.rates, rtol=1e-14)
    close(dataset["train_loss"].values, run.training_loss, "train_loss")
    close(dataset["loss_train"].values, run.kind_loss, "loss_train")
    # A sign within rounding of zero (paired neurons put out zero at first) counts either way.
    for threshold, side in ((atol, np.less_equal), (-atol, np.greater_equal)):
        right = data.y * run.f > threshold
        share = np.stack([right[:, data.kind == k].mean(axis=1) for k in range(3)], axis=1)
        assert side(share, dataset["accuracy_train"].values + 1e-14 * math.copysign(1, threshold)).all()
    w, v = second_layer(experiment, 0), second_layer(experiment, 1)
    total = g_directions(v, run.V, experiment.r)
    signal = g_directions(v, run.V_signal, experiment.r, patterns=run.V)
    close(dataset["g"].values[-1], np.stack([total, signal]), "g")
    # h is a sum of four outputs.
    np.testing.assert_allclose(dataset["h"].values[-1], [h(total), h(signal)], rtol=0, atol=4 * atol)
    direction = w @ run.W_signal
    overlap = float(direction @ data.w_star) / float(np.linalg.norm(direction))
    assert abs(float(dataset["P_overlap"][-1]) - overlap) <= 4 * atol / float(np.linalg.norm(direction))
    for part in ("signal", "noise"):
        norms = [np.linalg.norm(getattr(run, f"{layer}_{part}")) for layer in "WV"]
        close(dataset[f"norm_{part}"].values[-1], np.array(norms), f"norm_{part}")
    return run


@pytest.mark.parametrize("neurons", ["paired", "independent", "balanced"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_float64(schedule: str, neurons: str) -> None:
    run = agree(BASE.replace(neurons=neurons, **SCHEDULES[schedule]))
    if schedule not in ("S", "constant"):
        assert len(np.unique(run.rates)) > 1


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_float32(schedule: str) -> None:
    agree(BASE.replace(dtype="float32", **SCHEDULES[schedule]))


@pytest.mark.parametrize("schedule", ["L-S", "S"])
@pytest.mark.parametrize("batch_size", [1, 7, 22])
def test_mini_batches(schedule: str, batch_size: int) -> None:
    agree(BASE.replace(batch_size=batch_size, neurons="independent", **SCHEDULES[schedule]))


def test_several_blocks_a_layer() -> None:
    agree(BASE.replace(m_W=300, m_V=26_600, max_steps=5, neurons="independent"))


def test_no_noise_and_no_decay() -> None:
    agree(BASE.replace(tau_xi=0.0, lambda_=0.0, tau_0=0.3, neurons="independent"))
