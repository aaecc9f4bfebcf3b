"""Options of the limit: refusals, reproducibility, storage, memory, interruption, and the corners of the data."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_reproducible import assert_identical
from theory_sim import Experiment, Trajectory, learning_order, simulate
from theory_sim.errors import InputError, StoreError
from theory_sim.limit import memory, spatial
from theory_sim.limit.memory import limit_parts
from theory_sim.limit.options import LimitOptions
from theory_sim.memory import total
from theory_sim.network import given

SMALL = Experiment(d=30, N=120, m_W=2, m_V=2, n_test=10, max_tau=60.0, record_every=5.0, epsilon_1=0.25, eta_1=4.0)
LOOSE = SMALL.replace(neurons="independent", tau_0=0.2, tau_xi=0.002)


@pytest.mark.parametrize(
    ("fields", "options", "named"),
    [
        ({}, {"noise": "some"}, "noise = 'some'"),
        ({}, {"kernel": "still"}, "kernel = 'still'"),
        ({}, {"time": "continuous"}, "time = 'continuous'"),
        ({}, {"spatial": "median"}, "spatial = 'median'"),
        ({}, {"tolerance": 0.0}, "tolerance = 0.0"),
        ({}, {"tolerance": math.nan}, "tolerance = nan"),
        ({}, {"time_tolerance": True}, "time_tolerance = True"),
        ({}, {"noise": "sampled"}, "paired neurons have no noise output"),
        ({"neurons": "independent"}, {"noise": "sampled", "time": "flow"}, "rough as Brownian motion"),
        ({"neurons": "balanced", "network": "shared"}, {"noise": "sampled", "spatial": "mean"}, "spatial = 'exact'"),
        ({"batch_size": 5}, {"time": "flow"}, "batch_size = 5"),
        ({"max_steps": 5}, {"time": "flow"}, "max_steps = 5"),
        ({"tau_0": 0.0}, {"time": "flow"}, "tau_0 = 0"),
        ({"schedule": "cosine"}, {"time": "flow"}, "cosine"),
    ],
)
def test_refused_before_anything_is_computed(
    fields: dict[str, Any], options: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "draw_data", lambda e: pytest.fail("data were drawn"))
    with pytest.raises(InputError) as caught:
        simulate(SMALL.replace(**fields), "limit", **options)
    assert named in str(caught.value) and "rule:" in str(caught.value) and "fix:" in str(caught.value)


OPTIONS: list[dict[str, Any]] = [
    {}, {"spatial": "mean"}, {"time": "flow"}, {"noise": "sampled"}, {"noise": "sampled", "spatial": "mean"},
    {"kernel": "frozen"},
]


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("network", ["split", "shared"])
def test_any_number_of_threads_gives_the_same_bits(options: dict[str, Any], network: str) -> None:
    e = LOOSE.replace(network=network, d=600, N=1500, max_tau=20.0)  # more than one block of patches
    if network == "shared" and options == OPTIONS[4]:
        pytest.skip("refused")
    runs = [simulate(e, "limit", threads=threads, **options) for threads in (1, 2, 4)]
    for run in runs:
        assert run.dataset.attrs.pop("seconds") > 0
    for other in runs[1:]:
        assert_identical(runs[0], other)


def test_widths_and_seeds_of_neurons_do_not_matter() -> None:
    one, other = simulate(SMALL, "limit"), simulate(SMALL.replace(m_W=100, m_V=6, seed_init=5, seed_noise=6), "limit")
    assert np.array_equal(one.dataset["f_train"], other.dataset["f_train"])
    moved = simulate(SMALL.replace(seed_data=5), "limit")
    assert not np.array_equal(one.dataset["f_train"], moved.dataset["f_train"])


def test_same_schema_as_finite_width(tmp_path: Path) -> None:
    finite, limit = simulate(SMALL.replace(m_W=20, m_V=20)).dataset, simulate(SMALL, "limit", store=tmp_path / "run").dataset
    weights = {"W", "V", "W_signal", "V_signal", "W_noise", "V_noise", "w", "v"}
    assert set(finite.variables) - weights == set(limit.variables) - {"linear_part"}
    for name in set(finite.variables) - weights:
        assert finite[name].dims == limit[name].dims and finite[name].dtype == limit[name].dtype, name
        assert finite[name].attrs == limit[name].attrs, name
    stored = Trajectory.load(tmp_path / "run")
    assert stored.experiment == SMALL and stored.dataset.identical(limit)
    assert json.loads(stored.dataset.attrs["limit"])["spatial"] == "exact"
    with pytest.raises(StoreError, match="exists"):
        simulate(SMALL, "limit", store=tmp_path / "run")
    assert (limit["norm_noise"] == math.inf).all() and (limit["pattern_shift"] == 0).all()


@pytest.mark.tier2  # traced allocations are slow
def test_memory_estimate_is_near() -> None:
    """Against what the arrays of a run take, as NumPy's allocations are traced."""
    import tracemalloc

    e = Experiment(d=800, N=3000, max_tau=40.0)
    for mode in ("exact", "mean"):
        simulate(SMALL, "limit", spatial=mode, threads=1)  # type: ignore[arg-type]  # loads libraries and compiled code
        tracemalloc.start()
        simulate(e, "limit", spatial=mode, threads=1)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        estimate = total(limit_parts(e, LimitOptions(spatial=mode)).values())
        assert peak < 1.25 * estimate and estimate < 1.25 * peak, (mode, peak, estimate)


