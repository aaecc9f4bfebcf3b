"""The closure as an engine: the schema of a run, what it refuses, and how near it is to the limit (THEORY §8)."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.limit import closure_experiments as protocol
from tests.limit import closure_page
from theory_sim import Experiment, Trajectory, learning_order, regime, simulate
from theory_sim.closure.of_experiment import get_closure
from theory_sim.closure.trajectory import run_closure
from theory_sim.engines import Engine, engine_names
from theory_sim.errors import InputError, StoreError
from theory_sim.theory.closure.accuracy import ACCURACY, EXPERIMENTS, RANGE, briefly, out_of_range, within


def test_same_schema_as_the_limit(tmp_path: Path) -> None:
    e = Experiment(d=40, N=160, max_tau=100.0)
    told, seen = simulate(e, "closure", store=tmp_path / "run").dataset, simulate(e, "limit").dataset
    assert set(told.variables) == set(seen.variables) - {"f_train", "w_star", "linear_part"}
    for name in told.variables:
        assert told[name].dims == seen[name].dims and told[name].attrs == seen[name].attrs, name
    assert set(told.attrs) == set(seen.attrs) - {"limit", "kernel_error"}
    assert Trajectory.load(tmp_path / "run").dataset.identical(told)
    with pytest.raises(StoreError, match="exists"):
        simulate(e, "closure", store=tmp_path / "run")
    assert np.isnan(told["loss_test"]).all() and np.isnan(told["norm_signal"]).all()
    for name in ("loss_train", "accuracy_train", "g", "h", "P_error", "tau_noise", "rate"):
        assert np.isfinite(told[name]).all(), name


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"network": "shared"}, "network = 'shared'"), ({"batch_size": 10}, "batch_size = 10"),
        ({"loss": "squared"}, "loss = 'squared'"), ({"activation": "tanh"}, "activation = 'tanh'"),
        ({"activation": "erf"}, "activation = 'erf'"), ({"activation": "leaky-relu", "tau_0": 0.0}, "tau_0 = 0"),
        ({"observe": {"patterns": {}}}, "observe = ['patterns']"),
        ({"noise_placement": "gradient", "noise_level": 0.1}, "noise_placement = 'gradient'"),
        ({"eta_1": 2500.0, "tau_0": 1.0}, "rate"),
    ],
)
def test_what_it_does_not_cover_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        simulate(Experiment().replace(**fields), "closure")
    assert "fix:" in str(caught.value)


USED = {
    "d": 90, "kappa": 0.6, "p0": 0.2, "q0": 0.4, "g0": 0.8, "r": 0.45, "alpha_min": 0.3, "alpha_max": 1.2, "eta_1": 8.0,
    "eta_2": 1.0, "epsilon_1": 0.2, "lambda_": 1e-3, "tau_xi": 0.02, "tau_0": 0.9, "patterns": "frozen", "epsilon_2": 0.5,
    "max_tau": 250.0, "max_steps": 12, "schedule": "S",
}
UNREAD = {
    "m_W": 500, "m_V": 5000, "neurons": "independent", "dtype": "float64", "seed": 3, "seed_data": 4, "seed_init": 5,
    "seed_noise": 6, "seed_batch": 7, "counts": "random", "n_test": 50, "record_every": 3.0, "name": "other",
}
REFUSED = {"network", "overlap_z", "batch_size", "observe", "noise_placement", "noise_level", "noise_annealing", "noise_factor",
           "loss", "optimiser", "sampling", "label_flips", "data_law", "alpha_law", "output_scale",
           "train_second_layer", "biases"}
# Below: each goes with another field.
ELSEWHERE = {"N", "tau_0_rate", "step_tau", "step_factor", "pieces", "schedule_clock", "activation"}


def test_every_field_is_used_or_refused_or_said_not_to_be_read() -> None:
    fields = set(Experiment.model_fields)
    assert fields == {*USED, *UNREAD, *REFUSED, *ELSEWHERE}
    base = Experiment(d=60, max_tau=300.0, epsilon_1=0.25)

    def course(experiment: Experiment) -> Any:
        return simulate(experiment, "closure").dataset[["tau", "train_loss", "P_overlap", "tau_noise_exact"]]

    plain = course(base)
    for name, value in USED.items():
        assert not course(base.replace(**{name: value})).equals(plain), name
    for name, value in UNREAD.items():
        assert course(base.replace(**{name: value})).equals(plain), name
    for fields_of in ({"N": 100}, {"tau_0_rate": 2.0}):
        assert not course(base.replace(**fields_of)).equals(plain), fields_of
    step = base.replace(schedule="step", step_tau=50.0)
    assert not course(step).equals(course(step.replace(step_tau=70.0)))
    assert not course(step).equals(course(step.replace(step_factor=0.5)))
    assert not course(step).equals(course(step.replace(schedule_clock="step")))
    leaky = {leak: course(base.replace(activation="leaky-relu", leak=leak)) for leak in (0.0, 0.3, 0.303, 1.0)}
    assert leaky[0.0].equals(plain) and leaky[1.0].equals(course(base.replace(activation="linear")))
    assert not any(leaky[0.3].equals(other) for other in (plain, leaky[0.303], leaky[1.0]))
    said = re.findall(r"\w+", run_closure.__doc__ or "")
    assert {"widths", "neurons", "dtype", "seeds", "counts", "n_test", "record_every"} <= set(said)


COURSES: dict[str, dict[str, Any]] = {
    "S": {"schedule": "S"}, "L-S": {}, "constant": {"schedule": "constant"}, "cosine": {"schedule": "cosine"},
    "step": {"schedule": "step", "step_tau": 150.0, "step_factor": 0.3},
    "pieces": {"schedule": "pieces", "pieces": ((100.0, 2.0), (300.0, 16.0), (500.0, 4.0), (600.0, 0.5))},
    "frozen": {"patterns": "frozen"}, "redrawn": {"patterns": "redrawn"},
    "frozen-at-annealing": {"patterns": "frozen-at-annealing"},
    "leaky ReLU": {"activation": "leaky-relu", "leak": 0.3, "eta_1": 8.0},
    "leaky ReLU, S": {"activation": "leaky-relu", "leak": 0.7, "schedule": "S"},
    "leaky ReLU, frozen": {"activation": "leaky-relu", "leak": 0.4, "patterns": "frozen"},
    "leaky ReLU, negative": {"activation": "leaky-relu", "leak": -0.3, "eta_1": 8.0},
    "linear": {"activation": "linear", "eta_1": 8.0},
}
AT_NIGHT = ("leaky ReLU, S", "leaky ReLU, frozen", "leaky ReLU, negative", "linear")


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow if name in AT_NIGHT else pytest.mark.alternating)
    for name in COURSES
])
def test_course_beside_the_limit(name: str) -> None:
    """Every loss and h along the way: mean over 6 data sets, within 0.02 nats (scatter of the mean about 0.01) and 0.25."""
    e = Experiment(d=100, max_tau=700.0, record_every=10.0, epsilon_1=0.2).replace(**COURSES[name])
    told = simulate(e, "closure").dataset
    time_of = "flow" if e.schedule == "S" else "steps"
    runs = [simulate(e.replace(seed=seed), "limit", time=time_of).dataset for seed in range(6)]  # type: ignore[arg-type]
    tau = np.arange(0.0, 650.0, 25.0)

    def mean(name: str, **labels: Any) -> np.ndarray:
        return np.mean([np.interp(tau, run["tau"], run[name].sel(labels)) for run in runs], axis=0)

    def ours(name: str, **labels: Any) -> np.ndarray:
        return np.interp(tau, told["tau"], told[name].sel(labels))

    for kind in ("P-only", "Q-only", "both"):
        gap = np.abs(ours("loss_train", kind=kind) - mean("loss_train", kind=kind)).max()
        assert gap < 0.02, (kind, gap)
        # The twin: the same course, 30 % earlier in time.
        early = np.interp(1.3 * tau, told["tau"], told["loss_train"].sel(kind=kind))
        if kind != "Q-only" or name == "S":  # on a plateau a shift in time changes nothing
            assert np.abs(early - mean("loss_train", kind=kind)).max() > 0.02
    assert np.abs(ours("h", part="total") - mean("h", part="total")).max() < 0.25
    if e.activation != "relu":  # another twin: the same course of ReLUs
        relu = simulate(e.replace(activation="relu"), "closure").dataset
        of_relu = np.interp(tau, relu["tau"], relu["loss_train"].sel(kind="Q-only"))
        assert np.abs(of_relu - mean("loss_train", kind="Q-only")).max() > 0.02
    np.testing.assert_allclose(ours("tau_noise_exact"), mean("tau_noise_exact"), rtol=0.02 if e.schedule == "L-S" else 2e-3)
    np.testing.assert_allclose(ours("P_overlap")[2:], mean("P_overlap")[2:], atol=0.02)


@pytest.mark.benchmark
def test_milliseconds() -> None:
    """Beside the limit of the same experiment in the same process: at least three times faster, and below half a second."""
    e = Experiment(schedule="S")
    simulate(e, "closure"), simulate(e, "limit")
    began = time.perf_counter()
    simulate(e, "closure")
    ours = time.perf_counter() - began
    began = time.perf_counter()
    simulate(e, "limit")
    assert ours < min(0.5, (time.perf_counter() - began) / 3)


def test_regime_predicts_by_it() -> None:
    e = Experiment()
    told = regime(e, engine="closure").predicted_order
    for schedule in ("S", "L-S"):
        order = learning_order(simulate(e.replace(schedule=schedule), "closure"))
        for kind, of in ((told[schedule].tau_Q, order.tau_Q), (told[schedule].tau_P, order.tau_P)):
            assert (math.isnan(kind[0.45]) and math.isinf(of)) or kind[0.45] == pytest.approx(of, rel=1e-12)


def test_the_page_is_of_this_closure_and_its_table() -> None:
    """The closure's columns computed anew, everything else from the stored simulations; and what is printed is what it says."""
    rows = protocol.load()
    assert len(rows) == protocol.COUNT * len(protocol.SCHEDULES) * protocol.DATA_SETS
    assert closure_page.page(rows) == protocol.PAGE.read_text(encoding="utf-8")
    for name, text in closure_page.tables(rows).items():
        assert text == protocol.PAGE.with_name(name).read_text(encoding="utf-8"), name
    found = closure_page.comparisons(rows)
    assert {quantity: closure_page.accuracy(found, quantity) for quantity in ACCURACY} == ACCURACY
    assert protocol.COUNT == EXPERIMENTS
    for e in protocol.experiments():
        assert not out_of_range(d=e.d, kappa=e.kappa_value, q0=e.q0, g0=e.g0, r=e.r, lambda_=e.lambda_, eta_1=e.eta_1,
                                max_tau=e.max_tau)  # fmt: skip
    assert out_of_range(d=1000, kappa=0.5, q0=0.3, g0=1, r=0.1, lambda_=1e-4, eta_1=9, max_tau=1e4) == [
        "d = 1000", "r = 0.1", "max_tau / d = 10"]  # fmt: skip


