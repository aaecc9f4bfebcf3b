"""The closure as an engine: the schema of a run, what it refuses, and how near it is to the limit (THEORY §8)."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.limit import closure_experiments as random_experiments
from theory_sim import Experiment, Trajectory, closure_trajectory, learning_order, regime, solve_limit
from theory_sim.errors import InputError, StoreError
from theory_sim.theory.overlap import P_error


def test_same_schema_as_the_limit(tmp_path: Path) -> None:
    e = Experiment(d=40, N=160, max_tau=100.0)
    told, seen = closure_trajectory(e, store=tmp_path / "run").dataset, solve_limit(e).dataset
    assert set(told.variables) == set(seen.variables) - {"f_train", "w_star", "linear_part"}
    for name in told.variables:
        assert told[name].dims == seen[name].dims and told[name].attrs == seen[name].attrs, name
    assert set(told.attrs) == set(seen.attrs) - {"limit", "kernel_error"}
    assert Trajectory.load(tmp_path / "run").dataset.identical(told)
    with pytest.raises(StoreError, match="exists"):
        closure_trajectory(e, store=tmp_path / "run")
    assert np.isnan(told["loss_test"]).all() and np.isnan(told["norm_signal"]).all()
    for name in ("loss_train", "accuracy_train", "g", "h", "P_error", "tau_noise", "rate"):
        assert np.isfinite(told[name]).all(), name


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"network": "shared"}, "network = 'shared'"), ({"batch_size": 10}, "batch_size = 10"),
        ({"observe": {"patterns": {}}}, "observe = ['patterns']"),
        ({"schedule": "cosine"}, "schedule = 'cosine'"), ({"schedule": "step", "step_tau": 5.0}, "schedule = 'step'"),
        ({"eta_1": 2500.0, "tau_0": 1.0}, "rate"),
    ],
)
def test_what_it_does_not_cover_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        closure_trajectory(Experiment().replace(**fields))
    assert "mend:" in str(caught.value)


@pytest.mark.parametrize("schedule", ["S", "L-S", "constant"])
def test_course_beside_the_limit(schedule: str) -> None:
    """Every loss and h along the way: mean over 6 data sets, within 0.02 nats (scatter of the mean about 0.008) and 0.25."""
    e = Experiment(schedule=schedule, max_tau=700.0, record_every=10.0)
    told = closure_trajectory(e).dataset
    time_of = "flow" if schedule == "S" else "steps"
    runs = [solve_limit(e.replace(seed=seed), time=time_of).dataset for seed in range(6)]  # type: ignore[arg-type]
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
        if not (kind == "Q-only" and schedule != "S"):  # on a plateau a shift in time changes nothing
            assert np.abs(early - mean("loss_train", kind=kind)).max() > 0.02
    assert np.abs(ours("h", part="total") - mean("h", part="total")).max() < 0.25
    np.testing.assert_allclose(ours("tau_noise_exact"), mean("tau_noise_exact"), rtol=2e-3)
    np.testing.assert_allclose(ours("P_overlap")[2:], mean("P_overlap")[2:], atol=0.02)


def test_steps_and_ends() -> None:
    e = Experiment(schedule="constant", eta_1=4.0, max_tau=200.0)
    run = closure_trajectory(e)
    assert run.outcome == "budget_spent" and math.isnan(run.annealed_tau)
    assert run.dataset.attrs["final_step"] == 50 and run.dataset.attrs["final_tau"] == pytest.approx(200.0)
    np.testing.assert_allclose(run.dataset["tau"], 4.0 * run.dataset["step"])
    stopped = closure_trajectory(Experiment(epsilon_2=0.42))
    assert stopped.outcome == "reached_loss" and math.isfinite(stopped.annealed_tau)
    assert closure_trajectory(e.replace(max_steps=10)).dataset.attrs["final_tau"] == pytest.approx(40.0)
    cut = closure_trajectory(Experiment(max_tau=2000.0, max_steps=200))  # L-S: steps of both rates count
    assert math.isfinite(cut.annealed_tau) and cut.dataset.attrs["final_step"] == 200
    assert cut.message == solve_limit(Experiment(max_tau=2000.0, max_steps=200)).message
    one = run.dataset.isel(record=-1)
    assert float(one["P_error"]) == pytest.approx(float(P_error(float(one["P_overlap"]), e.g0)), rel=1e-12)


@pytest.mark.benchmark
def test_milliseconds() -> None:
    """Beside the limit of the same experiment in the same process: at least three times faster, and below half a second."""
    e = Experiment(schedule="S")
    closure_trajectory(e), solve_limit(e)
    began = time.perf_counter()
    closure_trajectory(e)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    solve_limit(e)
    assert ours < min(0.5, (time.perf_counter() - began) / 3)


def test_regime_predicts_by_it() -> None:
    e = Experiment()
    told = regime(e).predicted_order
    for schedule in ("S", "L-S"):
        order = learning_order(closure_trajectory(e.replace(schedule=schedule)))
        for kind, of in ((told[schedule].tau_Q, order.tau_Q), (told[schedule].tau_P, order.tau_P)):
            assert (math.isnan(kind[0.45]) and math.isinf(of)) or kind[0.45] == pytest.approx(of, rel=1e-12)


def _page() -> dict[tuple[str, str, str], tuple[str, str]]:
    rows = {}
    text = random_experiments.PAGE.read_text(encoding="utf-8").split("## All learning times")[1]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[0].startswith("random-"):
            rows[cells[0], cells[1], cells[2]] = cells[3], cells[4]
    return rows


def test_page_is_of_these_experiments() -> None:
    """The closure's column, computed anew."""
    rows = _page()
    assert len(rows) == 4 * random_experiments.COUNT
    for e in random_experiments.experiments():
        for schedule in ("S", "L-S"):
            order = learning_order(closure_trajectory(e.replace(schedule=schedule)))
            for kind, value in (("Q", order.tau_Q), ("P", order.tau_P)):
                told = f"{value:.0f}" if math.isfinite(value) else "not learnt"
                assert rows[e.name, schedule, kind][0] == told


@pytest.mark.slow
def test_within_ten_per_cent_on_random_experiments() -> None:
    """All 30 anew: the page's numbers, and as many misses as it lists, none."""
    rows = [row for e in random_experiments.experiments() for row in random_experiments.compare(e)]
    assert random_experiments.page(rows) == random_experiments.PAGE.read_text(encoding="utf-8")
    assert not [row for row in rows if row.disagrees]
    # The same rule refutes a closure that is a quarter late, at every time that both know.
    late = [random_experiments.Comparison(**{**vars(row), "closure": 1.25 * row.closure}) for row in rows]
    assert [row.disagrees for row in late] == [not math.isnan(row.ratio) for row in rows]