def test_interrupted_by_the_callers_progress() -> None:
    def stop(step: int, tau: float, loss: float) -> None:
        if tau > 20:
            raise KeyboardInterrupt

    for time in ("steps", "flow"):
        run = simulate(SMALL, "limit", progress=stop, time=time)  # type: ignore[arg-type]
        assert run.outcome == "interrupted" and 20 < run.dataset.attrs["final_tau"] < 30


@pytest.mark.parametrize("network", ["split", "shared"])
def test_mean_is_within_its_stated_error(network: str) -> None:
    e = Experiment(d=150, N=500, network=network, max_tau=300.0)
    exact, mean = simulate(e, "limit").dataset, simulate(e, "limit", spatial="mean").dataset
    stated = float(mean["spatial_error"].max())
    gap = float(np.sqrt(np.mean((exact["f_train"] - mean["f_train"]) ** 2)))
    assert 1e-4 < gap < 3 * stated
    assert stated < 0.1 * float(np.sqrt(np.mean(exact["f_train"] ** 2)))


@pytest.mark.parametrize("network", ["split", "shared"])
def test_mean_over_some_rows_is_nearly_the_mean_over_all(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 4096 patches the mean is over 256 rows; here beyond 100 of 350."""
    e = Experiment(d=150, N=500, network=network, max_tau=100.0)
    whole, exact = simulate(e, "limit", spatial="mean").dataset, simulate(e, "limit").dataset
    monkeypatch.setattr(spatial, "ALL_PAIRS", 100)
    some = simulate(e, "limit", spatial="mean").dataset
    gap = float(np.abs(some["f_train"] - whole["f_train"]).max())
    left_out = float(np.abs(exact["f_train"] - whole["f_train"]).max())
    assert 0 < gap < 0.05 * left_out


def test_flow_is_what_small_steps_approach() -> None:
    e = SMALL.replace(schedule="S", tau_0=0.2, tau_xi=0.002 * math.sqrt(4 / 0.1), eta_2=0.1, dtype="float64")
    flow = simulate(e, "limit", time="flow", time_tolerance=1e-6)
    # the noise keeps the size that the rate 0.1 gives it
    steps = [simulate(e.replace(eta_2=0.1 / parts, tau_xi=e.tau_xi * math.sqrt(parts)), "limit") for parts in (1, 2, 4)]
    gaps = [run.dataset["f_train"].values - flow.dataset["f_train"].values for run in steps]
    first, second = (float(np.abs(a - b).max()) for a, b in ((gaps[0], gaps[1]), (gaps[1], gaps[2])))
    assert 1.9 < first / second < 2.1  # first order in the step
    left = float(np.abs(2 * gaps[2] - gaps[1]).max())  # extrapolated to steps of no size: the flow's own error
    stated = float(flow.dataset["time_error"][-1])
    assert left < stated < first
    assert flow.dataset.attrs["final_step"] < 0.5 * 60 / 0.1
    # What else is recorded, at every record: without steps of a size, the gap is gone to 2 %.
    finer = simulate(e, "limit", time="flow", time_tolerance=1e-8)
    for name in ("norm_signal", "loss_test", "g", "h", "linear_part", "P_overlap", "tau_noise", "train_loss"):
        once, twice, four = (run.dataset[name].values for run in steps)
        extrapolated = (8 * four - 6 * twice + once) / 3
        left, gap = (float(np.abs(values - finer.dataset[name].values).max()) for values in (extrapolated, once))
        assert left < 0.02 * gap, name


def test_flow_anneals_at_the_threshold_and_jumps_with_the_pieces() -> None:
    run = simulate(SMALL, "limit", time="flow", time_tolerance=1e-6)
    threshold = SMALL.epsilon_1 + 0.5 * math.log(2)
    tau, loss = run.dataset["tau"].values, run.dataset["train_loss"].values
    assert math.isfinite(run.annealed_tau) and run.annealed_tau not in tau
    assert np.interp(run.annealed_tau, tau, loss) == pytest.approx(threshold, abs=2e-3)
    finer = simulate(SMALL.replace(record_every=0.05), "limit", time="flow", time_tolerance=1e-6)
    tau, loss = finer.dataset["tau"].values, finer.dataset["train_loss"].values
    assert np.interp(finer.annealed_tau, tau, loss) == pytest.approx(threshold, abs=5e-6)
    assert finer.annealed_tau == pytest.approx(run.annealed_tau, abs=1e-3)
    pieces = simulate(SMALL.replace(schedule="pieces", pieces=((7.5, 3.0), (31.0, 1.0))), "limit", time="flow")
    rates = dict(zip(pieces.dataset["tau"].values, pieces.dataset["rate"].values, strict=True))
    assert (rates[5.0], rates[10.0], pieces.annealed_tau) == (3.0, 1.0, 7.5)


CORNERS: list[dict[str, Any]] = [
    {"q0": 0.0, "p0": 1.0}, {"q0": 1.0, "p0": 0.0}, {"N": 1, "p0": 0.5}, {"p0": 0.0, "q0": 0.0}, {"d": 3},
]


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize("fields", CORNERS)
@pytest.mark.parametrize("network", ["split", "shared"])
@pytest.mark.parametrize("mode", ["exact", "mean"])
def test_corners_of_the_data(fields: dict[str, Any], network: str, mode: Any) -> None:
    e = SMALL.replace(network=network, max_tau=20.0, **fields)
    for time in ("steps", "flow"):
        run = simulate(e, "limit", spatial=mode, time=time)  # type: ignore[arg-type]
        assert np.isfinite(run.dataset["f_train"]).all()
        assert run.dataset["train_loss"][-1] < run.dataset["train_loss"][0]


def test_diverging_steps_say_so() -> None:
    run = simulate(SMALL.replace(schedule="constant", eta_1=900.0, max_tau=1e6, tau_0=1.0, lambda_=1e-4), "limit")
    assert run.outcome == "diverged" and "above about" in run.message


def test_shared_filters_feel_the_overlap_of_z_and_w_star() -> None:
    """With z along w*, P's and Q's outer products meet in the linear part."""
    runs = {c: simulate(SMALL.replace(network="shared", overlap_z=c), "limit") for c in (0.0, 0.6, 1.0)}
    split = simulate(SMALL, "limit")
    gaps = {c: float(np.abs(run.dataset["f_train"] - split.dataset["f_train"]).max()) for c, run in runs.items()}
    assert all(gap > 1e-3 for gap in gaps.values())
    assert list(runs[0.6].dataset["layer"].values) == ["U"]
    assert not np.array_equal(runs[0.0].dataset["f_train"], runs[0.6].dataset["f_train"])


@pytest.mark.tier2
def test_order_of_the_default_preset() -> None:
    """What the theorem says, without the width: 5 seeds, robust at three levels."""
    for schedule, expected, time in (("L-S", "P first", "steps"), ("S", "Q first", "flow")):
        for seed in range(5):
            order = learning_order(simulate(Experiment(schedule=schedule, seed=seed), "limit", time=time))  # type: ignore[arg-type]
            assert (order.order, order.robust) == (expected, True)


def test_flow_stops_at_the_stop_loss() -> None:
    """Wherever the records are."""
    e = Experiment(d=100, N=400, schedule="S", epsilon_2=0.45, max_tau=3000.0)
    ends = [simulate(e.replace(record_every=every), "limit", time="flow", time_tolerance=1e-5) for every in (5.0, 500.0)]
    for run in ends:
        assert run.outcome == "reached_loss"
        assert float(run.dataset["train_loss"][-1]) == pytest.approx(0.45, abs=1e-5)
    assert ends[0].dataset.attrs["final_tau"] == pytest.approx(ends[1].dataset.attrs["final_tau"], abs=0.1)


@pytest.mark.parametrize(("spatial_mode", "d", "n"), [
    pytest.param("exact", 3, 600, marks=pytest.mark.slow), pytest.param("exact", 10, 1000, marks=pytest.mark.slow),
    pytest.param("mean", 10, 1000, marks=pytest.mark.tier2),
])
def test_memory_estimate_counts_pairs_at_small_angles(
    spatial_mode: Any, d: int, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many in low dimension: each has a weight for every exponential."""
    import tracemalloc

    monkeypatch.setattr(memory, "_KEPT", 0)  # by the allocator, which is not traced

    e = Experiment(d=d, N=n, p0=0.1, max_tau=20.0)
    simulate(SMALL, "limit", spatial=spatial_mode, threads=1)  # loads libraries and compiled code
    tracemalloc.start()
    simulate(e, "limit", spatial=spatial_mode, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    estimate = total(limit_parts(e, LimitOptions(spatial=spatial_mode)).values())
    assert peak < 1.25 * estimate and estimate < 1.25 * peak