def test_the_range_is_the_law_that_the_page_states() -> None:
    page = " ".join(protocol.PAGE.read_text(encoding="utf-8").split())
    for name, (low, high) in RANGE.items():
        stated = re.search(rf"\b{name}(?: log-uniform| uniform)? on ([0-9.e-]*[0-9]) to ([0-9.e-]*[0-9])", page)
        longest = max(e.max_tau / e.d for e in protocol.experiments())
        assert (stated is None) == (name == "max_tau / d"), name
        assert (low, high) == ((float(stated[1]), float(stated[2])) if stated else (0.0, longest)), name


def test_a_closure_without_reaction_or_late_is_seen() -> None:
    """False versions on the stored simulations: twice the P error, and times a tenth late, are far outside of the scatter."""
    found = closure_page.comparisons(protocol.load())

    def bias(quantity: str, factor: float) -> float:
        off = {}
        for each in found:
            if each.quantity == quantity and each.judged:
                off.setdefault(each.experiment, []).append(each.off + math.log(factor))
        means = np.array([np.mean(values) for values in off.values()])
        return float(means.mean() / (means.std(ddof=1) / math.sqrt(len(means))))

    for quantity, factor in (("P_error", 1.6), ("tau_P", 1.05), ("tau_Q", 0.95)):
        assert abs(bias(quantity, 1.0)) < 3.0 < abs(bias(quantity, factor))


