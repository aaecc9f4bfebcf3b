"""The network of any activation: against a slow reference, the fast networks, and itself after an interruption."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_resume import Stop, assert_same_data
from theory_sim import Experiment, Trajectory, draw_data, draw_initial, draw_noise, draw_test_data, resume, simulate
from theory_sim.data import Data
from theory_sim.engines import finite
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import ACTIVATIONS
from theory_sim.network import GeneralNetwork, SplitNetwork
from theory_sim.numeric.pool import BlockPool

SMALL = Experiment(d=5, N=14, m_W=6, m_V=8, n_test=3, schedule="constant", eta_1=0.7, tau_0=0.8, lambda_=0.02, tau_xi=0.1,
                   max_tau=2.8, record_every=0.7, dtype="float64", seed=2)
PHI: dict[str, Callable[[float], float]] = {
    "relu": lambda z: max(z, 0.0), "linear": lambda z: z, "leaky-relu": lambda z: z if z > 0 else 0.25 * z, "tanh": math.tanh,
    "erf": math.erf, "softplus": lambda z: math.log1p(math.exp(z)), "gelu": lambda z: z * 0.5 * math.erfc(-z / math.sqrt(2)),
}
CASES: list[dict[str, Any]] = [
    *({"activation": name, **({"leak": 0.25} if name == "leaky-relu" else {})} for name in PHI),
    {"biases": True}, {"train_second_layer": True, "neurons": "balanced"}, {"output_scale": 2.5},
    {"activation": "tanh", "network": "shared", "biases": True, "train_second_layer": True, "output_scale": 0.5},
    {"activation": "softplus", "neurons": "independent", "train_second_layer": True, "batch_size": 5},
    {"data_law": "weak-and-strong", "neurons": "independent"}, {"data_law": "xor", "biases": True},
    {"data_law": "weak-and-strong", "network": "shared", "activation": "gelu"}, {"alpha_law": "fixed", "activation": "erf"},
]


def patches(e: Experiment, data: Data) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Each patch (N, k) with the layer that sees it."""
    second = data.x2
    if e.network == "shared" and data.pq is not None:
        from theory_sim.data import shared_directions

        second = data.alpha[:, None] * shared_directions(e, data.w_star)[data.direction]
    found = [("U", data.x1), ("U", second)] if e.network == "shared" else [("W", data.x1), ("V", second)]
    return [(label, x) for label, x in found if x.shape[1]]


def output(e: Experiment, weights: dict[str, Any], inputs: list[tuple[str, Any]], i: int) -> float:
    """f at example i, neuron by neuron."""
    total = 0.0
    for label, x in inputs:
        U, u = weights[label], weights[label.lower()]
        for j in range(len(U)):
            z = sum(float(a) * float(b) for a, b in zip(U[j], x[i], strict=False)) + (float(U[j][-1]) if e.biases else 0.0)
            total += float(u[j]) * PHI[e.activation](z)
    return e.output_scale * total


def mean_loss(e: Experiment, weights: dict[str, Any], data: Data, examples: Any) -> float:
    inputs = patches(e, data)
    return sum(math.log1p(math.exp(-float(data.y[i]) * output(e, weights, inputs, i))) for i in examples) / len(examples)


def gradient(e: Experiment, weights: dict[str, Any], data: Data, name: str, examples: Any) -> np.ndarray[Any, Any]:
    """Derivative of the mean loss by central differences, weight by weight."""
    found, step = np.zeros_like(weights[name]), 1e-6
    for index in np.ndindex(found.shape):
        ends = []
        for sign in (1, -1):
            moved = {key: value.copy() for key, value in weights.items()}
            moved[name][index] += sign * step
            ends.append(mean_loss(e, moved, data, examples))
        found[index] = (ends[0] - ends[1]) / (2 * step)
    return found


