"""Both precisions make the same run, and U is the sum of its parts."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference import Array
from theory_sim import Experiment, Trajectory, draw_data, resume, simulate
from theory_sim.data import shared_directions
from theory_sim.loop import unfinished_path
from theory_sim.network import PlacedNetwork, SharedNetwork, SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream
from theory_sim.observe.learning_order import learning_order
from theory_sim.theory.conditions import output_rounding
from theory_sim.train.noise import PreActivationNoise, Sites, make_placement
from theory_sim.train.sampling import make_sampling

EPS = float(np.finfo(np.float32).eps)
DTYPES = ("float32", "float64")
ROOT = Path(__file__).resolve().parent.parent
RUN = Experiment(
    d=50, N=200, r=0.4, m_W=200, m_V=2000, n_test=20, tau_0=1.0, tau_xi=0.00789, schedule="S", eta_2=2.0, max_tau=300.0,
)  # fmt: skip


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.asarray(values, np.float64) ** 2)))


def both(experiment: Experiment) -> list[Trajectory]:
    return [simulate(experiment.replace(dtype=dtype), threads=1) for dtype in DTYPES]


# -- the same draws -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (8192,), (8193,), (3000, 7)])
def test_a_draw_in_float32_is_that_in_float64_rounded(shape: tuple[int, ...]) -> None:
    single, double = (np.empty(shape, dtype) for dtype in DTYPES)
    for out in (single, double):
        StepStream(5, "noise", 1, 2).normal(7, out)
    np.testing.assert_array_equal(single, double.astype(np.float32))
    StepStream(5, "noise", 1, 2).normal(8, double)
    assert not np.any(single == double.astype(np.float32))


def test_an_array_that_cannot_be_filled_is_refused() -> None:
    with pytest.raises(AssertionError, match="in place"):
        StepStream(5, "noise", 0, 0).normal(0, np.empty((4, 6), np.float32).T)


@pytest.mark.parametrize("neurons", ["paired", "independent", "balanced"])
def test_initial_values_and_increments_agree(neurons: Any) -> None:
    """U_0 is a rounded product of two rounded numbers; a step adds one more such product, a rounded decay and two roundings."""
    e, layers = RUN.replace(neurons=neurons, m_W=300, m_V=26_600, tau_0=0.3, tau_xi=0.05), []
    for dtype in DTYPES:
        each = e.replace(dtype=dtype)
        with BlockPool(1) as pool:
            network = SplitNetwork(each, draw_data(each), pool)
            start = {name: layer.noise.astype(np.float64) for name, layer in network.layers.items()}
            network.step(np.zeros(200), 0.7, 3)
            moved = {name: layer.noise.astype(np.float64) for name, layer in network.layers.items()}
        layers.append((start, moved, {name: layer.u for name, layer in network.layers.items()}))
    for name in ("W", "V"):
        (one, one_moved, one_u), (other, other_moved, other_u) = ([part[name] for part in parts] for parts in layers)
        np.testing.assert_allclose(one, other, rtol=1.51 * EPS, atol=0)
        increment = np.abs(other_moved - (1 - 0.7 * e.lambda_) * other)
        assert (np.abs(one_moved - other_moved) <= 3.51 * EPS * (np.abs(other) + increment)).all()
        np.testing.assert_array_equal(np.sign(one_u), np.sign(other_u))
        assert increment.max() > 0.05 and np.corrcoef(one.ravel(), np.roll(other.ravel(), 1))[0, 1] < 0.1  # it could fail


@pytest.mark.parametrize("placement", ["pre-activations", "pre-activations-shared", "iterates-transient"])
def test_placed_noise_agrees(placement: Any) -> None:
    noise_of = make_placement(RUN.replace(noise_placement=placement, noise_level=1.0))
    assert isinstance(noise_of, PreActivationNoise)
    drawn = []
    for dtype in DTYPES:
        x = np.random.default_rng(0).standard_normal((9, 5)).astype(np.float32).astype(dtype)
        norm = np.linalg.norm(x.astype(np.float64), axis=1).astype(dtype)
        sites = Sites(x, norm, np.arange(9) % 2, np.arange(9), np.arange(9), np.ones(9))
        drawn.append(noise_of.draw(StepStream(1, "placed noise", 0, 0).at(4), 40, sites).astype(np.float64))
    # Sums of five products of order 1 to 3.
    np.testing.assert_allclose(drawn[0], drawn[1], rtol=0, atol=5 * 20 * EPS)
    assert rms(drawn[1]) > 0.5


def test_batches_agree() -> None:
    one, other = (make_sampling(RUN.replace(batch_size=30, dtype=dtype)) for dtype in DTYPES)
    for step in (0, 1, 17):
        np.testing.assert_array_equal(one.at(step), other.at(step))


def test_redrawn_patterns_agree() -> None:
    found = []
    for dtype in DTYPES:
        e = RUN.replace(patterns="redrawn", dtype=dtype, m_V=200)
        with BlockPool(1) as pool:
            found.append(PlacedNetwork(e, draw_data(e), pool).filters())
    for feature in ("P", "Q"):
        np.testing.assert_allclose(found[0][feature], found[1][feature], rtol=0.51 * EPS, atol=0)


# -- the same run ---------------------------------------------------------------------------------


def loss_tolerance(run: Trajectory) -> float:
    """What rounding to float32 can do to a mean loss in this run.

    The signal is a sum over steps that do not expand (tests/test_agreement.py), so that errors of T steps add up to T times
    that of one, if they all point the same way. A step's is that of its longest sums, of N, d or m terms, whose rounding
    errors are independent: eps sqrt(N + d + m) times the size of an output, at most the largest margin.
    """
    e = run.experiment
    terms = e.n_examples + e.d + e.m_W + e.m_V
    size = max(1.0, float(np.abs(run.dataset["f_train"].values).max()))
    return float(run.dataset.attrs["final_step"]) * EPS * math.sqrt(terms) * size


@pytest.mark.slow
def test_learning_times_of_both_precisions_differ_by_what_the_page_says() -> None:
    """In docs/reference/experiment.md, up to a factor of 2: another processor rounds otherwise."""
    page = re.sub(r"\s+", " ", (ROOT / "docs" / "reference" / "experiment.md").read_text(encoding="utf-8"))
    (size,) = re.findall(r"differed by at most \$(\d)\\cdot10\^\{-5\}\$ of themselves \(preset `quick`, seeds 0 to 7\)", page)
    differ = []
    for seed, schedule in itertools.product(range(8), ("L-S", "S")):
        e = Experiment.preset("quick").replace(seed=seed, schedule=schedule)
        single, double = (learning_order(simulate(e.replace(dtype=dtype))).levels for dtype in ("float32", "float64"))
        times = np.array([[(at.tau_P, at.tau_Q) for at in levels] for levels in (single, double)])
        learnt = np.isfinite(times[0])
        assert np.array_equal(learnt, np.isfinite(times[1]))
        differ += np.abs(times[0][learnt] / times[1][learnt] - 1.0).tolist()
    assert float(size) / 2 <= 1e5 * max(differ) <= 2 * float(size)


@pytest.mark.parametrize("tau_0", [1.0, 1e3, 1e8])
def test_runs_of_both_precisions_agree(tau_0: float) -> None:
    single, double = both(RUN.replace(tau_0=tau_0, tau_xi=0.00789 * tau_0))
    atol = loss_tolerance(double)
    assert atol < 0.01
    for name in ("train_loss", "loss_train", "loss_test", "g", "h"):
        one, two = single.dataset[name].values, double.dataset[name].values
        np.testing.assert_allclose(one, two, rtol=0, atol=atol, err_msg=name)
    other = simulate(double.experiment.replace(seed_noise=9, seed_init=9), threads=1)
    assert np.abs(other.dataset["loss_test"].values - double.dataset["loss_test"].values).max() > 2 * atol
    losses, tau = double.dataset["loss_train"].values[:, 0], double.history("tau")
    for at, also in zip(learning_order(single).levels, learning_order(double).levels, strict=True):
        slope = np.abs(np.interp(also.tau_P, tau, np.gradient(losses, tau)))
        assert abs(at.tau_P - also.tau_P) <= atol / slope < 5.0
    for name in ("W", "V"):
        signal, noise = (double.dataset[f"{name}_{part}"].values for part in ("signal", "noise"))
        assert rms(single.dataset[f"{name}_signal"].values - signal) < 1e-3 * rms(signal)
        steps = int(double.dataset.attrs["final_step"])
        assert rms(single.dataset[f"{name}_noise"].values - noise) < 2 * math.sqrt(steps + 1) * EPS * rms(noise)


@pytest.mark.parametrize("fields", [{}, {"network": "shared"}], ids=["split", "shared"])
def test_the_limit_agrees(fields: dict[str, Any]) -> None:
    e = RUN.replace(neurons="independent", max_tau=100.0, n_test=3, **fields)
    for tau_0, noise in ((1e8, "vanishing"), (0.3, "sampled")):
        runs = [simulate(e.replace(tau_0=tau_0, tau_xi=0.00789 * tau_0, dtype=dtype), "limit", noise=noise, threads=1)  # type: ignore[arg-type]
                for dtype in DTYPES]  # fmt: skip
        atol = loss_tolerance(runs[1])
        np.testing.assert_allclose(runs[0].dataset["f_train"], runs[1].dataset["f_train"], rtol=0, atol=atol)
        assert rms(runs[1].dataset["f_train"]) > 100 * atol


# -- the exact split ------------------------------------------------------------------------------

NETWORKS: list[dict[str, Any]] = [
    {}, {"network": "shared"}, {"patterns": "frozen-at-annealing"}, {"noise_placement": "iterates", "noise_level": 1e-3},
    {"noise_placement": "pre-activations", "noise_level": 0.1, "network": "shared"},
]


def outputs_of(run: Trajectory) -> Array:
    """N_A(U) on the training set from the stored weights, in float64 and one layer after the other (THEORY §2)."""
    e, dataset = run.experiment, run.dataset
    data = draw_data(e)
    x1 = data.x1.astype(np.float64)
    if e.network == "shared":
        x2 = data.alpha[:, None] * shared_directions(e, data.w_star)[data.direction]
        layers = [("U", "u", x1), ("U", "u", x2)]
    else:
        layers = [("W", "w", x1), ("V", "v", data.x2)]
    f = np.zeros(len(data))
    for name, second, x in layers:
        signal, noise = (dataset[f"{name}_{part}"].values.astype(np.float64) for part in ("signal", "noise"))
        held = dataset[f"{name}_pattern"].values if f"{name}_pattern" in dataset else signal + noise
        f += dataset[second].values.astype(np.float64) @ (np.where(held @ x.T > 0, 1.0, 0.0) * ((signal + noise) @ x.T))
    return f


@pytest.mark.parametrize("fields", NETWORKS, ids=str)
@pytest.mark.parametrize(("neurons", "tau_0"), [("paired", 1e5), ("paired", 1e8), ("independent", 30.0), ("balanced", 30.0)])
def test_weights_are_the_sum_of_their_parts_and_outputs_are_theirs(neurons: Any, tau_0: float, fields: dict[str, Any]) -> None:
    """In float32: U - signal - noise vanishes beside the signal, and f is that of this U to the precision's rounding."""
    schedule: dict[str, Any] = {"schedule": "pieces", "pieces": [[16.0, 2.0], [100.0, 0.5]]}
    e = RUN.replace(neurons=neurons, tau_0=tau_0, tau_xi=1e-3 * tau_0, max_tau=20.0, m_V=400, **schedule, **fields)
    run = simulate(e, threads=1)
    for name in run.dataset["layer"].values:
        total, signal, noise = (run.dataset[each].values for each in (name, f"{name}_signal", f"{name}_noise"))
        assert total.dtype == np.float64 and signal.dtype == noise.dtype == np.float32
        gap = total - signal.astype(np.float64) - noise
        assert rms(gap) <= 2**-53 * rms(noise) and rms(gap) < 1e-5 * rms(signal)
        # The sum in float32, which is what an independently rounded state would come to at best, is not that.
        if tau_0 >= 1e5:
            assert rms((signal + noise).astype(np.float64) - signal - noise) > 1e-3 * rms(signal)
    f, expected = run.dataset["f_train"].values, outputs_of(run)
    level = float(run.history("tau_noise_exact")[-1])
    atol = 5 * output_rounding(neurons, level, 1.0, EPS) + 10 * math.sqrt(e.m_V) * EPS * max(1.0, np.abs(f).max())
    np.testing.assert_allclose(f, expected, rtol=0, atol=atol)
    if neurons == "paired":  # outputs of the parts alone are not: the comparison can fail
        assert atol < 1e-3 * rms(f)