def test_the_smallest_experiment_anew() -> None:
    smallest = min(protocol.experiments(), key=lambda e: e.n_examples * e.max_tau / e.eta_2)
    stored = {(row.experiment, row.schedule, row.seed): row for row in protocol.load()}
    for schedule in protocol.SCHEDULES:
        found, told = protocol.simulated(smallest, schedule, 0), stored[smallest.name, schedule, 0]
        for name in ("tau_P", "tau_Q", "P_error", "loss_P", "loss_Q", "loss_both"):
            assert getattr(found, name) == pytest.approx(getattr(told, name), rel=1e-4), name


@pytest.mark.slow
def test_all_experiments_anew() -> None:
    for told in protocol.load():
        e = next(e for e in protocol.experiments() if e.name == told.experiment)
        found = protocol.simulated(e, told.schedule, told.seed)
        for name in ("tau_P", "tau_Q", "P_error", "loss_P", "loss_Q", "loss_both"):
            assert getattr(found, name) == pytest.approx(getattr(told, name), rel=1e-3), name


def test_one_dimension_is_refused() -> None:
    with pytest.raises(InputError, match="d = 1"):
        simulate(Experiment(d=1, N=4, p0=0.25, max_tau=8.0), "closure")
    assert simulate(Experiment(d=2, N=8, p0=0.25, max_tau=16.0), "closure").outcome == "budget_spent"