@pytest.mark.parametrize("fields", CASES, ids=lambda fields: "-".join(map(str, fields.values())))
def test_two_steps_are_those_of_finite_differences(fields: dict[str, Any]) -> None:
    """U and u after two steps of THEORY §3, and the split of U, by gradients of a loss written out neuron by neuron."""
    from theory_sim.train.sampling import make_sampling

    e = SMALL.replace(**fields, max_tau=1.4)
    data, weights = draw_data(e), draw_initial(e)
    labels = [name for name in weights if name.isupper()]
    noise, signal = {name: weights[name].copy() for name in labels}, {name: 0 * weights[name] for name in labels}
    keep, rate = 1 - e.eta_1 * e.lambda_, e.eta_1
    for step in range(2):
        batch = make_sampling(e).at(step)
        examples = range(len(data)) if batch is None else batch
        slopes = {name: gradient(e, weights, data, name, examples) for name in weights
                  if name.isupper() or e.train_second_layer}
        xi = draw_noise(e, step)
        for name in labels:
            signal[name] = keep * signal[name] - rate * slopes[name]
            noise[name] = keep * noise[name] - rate * e.tau_xi * xi[name]
            weights[name] = keep * weights[name] - rate * (slopes[name] + e.tau_xi * xi[name])
            if e.train_second_layer:
                weights[name.lower()] = keep * weights[name.lower()] - rate * slopes[name.lower()]
    run = simulate(e, threads=1).dataset
    inputs = patches(e, data)
    np.testing.assert_allclose(run["f_train"].values, [output(e, weights, inputs, i) for i in range(len(data))], atol=2e-8)
    for name in labels:
        k = run[name].shape[1]
        np.testing.assert_allclose(run[name].values, weights[name][:, :k], atol=2e-8)
        np.testing.assert_allclose(run[f"{name}_signal"].values, signal[name][:, :k], atol=2e-8)
        np.testing.assert_allclose(run[f"{name}_noise"].values, noise[name][:, :k], atol=2e-8)
        np.testing.assert_allclose(run[name.lower()].values, weights[name.lower()], atol=2e-8)
        if e.biases:
            np.testing.assert_allclose(run[f"{name}_bias"].values, weights[name][:, -1], atol=2e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fields", [{}, {"neurons": "independent"}, {"network": "shared"}, {"batch_size": 9},
                                    {"noise_placement": "labels", "noise_level": 0.3}])