@pytest.mark.parametrize("neurons", ["independent", "balanced", "paired"])
def test_rounding_of_outputs_is_as_told(neurons: Any) -> None:
    """`output_rounding` is an upper bound of the root mean square error, and within a factor of 8 of it."""
    for d, n, tau_0 in ((50, 200, 1e4), (400, 300, 1.0)):
        found = []
        for dtype in DTYPES:
            e = RUN.replace(d=d, N=n, p0=0.3, neurons=neurons, tau_0=tau_0, dtype=dtype, m_W=1000)
            with BlockPool(1) as pool:
                found.append(SplitNetwork(e, draw_data(e), pool).f)
        error, told = rms(found[0] - found[1]), output_rounding(neurons, tau_0, RUN.alpha_max, EPS)
        assert (error == told == 0.0) if neurons == "paired" else told / 8 < error < told


def test_a_resumed_run_at_a_large_level_is_the_same(tmp_path: Path) -> None:
    def stop(step: int, tau: float, loss: float) -> None:
        if step:
            raise KeyboardInterrupt

    e, store = RUN.replace(tau_0=1e8, max_tau=40.0, record_every=10.0), tmp_path / "run"
    whole = simulate(e, threads=1)
    simulate(e, threads=1, store=store, progress=stop, checkpoint_seconds=0.0)
    assert unfinished_path(store).exists()
    again = resume(store, threads=2)
    for name in whole.dataset.variables:
        np.testing.assert_array_equal(whole.dataset[name].values, again.dataset[name].values, err_msg=str(name))