@pytest.mark.tier2
@pytest.mark.parametrize("d", [1, 2])
def test_in_one_dimension_the_equations_are_off_and_in_two_they_are_not(d: int) -> None:
    """P's loss at tau = d and 2 d, over 160 data sets of the limit: within three standard errors, or beyond."""
    e = Experiment(d=d, N=4 * d, p0=0.25, r=0.6, schedule="S", eta_2=1.0, max_tau=2.0 * d, tau_0=1.0,
                   record_every=0.5 * d, n_test=1)  # fmt: skip
    told = get_closure(e)
    runs = [simulate(e.replace(seed=seed), "limit", threads=1) for seed in range(160)]
    times = np.array([0.999, 1.999]) * d
    seen = np.array([np.interp(times, run.dataset["tau"], run.history("loss_train", kind="P-only")) for run in runs])
    seen = seen[np.isfinite(seen[:, 0])]  # some data sets have no P-only example
    off = np.abs(seen.mean(axis=0) - np.interp(times, told.tau, told.loss_P)) / (seen.std(axis=0, ddof=1) / len(seen) ** 0.5)
    assert (off > 3.0).all() if d == 1 else (off < 3.0).all(), off


def test_a_kind_without_examples_has_no_loss_and_the_others_have() -> None:
    for q0, there in ((0.4, True), (0.9, False)):
        e = Experiment(d=4, N=10, m_W=4, m_V=4, n_test=1, p0=0.1, q0=q0, tau_0=1.0, max_tau=4.0, record_every=4.0)
        loss = simulate(e, "closure").dataset["loss_train"]
        assert np.isfinite(loss.sel(kind=["P-only", "Q-only"])).all()
        assert bool(np.isfinite(loss.sel(kind="both")).all()) is there


def test_the_share_near_a_kink_is_an_angle() -> None:
    e = Experiment(d=4, N=10, m_W=4, m_V=4, n_test=1, r=0.3, tau_0=1.0, max_tau=4.0, record_every=4.0)
    for engine in ("limit", "closure"):
        np.testing.assert_allclose(simulate(e, engine, threads=1).dataset["near_kink"], 2 * math.atan(0.3) / math.pi)


@pytest.mark.parametrize(("fields", "engines"), [
    ({"batch_size": 4}, "limit or finite"), ({"batch_size": 4, "network": "shared", "label_flips": 0.1}, "limit or finite"),
    ({"data_law": "xor"}, "finite"), ({"optimiser": "adam", "tau_0": 1.0}, "finite"),
    ({"loss": "squared", "observe": {"sharpness": {}}}, "finite"),
])  # fmt: skip
def test_all_that_it_refuses_is_told_at_once_with_the_engines_that_do_not(fields: dict[str, Any], engines: str) -> None:
    e = Experiment(d=10, N=40, m_W=8, m_V=8, n_test=4, max_tau=4.0, **fields)
    fault = Engine("closure").unsupported(e)
    assert fault is not None and set(fault.fields) >= set(fields) - {"observe", "tau_0"}
    named = fault.fix.rpartition("; or use the engine ")[2].split(" or ")
    assert sorted(named) == sorted(engines.split(" or "))
    assert [name for name in engine_names() if Engine(name).unsupported(e) is None] == sorted(named)


def test_the_brief_accuracy_is_that_of_the_long_one() -> None:
    said = briefly()
    assert all(within(name).split(" on ")[0].removeprefix("within ") in said for name in ACCURACY) and len(said) < 4 * 80
    assert str(EXPERIMENTS) in said and "page on the closure" in said