def test_it_is_the_fast_networks_to_rounding(fields: dict[str, Any], dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    e = SMALL.replace(d=9, N=40, m_W=30, m_V=44, max_tau=14.0, dtype=dtype, **fields)
    fast = simulate(e, threads=1)
    monkeypatch.setattr(finite, "_needs_general", lambda e: True)
    general = simulate(e, threads=2)
    assert general.dataset.attrs["outcome"] == fast.dataset.attrs["outcome"]
    for name in fast.dataset.data_vars:
        np.testing.assert_allclose(general.dataset[name].values, fast.dataset[name].values, rtol=0, equal_nan=True,
                                   atol=2e-5 if dtype == "float32" else 1e-12, err_msg=str(name))


def test_large_noise_that_cancels_in_pairs_leaves_the_signals_digits() -> None:
    e = SMALL.replace(activation="leaky-relu", leak=0.0, tau_0=1e4, dtype="float32", tau_xi=1.0)
    exact, rounded = (simulate(e.replace(dtype=dtype), threads=1).dataset["f_train"].values for dtype in ("float64", "float32"))
    np.testing.assert_allclose(rounded, exact, atol=1e-5)


def test_a_pair_is_silent_at_the_start_and_the_signal_part_is_that_of_slopes() -> None:
    e = SMALL.replace(activation="gelu")
    data, fresh = draw_data(e), draw_test_data(e)
    with BlockPool(1) as pool:
        network = GeneralNetwork(e, data, pool)
        assert not network.f.any()
        for step in range(3):
            network.step(-data.y / len(data), 1.0, step)
        signal = network.outputs(fresh)[1]
        expected = np.zeros(len(fresh))
        for label, x in patches(e, fresh):
            layer = network.layers[label]
            z, h = x @ layer.weights.T, 1e-6
            slope = (np.vectorize(PHI["gelu"])(z + h) - np.vectorize(PHI["gelu"])(z - h)) / (2 * h)
            expected += (slope * (x @ layer.signal.T)) @ layer.u
        np.testing.assert_allclose(signal, expected, atol=1e-8)


MANY: dict[str, Any] = {"m_W": 600, "m_V": 52_000, "biases": True, "train_second_layer": True, "activation": "tanh"}


def test_threads_change_nothing() -> None:
    e = SMALL.replace(**MANY, dtype="float32")
    assert_same_data(simulate(e, threads=1), simulate(e, threads=3))


@pytest.mark.parametrize("fields", [{"activation": "softplus", "biases": True, "train_second_layer": True},
                                    {"data_law": "weak-and-strong", "batch_size": 4}, {"data_law": "xor"}])
def test_an_interrupted_run_goes_on_to_the_same_bits(fields: dict[str, Any], tmp_path: Path) -> None:
    e, store = SMALL.replace(**fields), tmp_path / "run"
    assert simulate(e, store=store, threads=1, progress=Stop(3), checkpoint_seconds=0.0).outcome == "interrupted"
    assert_same_data(resume(store), simulate(e, threads=1))
    assert_same_data(Trajectory.load(store), simulate(e, threads=1))


def test_parts_go_in_and_out() -> None:
    e = SMALL.replace(activation="erf", biases=True, neurons="independent")
    given = simulate(e, data=(draw_data(e), draw_test_data(e)), initial=draw_initial(e), noise=draw_noise(e, range(5)))
    given.dataset.attrs.pop("given")
    assert_same_data(given, simulate(e))


@pytest.mark.parametrize("k", [0, 3])
def test_arrays_of_the_users(k: int) -> None:
    """Any data set of two patches: the training loss by the neuron-by-neuron reference; losses by the user's own groups."""
    rng = np.random.default_rng(4)

    def made(n: int) -> Data:
        return Data(rng.standard_normal((n, 5)), rng.standard_normal((n, k)), rng.choice([-1.0, 1.0], n),
                    rng.integers(0, 2, n).astype(np.int8), ("cats", "dogs"))

    e = SMALL.replace(data_law="arrays", d_2=k)
    train = made(14)
    run = simulate(e, data=(train, made(6)))
    assert run.dataset["kind"].values.tolist() == ["cats", "dogs"] and ("V" in run.dataset) == (k > 0)
    weights = {name: run.dataset[name].values for name in (("W", "w", "V", "v") if k else ("W", "w"))}
    assert run.history("train_loss")[-1] == pytest.approx(mean_loss(e, weights, train, range(14)), abs=1e-12)
    assert np.isnan(run.history("P_error")).all() and np.isnan(run.history("h", part="total")).all()
    with pytest.raises(InputError, match="arrays' without data"):
        simulate(e)
    with pytest.raises(InputError, match="training set alone"):
        simulate(e, data=train)


@pytest.mark.parametrize(("fields", "reason"), [
    ({"activation": "tanh", "noise_placement": "iterates", "noise_level": 0.1}, "ReLU networks on the P/Q"),
    ({"biases": True, "patterns": "frozen"}, "biases = True"),
    ({"data_law": "xor", "observe": {"kernels": {}}}, "observe kernels"),
    ({"train_second_layer": True, "observe": {"descent": {}}}, "train_second_layer"),
])
def test_combinations_that_it_has_not_are_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        simulate(SMALL.replace(**fields))


@pytest.mark.parametrize("engine", ["limit", "closure"])
@pytest.mark.parametrize("fields", [{"activation": "tanh"}, {"biases": True}, {"train_second_layer": True},
                                    {"output_scale": 2.0}, {"data_law": "xor"}])
def test_other_engines_refuse_what_has_no_equation(engine: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(fields))):
        simulate(SMALL.replace(**fields), engine)


def test_the_shared_network_needs_patches_of_one_dimension() -> None:
    with pytest.raises(ExperimentError, match="both patches"):
        SMALL.replace(data_law="arrays", d_2=3, network="shared")


@pytest.mark.parametrize("name", ACTIVATIONS.names())
def test_slopes_are_derivatives(name: str) -> None:
    from theory_sim.network.activations import make_activation

    phi = make_activation(SMALL.replace(activation=name, **({"leak": 0.25} if name == "leaky-relu" else {})))
    z = np.linspace(-6.03, 6.01, 40)
    np.testing.assert_allclose(phi.value(z), [PHI[name](each) for each in z], atol=1e-14)
    np.testing.assert_allclose(phi.slope(z), (phi.value(z + 1e-5) - phi.value(z - 1e-5)) / 2e-5, atol=1e-9)
    np.testing.assert_allclose(phi.bend(z), (phi.slope(z + 1e-5) - phi.slope(z - 1e-5)) / 2e-5, atol=1e-9)
    assert phi.homogeneous == np.allclose(phi.value(3 * z), 3 * phi.value(z)) and phi.zero_at_zero == (phi.value(0 * z)[0] == 0)
    slopes = type(phi).slopes(SMALL.replace(activation=name, **({"leak": 0.25} if name == "leaky-relu" else {})))
    if slopes is not None:
        np.testing.assert_array_equal(phi.slope(z), np.where(z > 0, slopes[1], slopes[0]))


