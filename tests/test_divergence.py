"""A run that diverges ends with the step, the quantity and the likely cause, and keeps its records."""

import math
import re
import signal
from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, simulate
from theory_sim.errors import InputError
from theory_sim.network.layer import Layer

UNSTABLE = Experiment(d=10, N=40, m_W=20, m_V=20, n_test=2, schedule="constant", eta_1=8000.0, lambda_=1e-4,
                      tau_xi=0.01, tau_0=1.0, max_tau=1e9, max_steps=200, record_every=8000.0,
                      neurons="independent")  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_too_large_a_rate(dtype: str, threads: int) -> None:
    run = simulate(UNSTABLE.replace(dtype=dtype), threads=threads)
    assert run.outcome == "diverged"
    step = run.dataset.attrs["final_step"]
    assert "training loss" in run.message and f"at step {step}, tau = {8000 * step:g}" in run.message
    found = re.search(r"rate 8000 is above about ([\d.e+]+), the largest stable one", run.message)
    assert found and 1 < float(found[1]) < 8000
    # Every record before the end is there and finite.
    assert list(run.dataset["step"].values) == list(range(step))
    assert np.isfinite(run.history("train_loss")).all()
    assert {"W", "W_signal", "W_noise"} <= set(run.dataset.variables)


@pytest.mark.parametrize("loss", ["squared", "exponential"])
def test_of_a_network_whose_stable_rate_is_not_known_the_rate_is_named(loss: str) -> None:
    run = simulate(UNSTABLE.replace(train_second_layer=True, neurons="paired", loss=loss, dtype="float64"))
    assert run.outcome == "diverged"
    assert "rate 8000" in run.message and "observe sharpness" in run.message and "inf" not in run.message.split("cause")[1]


def test_noise_that_swamps_the_output() -> None:
    run = simulate(UNSTABLE.replace(eta_1=1.0, tau_xi=1e6, lambda_=0.0, record_every=1.0, dtype="float64"), threads=1)
    assert run.outcome == "diverged"
    level = float(re.search(r"standard deviation ([\d.e+]+)", run.message)[1])  # type: ignore[index]
    assert level == pytest.approx(math.hypot(1, 1e6 * math.sqrt(run.dataset.attrs["final_step"])), rel=1e-2)
    assert "noise" in run.message and "largest stable" not in run.message


def test_a_large_initial_noise_output_alone_is_not_divergence() -> None:
    run = simulate(UNSTABLE.replace(eta_1=1.0, tau_0=1e3, max_steps=20), threads=1)
    assert run.outcome == "budget_spent"


def test_interruption_keeps_what_was_recorded() -> None:
    def interrupt(step: int, tau: float, training_loss: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    run = simulate(UNSTABLE.replace(eta_1=1.0, record_every=1.0), threads=2, progress=interrupt)
    assert run.outcome == "interrupted" and "step 3" in run.message
    assert list(run.dataset["step"].values) == [0, 1, 2, 3]


def test_control_c_waits_for_the_end_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    update = Layer.update

    def update_and_interrupt(self: Layer, block: int, step: int, *arguments: Any) -> None:
        if step == 4 and block == 0:
            signal.raise_signal(signal.SIGINT)
        update(self, block, step, *arguments)

    experiment = UNSTABLE.replace(eta_1=1.0, record_every=1.0)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts with it ignored
    try:
        with monkeypatch.context() as patched:
            patched.setattr(Layer, "update", update_and_interrupt)
            run = simulate(experiment, threads=1)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "the caller's handling is back in place"
    finally:
        signal.signal(signal.SIGINT, before)
    assert run.outcome == "interrupted" and run.dataset.attrs["final_step"] == 5
    whole = simulate(experiment.replace(max_steps=5), threads=1)
    for name in ("W", "W_signal", "W_noise", "V", "V_noise", "loss_train", "g"):
        np.testing.assert_array_equal(run.dataset[name], whole.dataset[name])


def test_an_astronomic_start_is_divergence() -> None:
    run = simulate(UNSTABLE.replace(eta_1=1.0, tau_0=1e10, max_steps=5, dtype="float64"), threads=1)
    assert run.outcome == "diverged" and run.dataset.sizes["record"] == 1


@pytest.mark.parametrize(("threads", "rule"), [
    (0, "at least 1"), (-2, "at least 1"), (1.5, "whole number"), ("2", "whole number"),
])
def test_no_threads(threads: Any, rule: str) -> None:
    with pytest.raises(InputError, match=rf"threads = {threads!r}.*\n.*{rule}"):
        simulate(UNSTABLE, threads=threads)


@pytest.mark.parametrize("fields", [{"activation": "softplus"}, {"output_scale": 30.0}, {"train_second_layer": True}], ids=str)
def test_where_the_stable_rate_is_not_known_the_rate_is_blamed(fields: dict[str, Any]) -> None:
    fast = UNSTABLE.replace(loss="squared", eta_1=200.0, lambda_=1e-6, dtype="float64", **fields)
    run = simulate(fast, threads=1)
    assert run.outcome == "diverged" and "likely cause: rate 200: the largest stable one is known for" in run.message
    assert "lower the rate" in run.message and "paired" not in run.message
