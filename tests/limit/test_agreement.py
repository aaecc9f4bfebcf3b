"""The solver against the direct double sum of THEORY §7, with the same spatial mode, in float64."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.limit.compare import course, largest_difference
from theory_sim import Experiment, simulate
from theory_sim.errors import InputError
from theory_sim.testing.strategies import experiments

BASE = Experiment(
    d=12, N=34, q0=0.4, p0=0.25, r=0.4, alpha_min=0.2, n_test=4, dtype="float64", lambda_=0.02, tau_xi=0.3, tau_0=0.5,
    schedule="L-S", eta_1=5.0, eta_2=0.4, epsilon_1=0.25, max_tau=1e9, max_steps=24, record_every=1e-9, m_W=2, m_V=2,
)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "split": ({}, {}),
    "shared": ({"network": "shared", "overlap_z": 0.3}, {}),
    "shared, z orthogonal": ({"network": "shared"}, {"kernel": "frozen"}),
    "mean": ({}, {"spatial": "mean"}),
    "shared, mean": ({"network": "shared", "overlap_z": -0.5}, {"spatial": "mean"}),
    "frozen": ({}, {"kernel": "frozen"}),
    "independent": ({}, {"kernel": "independent"}),
    "independent, mean": ({}, {"kernel": "independent", "spatial": "mean"}),
    "S": ({"schedule": "S"}, {}),
    "steps": ({"schedule": "step", "step_tau": 20.0, "step_factor": 0.3}, {}),
    "cosine": ({"schedule": "cosine", "max_tau": 60.0}, {}),
    "pieces": ({"schedule": "pieces", "pieces": ((8.0, 4.0), (20.0, 0.5), (25.0, 9.0))}, {}),
    "mini-batches": ({"batch_size": 9}, {}),
    "1 - gamma lambda < 0": ({"schedule": "pieces", "pieces": ((6.0, 2.0), (200.0, 80.0)), "max_steps": 12}, {}),
    "1 - gamma lambda = 0": ({"schedule": "pieces", "pieces": ((6.0, 2.0), (56.0, 50.0), (60.0, 3.0))}, {}),
    "no decay": ({"lambda_": 0.0}, {}),
    "no noise": ({"tau_xi": 0.0}, {}),
    "from tau_0 = 0": ({"tau_0": 0.0}, {}),
    "from tau_0 = 0, frozen": ({"tau_0": 0.0}, {"kernel": "frozen"}),
    "only P": ({"q0": 0.0, "p0": 1.0}, {}),
    "only Q": ({"q0": 1.0, "p0": 0.0}, {}),
    "one example": ({"N": 1, "p0": 0.0, "q0": 0.0}, {}),
    "large d": ({"d": 300}, {}),
    "large d, mean": ({"d": 300}, {"spatial": "mean"}),
    "noise output": ({"neurons": "independent"}, {"noise": "sampled"}),
    "noise output, mini-batches": ({"neurons": "balanced", "batch_size": 9}, {"noise": "sampled"}),
    "noise output, mean": ({"neurons": "independent"}, {"noise": "sampled", "spatial": "mean"}),
    "noise output, shared": ({"neurons": "independent", "network": "shared", "overlap_z": 0.4}, {"noise": "sampled"}),
    "noise output, frozen": ({"neurons": "balanced"}, {"noise": "sampled", "kernel": "frozen"}),
    "noise output, 1 - gamma lambda < 0": (
        {"neurons": "independent", "schedule": "pieces", "pieces": ((6.0, 2.0), (200.0, 80.0)), "tau_xi": 0.002,
         "max_steps": 8},
        {"noise": "sampled"},
    ),
    "leaky ReLU": ({"activation": "leaky-relu", "leak": 0.3}, {}),
    "leaky ReLU, shared": ({"activation": "leaky-relu", "leak": -0.2, "network": "shared", "overlap_z": 0.3}, {}),
    "leaky ReLU, mean": ({"activation": "leaky-relu", "leak": 0.3}, {"spatial": "mean"}),
    "leaky ReLU, independent": ({"activation": "leaky-relu", "leak": 0.5, "network": "shared"}, {"kernel": "independent"}),
    "leaky ReLU, noise output": ({"activation": "leaky-relu", "leak": 0.3, "neurons": "balanced"}, {"noise": "sampled"}),
    "linear, noise output": ({"activation": "linear", "neurons": "independent"}, {"noise": "sampled"}),
    "linear": ({"activation": "linear"}, {}),
    "linear, shared": ({"activation": "linear", "network": "shared", "overlap_z": -0.4}, {}),
    "noise that only shrinks, through 0": ({"tau_xi": 0.0, "schedule": "constant", "eta_1": 60.0, "max_steps": 8}, {}),
}


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.alternating if number % 2 else ()) for number, name in enumerate(CASES)])
def test_solver_is_the_double_sum(name: str) -> None:
    fields, options = CASES[name]
    e = BASE.replace(**fields)
    run = simulate(e, "limit", tolerance=1e-12, **options)
    assert len(run.dataset["tau"]) == run.dataset.attrs["final_step"] + 1
    direct = course(e, options, steps=run.dataset.attrs["final_step"])
    assert largest_difference(run, direct) < 1e-10


@pytest.mark.tier2
@settings(max_examples=100)
@given(data=st.data())
def test_any_experiment_is_the_double_sum(data: st.DataObject) -> None:
    """Law: whatever the data, schedule, noise and options."""
    shared = data.draw(st.booleans(), label="shared")
    e = data.draw(experiments(dtype="float64"))
    fields: dict[str, Any] = {
        "d": data.draw(st.integers(3, 60), label="d"), "lambda_": data.draw(st.sampled_from([0.0, 1e-3, 0.05, 0.9])),
        "tau_xi": data.draw(st.sampled_from([0.0, 0.02, 1.0])), "record_every": 1e-9,
        "tau_0": data.draw(st.sampled_from([0.01, 0.5])), "max_tau": 30.0 if e.schedule == "cosine" else 1e9,
    }
    if e.schedule == "step":
        fields["step_tau"] = 5.0  # the rate stays above the spacing of records
    if shared:
        fields |= {"network": "shared", "overlap_z": data.draw(st.sampled_from([0.0, -0.6, 1.0]))}
    options: dict[str, Any] = {
        "kernel": data.draw(st.sampled_from(["moving", "frozen", "independent"])),
        "spatial": data.draw(st.sampled_from(["exact", "mean"])), "noise": "vanishing",
    }
    if e.neurons != "paired" and not (shared and options["spatial"] == "mean"):
        options["noise"] = data.draw(st.sampled_from(["vanishing", "sampled"]))
    e = e.replace(**fields)
    run = simulate(e, "limit", tolerance=1e-12, threads=1, **options)
    assume(run.outcome != "diverged" and len(run.dataset["tau"]) == run.dataset.attrs["final_step"] + 1)
    assert largest_difference(run, course(e, options, steps=run.dataset.attrs["final_step"])) < 1e-10


TWINS: dict[str, dict[str, Any]] = {"1/4 off by 1 %": {"quarter": 0.2525}, "D one factor more": {"late": 1}}


@pytest.mark.parametrize("twin", [*TWINS, "frozen", "independent", "mean"])
def test_the_same_comparison_refutes_others(twin: str) -> None:
    moved = TWINS.get(twin) or {"spatial" if twin == "mean" else "kernel": twin}
    run = simulate(BASE, "limit", tolerance=1e-12)
    assert largest_difference(run, course(BASE, {}, **moved)) > 1e-5


def test_the_same_comparison_refutes_another_path_of_the_noise() -> None:
    e = BASE.replace(neurons="independent")
    other = course(e.replace(seed_noise=99), {"noise": "sampled"})
    assert largest_difference(simulate(e, "limit", tolerance=1e-12, noise="sampled"), other) > 1e-2


@pytest.mark.parametrize("spatial", ["exact", "mean"])
@pytest.mark.parametrize("tolerance", [*(pytest.param(each, marks=pytest.mark.alternating) for each in (1e-2, 1e-4)), 1e-6])
def test_error_follows_the_tolerance(tolerance: float, spatial: Any) -> None:
    e = BASE.replace(max_steps=40)
    run = simulate(e, "limit", tolerance=tolerance, spatial=spatial)
    assert 0 < run.dataset.attrs["kernel_error"] <= tolerance
    # Residuals of size 1/N over a time of about 100, kernels of |x|^2 / (2 pi) per unit: at most 20 in all.
    error = largest_difference(run, course(e, {"spatial": spatial}))
    assert error < 20 * tolerance
    assert error > 1e-13


def test_float32_is_near() -> None:
    direct = course(BASE, {})
    assert largest_difference(simulate(BASE.replace(dtype="float32"), "limit"), direct) < 2e-5


def test_many_noisy_steps_do_not_lose_the_history() -> None:
    """Ages from tiny to large: a tiny rate after a large one."""
    e = BASE.replace(schedule="pieces", pieces=((30.0, 6.0), (31.0, 0.05), (90.0, 6.0)), max_steps=36, tau_xi=0.05)
    assert largest_difference(simulate(e, "limit", tolerance=1e-12), course(e, {})) < 1e-10


@pytest.mark.alternating
def test_a_tolerance_out_of_reach_is_refused() -> None:
    with pytest.raises(InputError, match="tolerance"):
        simulate(BASE.replace(eta_2=1e-9, tau_xi=1e-4), "limit", tolerance=1e-13)