def test_the_default_model_has_the_fast_network() -> None:
    assert finite._network_class(SMALL) is SplitNetwork
    assert finite._network_class(SMALL.replace(output_scale=2.0)) is GeneralNetwork


def test_a_linear_network_is_its_limit_at_any_width() -> None:
    """sum_j u_j^2 = 1, so that the kernel is <x, x'> whatever the weights are; paired neurons put no noise out."""
    e = SMALL.replace(activation="linear", max_tau=7.0)
    finite_width, limit = simulate(e), simulate(e, "limit")
    for name in ("train_loss", "loss_test", "f_train", "norm_signal"):
        np.testing.assert_allclose(finite_width.dataset[name].values, limit.dataset[name].values, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("network", ["split", "shared"])
def test_leaky_relu_at_a_large_width_is_its_limit(network: Any) -> None:
    """Outputs differ by O(m^-1/2): at m = 40 000 of one seed by 0.01, and by 0.1 and more from those of another leak."""
    e = SMALL.replace(activation="leaky-relu", leak=0.4, m_W=40_000, m_V=40_000, dtype="float32", max_tau=14.0, network=network)
    wide, limit, other = (simulate(e), simulate(e, "limit"), simulate(e.replace(leak=0.0), "limit"))
    f, g, h = (run.dataset["f_train"].values for run in (wide, limit, other))
    assert np.abs(f - g).max() < 0.02 < 0.05 < np.abs(f - h).max()


@pytest.mark.parametrize("fields", [{"activation": "tanh", "m_V": 6000}, {"data_law": "xor", "m_W": 6000, "d": 60},
                                    {"biases": True, "train_second_layer": True, "m_V": 4000, "network": "split"}])
def test_memory_is_estimated_within_a_third(fields: dict[str, Any]) -> None:
    """Of what the network itself allocates: its slopes at every point are the most of it."""
    import tracemalloc

    from theory_sim.memory import total
    from theory_sim.network.memory import general_parts

    e = SMALL.replace(N=400, m_W=200, dtype="float32").replace(**fields)
    data, bound = draw_data(e), total(general_parts(e, threads=1).values())
    with BlockPool(1) as pool:
        GeneralNetwork(e, data, pool).step(0 * data.y, 0.1, 0)  # compiles
        tracemalloc.start()
        network = GeneralNetwork(e, data, pool)
        network.step(-data.y / len(data), 0.1, 0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert 0.66 < bound / peak < 1.5


def test_branches_of_other_data_are_whole_runs(tmp_path: Path) -> None:
    from theory_sim.sweeps.branching import branch

    e = SMALL.replace(data_law="xor", activation="tanh")
    simulate(e, store=tmp_path / "run", threads=1)
    [(_, branched)] = branch(tmp_path / "run", 1.4, [{"max_tau": 4.2}], out=tmp_path / "out")
    np.testing.assert_array_equal(branched.dataset["W"].values, simulate(e.replace(max_tau=4.2)).dataset["W"].values)


def test_the_recorded_signal_on_directions_has_the_output_scale() -> None:
    """g(x) = s sum_j v_j phi'(z_j) <V_j, x> from the final weights, at z - zeta, z and z + zeta, and of the signal alone."""
    e = Experiment(d=6, N=12, m_W=6, m_V=8, n_test=2, max_tau=6.0, eta_1=1.0, tau_0=0.4, tau_xi=0.05, record_every=1.0,
                   activation="leaky-relu", output_scale=3.0, dtype="float64", neurons="independent")  # fmt: skip
    found = simulate(e).dataset
    directions = np.array([[1.0, -e.r], [1.0, 0.0], [1.0, e.r]])  # along z and zeta / r
    slope = np.where(found["V"].values @ directions.T > 0, 1.0, e.own_values["leak"])
    for part, weights in (("total", "V"), ("signal", "V_signal")):
        expected = 3.0 * (found["v"].values[:, None] * slope * (found[weights].values @ directions.T)).sum(axis=0)
        assert found["g"].sel(part=part).values[-1] == pytest.approx(expected, rel=1e-12)
