"""Observers that a user chooses: patterns, kernels, gradients, the user's own, and when each records."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim import Engine, Experiment, Trajectory, draw_data, simulate
from theory_sim.data import shared_directions
from theory_sim.errors import InputError
from theory_sim.experiment.record_times import Recording
from theory_sim.numeric.patterns import common_active, flipped_by_input, flipped_by_neuron, pack, unpack
from theory_sim.numeric.pool import BlockPool
from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.testing import counts_are_dense_products, flips_follow_sheppard, gram_is_positive_semidefinite
from theory_sim.theory.arc_cosine import flip_probability, tangent_kernel

SMALL = Experiment(
    d=10, N=40, q0=0.4, r=0.5, m_W=70, m_V=330, n_test=4, neurons="independent", tau_0=0.5, tau_xi=0.05, lambda_=0.01,
    schedule="pieces", pieces=((10.0, 2.0), (100.0, 0.5)), max_tau=20.0, record_every=1.0, dtype="float64",
)
ALL: dict[str, Any] = {
    "kernels": {"every_tau": 4.0, "probes": 7}, "patterns": {"every_steps": 3, "probes": 9}, "gradients": {},
}


class Weights(Observer):
    """Keeps what the chosen observers must have seen."""

    name = "weights"
    variables: ClassVar = {"pace": Variable((), "1", "rate")}

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.seen: list[tuple[int, Any, dict[str, np.ndarray], np.ndarray]] = []
        self.at_annealing: dict[str, np.ndarray] | None = None

    def observe(self, snapshot: Snapshot) -> Values:
        copies = {name: weights.copy() for name, weights in snapshot.network.filters().items()}
        self.seen.append((snapshot.step, snapshot.now, copies, snapshot.network.f.copy()))
        return {"pace": snapshot.rate}

    def annealed(self, snapshot: Snapshot) -> None:
        assert self.at_annealing is None
        self.at_annealing = {name: weights.copy() for name, weights in snapshot.network.filters().items()}


def inputs(e: Experiment, probes: int) -> dict[str, np.ndarray]:
    data = draw_data(e)
    plane = np.array([[1.0, -e.r], [1.0, 0.0], [1.0, e.r]])
    directions = shared_directions(e, data.w_star) if e.network == "shared" else plane
    return {"P": data.x1[data.kind != 1][:probes], "Q": directions.astype(data.x1.dtype)}


@given(
    m=st.integers(1, 200), n=st.integers(0, 12), k=st.integers(0, 70), seed=st.integers(0, 1000), threads=st.integers(1, 3)
)
def test_packed_patterns_are_the_dense_ones(m: int, n: int, k: int, seed: int, threads: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((m, n)), rng.standard_normal((m, k)).astype(np.float32)
    packed, other = pack(a), pack(b)
    assert packed.shape == (n, -(-m // 64))
    np.testing.assert_array_equal(unpack(packed, m), (a > 0).T)
    with BlockPool(threads) as pool:
        counts_are_dense_products(common_active(packed, other, pool), (a > 0).T, (b > 0).T)
    again = rng.standard_normal((m, n))
    differ = (a > 0) != (again > 0)
    np.testing.assert_array_equal(flipped_by_input(packed, pack(again)), differ.sum(axis=0))
    np.testing.assert_array_equal(flipped_by_neuron(packed, pack(again), m), differ.sum(axis=1))


def test_counts_of_another_pattern_are_refused() -> None:
    a = np.random.default_rng(0).standard_normal((100, 5))
    with BlockPool(1) as pool:
        counts = common_active(pack(a), pack(a), pool)
    wrong = (a > 0).T.copy()
    wrong[2, 40] = ~wrong[2, 40]
    with pytest.raises(AssertionError, match="active at both"):
        counts_are_dense_products(counts, wrong, (a > 0).T)


@pytest.mark.parametrize("network", ["split", "shared"])
def test_patterns_are_those_of_the_weights(network: str) -> None:
    e = SMALL.replace(network=network, observe={"patterns": ALL["patterns"]})
    watcher = Weights(Recording(every_steps=3))
    data = simulate(e, observers=[watcher]).dataset
    at = inputs(e, 9)
    assert list(data["step_patterns"].values) == [step for step, *_ in watcher.seen]
    assert watcher.at_annealing is not None
    before = watcher.seen[0][2]
    for i, (step, now, weights, _) in enumerate(watcher.seen):
        last = watcher.seen[max(i - 1, 0)]
        for feature in ("P", "Q"):
            x = at[feature]
            active = weights[feature] @ x.T > 0
            m = len(active)
            packed = data[f"patterns_{feature}"].values[i]
            np.testing.assert_array_equal(np.unpackbits(packed, axis=1, count=m, bitorder="little"), active.T)
            first = before[feature] @ x.T > 0
            flips = data["flips"].sel(feature=feature).values[i]
            assert flips[0] == pytest.approx(np.mean(active != first))
            assert flips[1] == pytest.approx(np.mean(active != (last[2][feature] @ x.T > 0)))
            if step >= 5:  # tau = 10
                assert flips[2] == pytest.approx(np.mean(active != (watcher.at_annealing[feature] @ x.T > 0)))
            else:
                assert math.isnan(flips[2])
            np.testing.assert_allclose(data[f"flips_input_{feature}"].values[i], np.mean(active != first, axis=0))
            np.testing.assert_allclose(data[f"flips_neuron_{feature}"].values[i], np.mean(active != first, axis=1), rtol=1e-6)
        predicted = data["flips_predicted"].values[i]
        assert predicted[0] == pytest.approx(math.acos(min(1.0, watcher.seen[0][1].rho(now))) / math.pi, abs=1e-7)
        q, q_first = weights["Q"] @ at["Q"].T > 0, before["Q"] @ at["Q"].T > 0
        near = (q_first != q_first[:, 1:2]).any(axis=1)
        assert data["flips_near_kink"].values[i, 0] == pytest.approx(np.mean(q[near] != q_first[near]))
        assert data["near_kink_kept"].values[i] == pytest.approx(np.mean((q != q[:, 1:2]).any(axis=1)[near]))
    assert data.sizes["record_patterns"] == len(watcher.seen) > 5


@pytest.mark.parametrize("network", ["split", "shared"])
def test_kernels_are_those_of_the_weights(network: str) -> None:
    e = SMALL.replace(network=network, observe={"kernels": ALL["kernels"]})
    watcher = Weights(Recording(every_tau=4.0))
    data = simulate(e, observers=[watcher]).dataset
    at = inputs(e, 7)
    times = len(watcher.seen)
    assert data.sizes["record_kernels"] == times == 6
    for feature in ("P", "Q"):
        x = at[feature]
        inner = x @ x.T
        active = [weights[feature] @ x.T > 0 for _, _, weights, _ in watcher.seen]
        m = len(active[0])
        grams = np.array([[inner * (s.T.astype(float) @ t) / m for t in active] for s in active])
        length = np.linalg.norm(x, axis=1)
        cosine = inner / np.outer(length, length)
        of = data.sel(feature=feature)
        for t in range(times):
            np.testing.assert_allclose(data[f"kernel_equal_{feature}"].values[t], grams[t, t], atol=1e-14)
            np.testing.assert_allclose(data[f"kernel_two_{feature}"].values[t], grams[0, t], atol=1e-14)
            gram_is_positive_semidefinite(data[f"kernel_equal_{feature}"].values[t])
            norm = np.linalg.norm(grams[0, 0])
            assert of["kernel_drift_equal"].values[t] == pytest.approx(np.linalg.norm(grams[t, t] - grams[0, 0]) / norm)
            assert of["kernel_drift_two"].values[t] == pytest.approx(np.linalg.norm(grams[0, t] - grams[0, 0]) / norm)
            aligned = (grams[t, t] * grams[0, 0]).sum() / np.linalg.norm(grams[t, t]) / norm
            assert of["kernel_alignment_equal"].values[t] == pytest.approx(aligned)
            leading = np.linalg.eigvalsh(grams[t, t])[::-1][:5]
            np.testing.assert_allclose(of["kernel_eigenvalues"].values[t][: len(leading)], leading, atol=1e-13)
            rho = watcher.seen[0][1].rho(watcher.seen[t][1])
            limit = [tangent_kernel(inner, np.clip(cosine, -1, 1), correlation) for correlation in (1.0, rho)]
            wanted = np.linalg.norm(limit[1] - limit[0]) / np.linalg.norm(limit[0])
            assert of["kernel_drift_two_predicted"].values[t] == pytest.approx(wanted, abs=1e-6)
            for s in range(times):
                base = np.linalg.norm(grams[s, s])
                assert of["kernel_map_two"].values[s, t] == pytest.approx(np.linalg.norm(grams[s, t] - grams[s, s]) / base)
                assert of["kernel_map_equal"].values[s, t] == pytest.approx(np.linalg.norm(grams[t, t] - grams[s, s]) / base)


def test_a_matrix_that_is_no_gram_is_refused() -> None:
    for wrong, said in ((np.array([[1.0, 0.5], [0.4, 1.0]]), "asymmetric"), (np.array([[1.0, 1.1], [1.1, 1.0]]), "eigenvalue")):
        with pytest.raises(AssertionError, match=said):
            gram_is_positive_semidefinite(wrong)


def test_flips_follow_sheppard_in_a_lazy_network() -> None:
    """20 000 neurons, ten records, level 1e-6 each; a correlation off by 3 % is refused."""
    e = SMALL.replace(m_W=20_000, m_V=20_000, tau_0=100.0, tau_xi=10.0, observe={"patterns": {"every_tau": 2.0}})
    data = simulate(e).dataset
    refused = 0
    for i in range(1, data.sizes["record_patterns"]):
        rho = math.cos(math.pi * float(data["flips_predicted"].values[i, 0]))
        for feature in ("P", "Q"):
            shares = data[f"flips_input_{feature}"].values[i]
            flips_follow_sheppard(shares, rho, 20_000)
            try:
                flips_follow_sheppard(shares, 0.97 * rho, 20_000)
            except AssertionError:
                refused += 1
    assert refused >= 15


def test_gradients_by_hand() -> None:
    e = SMALL.replace(observe={"gradients": {"every_steps": 5}})
    watcher = Weights(Recording(every_steps=5))
    data = simulate(e, observers=[watcher]).dataset
    train = draw_data(e)
    for i, (*_, f) in enumerate(watcher.seen):
        margin = train.y * f
        weight = train.y / (1 + np.exp(margin))
        parts = np.array([weight[train.kind == k] @ train.x1[train.kind == k] for k in range(3)])
        whole = parts.sum(axis=0)
        share = data["gradient_share"].values[i]
        np.testing.assert_allclose(share, parts @ whole / (whole @ whole), atol=1e-12)
        assert share.sum() == pytest.approx(1) and share[1] == 0
        signal = parts @ train.w_star
        np.testing.assert_allclose(data["gradient_share_signal"].values[i], signal / signal.sum(), atol=1e-12)
        # Mean over the examples of a_i x_2 is the residuals' sum of directions: z has coordinates (1, 0), z +- zeta (1, +-r).
        directions = np.array([[1, -e.r], [1, 0], [1, e.r]])
        np.testing.assert_allclose(data["residual_Q"].values[i] @ directions, weight @ train.x2 / len(train), atol=1e-12)
        assert data["residual_Q"].values[i][1] > 0 > data["residual_Q"].values[i][0], "z has the label +1"
        for k, kind in enumerate(("P-only", "Q-only", "both")):
            mine = margin[train.kind == k]
            quantiles = data["margin"].sel(kind=kind).values[i]
            np.testing.assert_allclose(quantiles, np.quantile(mine, data["quantile"].values))
            assert data["residual_weight"].sel(kind=kind).values[i] == pytest.approx(np.mean(1 / (1 + np.exp(mine))))


@pytest.mark.parametrize("engine", ["finite", "shared", "limit", "flow"])
def test_observers_change_no_other_number(engine: str) -> None:
    observe = {**ALL, "patterns": {"at_tau": [0.5, 6.0]}} if engine == "flow" else ALL
    e = SMALL.replace(**({"network": "shared"} if engine == "shared" else {}))
    computed = {"limit": Engine("limit"), "flow": Engine("limit", {"time": "flow"})}.get(engine, Engine())

    def course(chosen: dict[str, Any]) -> Trajectory:
        return simulate(e.replace(observe=chosen), computed)

    plain, watched = course({}).dataset, course(observe).dataset
    assert len(watched.variables) > len(plain.variables) + 20
    if engine == "flow":  # adaptive steps end at the observers' times too: the same within the stated error
        gap = np.abs(plain["f_train"] - watched["f_train"]).max()
        assert gap <= float(plain["time_error"][-1])
        return
    for name in plain.variables:
        np.testing.assert_array_equal(plain[name].values, watched[name].values, err_msg=str(name))


@pytest.mark.parametrize("engine", ["finite", "limit"])
def test_record_times(engine: str) -> None:
    e = SMALL.replace(observe={
        "patterns": {"log_steps": 4}, "kernels": {"at_tau": [0.0, 3.0, 15.2]}, "gradients": {"every_tau": 5.0},
    })  # fmt: skip
    data = simulate(e, Engine(engine)).dataset
    steps = data.attrs["final_step"]
    assert list(data["step_patterns"].values) == sorted({0, *(round(10 ** (k / 4)) for k in range(8))} & set(range(steps + 1)))
    assert list(data["tau_kernels"].values) == [0.0, 4.0, 15.5]  # the first step at or after each
    assert list(data["tau_gradients"].values) == [0.0, 6.0, 10.0, 15.0, 20.0]
    without = simulate(e.replace(observe={"gradients": {}}), Engine(engine)).dataset
    assert without["residual_weight"].dims == ("record", "kind")


def test_flow_stops_at_record_times() -> None:
    e = SMALL.replace(observe={"kernels": {"at_tau": [0.7, 3.3, 15.2]}, "patterns": {"every_tau": 3.5}})
    data = simulate(e, "limit", time="flow").dataset
    np.testing.assert_allclose(data["tau_kernels"], [0.7, 3.3, 15.2], rtol=1e-12)
    np.testing.assert_allclose(data["tau_patterns"], np.arange(6) * 3.5, rtol=1e-12)
    with pytest.raises(InputError, match="counted in steps"):
        simulate(SMALL.replace(observe={"patterns": {"every_steps": 3}}), "limit", time="flow")


@pytest.mark.parametrize("kernel", ["moving", "frozen", "independent"])
def test_the_limit_has_the_predicted_patterns(kernel: Any) -> None:
    data = simulate(SMALL.replace(observe=ALL), "limit", kernel=kernel).dataset
    np.testing.assert_array_equal(data["flips"].sel(feature="P"), data["flips_predicted"])
    np.testing.assert_allclose(data["kernel_map_two"], data["kernel_map_two_predicted"], atol=1e-12)
    assert (data["kernel_map_equal"] == 0).all()
    last = float(data["flips"].values[-1, 0, 0])
    wanted = {"frozen": (0.0, 0.0), "independent": (0.5, 0.5), "moving": (0.01, 0.49)}[kernel]
    assert wanted[0] <= last <= wanted[1]
    assert data["flips_neuron_P"].shape[1] == 0 and np.isnan(data["near_kink_kept"]).all()
    if kernel == "moving":
        finite = simulate(SMALL.replace(observe=ALL)).dataset
        np.testing.assert_allclose(finite["flips_predicted"], data["flips_predicted"], atol=1e-7)
        assert float(flip_probability(1.0)) == 0.0


@pytest.mark.parametrize(
    ("observe", "said"),
    [
        ({"pattern": {}}, "observe"),
        ({"patterns": {"every_steps": 2, "every_tau": 1.0}}, "every_steps and every_tau"),
        ({"kernels": {"at_tau": [3.0, 1.0]}}, "at_tau = [3.0, 1.0]"),
        ({"kernels": {"at_tau": []}}, "at_tau = []"),
        ({"gradients": {"probes": 4}}, "probes"),
        ({"kernels": {"probes": 0}}, "observe"),
        ({"kernels": {"sometimes": 1}}, "observe"),
    ],
)
def test_bad_tables_are_refused(observe: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        Experiment(observe=observe)
    assert said in str(caught.value) and "fix:" in str(caught.value)


def test_observers_that_break_their_word_are_refused() -> None:
    class Wrong(Weights):
        def observe(self, snapshot: Snapshot) -> Values:
            return {"other": 1.0}

    class Clash(Weights):
        variables: ClassVar = {"h": Variable((), "1", "taken")}

    with pytest.raises(InputError, match="declared"):
        simulate(SMALL, observers=[Wrong(Recording())])
    with pytest.raises(InputError, match="declared twice"):
        simulate(SMALL, observers=[Clash(Recording())])
    with pytest.raises(InputError, match="all different"):
        one, other = Weights(Recording(every_steps=2)), Weights(Recording(every_steps=3))
        other.variables = {"else": Variable((), "1", "x")}  # type: ignore[misc]
        simulate(SMALL, observers=[one, other])