@pytest.mark.parametrize("network", ["split", "shared", "placed"])
def test_observers_see_the_patterns_that_the_run_has(network: str) -> None:
    """Before the first step, and without noise in the gradient, the signal has moved no pattern, however large tau_0 is."""
    fields: dict[str, Any] = {"network": "shared"} if network == "shared" else {}
    e = RUN.replace(tau_0=1e8, tau_xi=0.0, lambda_=0.0, max_tau=20.0, observe={"patterns": {"probes": 20}}, **fields)
    run = simulate(e, threads=1)
    assert not run.dataset["pattern_shift"].values[0].any() and run.dataset["pattern_shift"].values.max() <= 1e-3
    flips = np.nan_to_num(run.dataset["flips"].values[..., :2])  # since the start and the last record; P has probes, and Q
    assert not flips[0].any() and flips.max() <= 1e-3
    kind = {"split": SplitNetwork, "shared": SharedNetwork, "placed": PlacedNetwork}[network]
    with BlockPool(1) as pool:
        seen = kind(e, data := draw_data(e), pool)
        z = seen.pre_activations("P", data.x1)
        exact = seen.filters()["P"] @ data.x1.astype(np.float64).T
    assert np.mean((z > 0) != (exact > 0)) <= 1e-5 and z.dtype == np.float32
