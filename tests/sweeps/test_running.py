"""Running a sweep: the same table however it is computed, each place its own run, and your own variables."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.sweeps.tiny import LARGER, SWEEP, TINY, finished
from theory_sim import Trajectory, learning_order, simulate
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.status import Holder, SweepStatus, Tally
from theory_sim.sweeps.store import SweepStore


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> SweepStore:
    return finished(SWEEP, tmp_path_factory.mktemp("done") / "tiny", 10)


@pytest.fixture(scope="module")
def summary(done: SweepStore) -> Summary:
    return collect(done)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> SweepStore:
    return finished(LARGER, tmp_path_factory.mktemp("larger") / "tiny", 40)


@pytest.mark.alternating
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_same_table_from_any_number_of_workers(workers: int, larger: SweepStore, tmp_path: Path) -> None:
    summary = collect(larger)
    store = SweepStore.create(tmp_path / "again", LARGER)
    seen: list[SweepStatus] = []
    assert run_sweep(store, workers=workers, progress=seen.append).done == 40
    assert max(status.running for status in seen) == workers == max(status.slots for status in seen)
    assert [status.done for status in seen] == sorted(status.done for status in seen)
    other = collect(store)
    assert other.dataset.identical(summary.dataset)
    for name in summary.dataset.data_vars:
        mine, theirs = summary.dataset[name].values, other.dataset[name].values
        assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), name
    own, first = (each.folder / "summary" / "summary.csv" for each in (store, larger))
    assert own.read_bytes() == first.read_bytes()


def places_hold_their_runs(summary: Summary, sweep: Sweep, every: int) -> None:
    """Assert it against the functions for one run."""
    for run in list(sweep)[::every]:
        alone = simulate(run.experiment, run.engine)
        order = learning_order(alone)
        at = summary.dataset.isel(dict(zip([axis.name for axis in sweep.axes()], run.index, strict=True)))
        for i, level in enumerate((0.45, 0.5, 0.55)):
            found = next(each for each in order.levels if each.level == level)
            assert at["tau_P"].values[i] == found.tau_P and at["tau_Q"].values[i] == found.tau_Q
            assert str(at["order"].values[i]) == found.order
        last = alone.dataset.isel(record=-1)
        assert float(at["P_error"]) == float(last["P_error"]) and float(at["h"]) == float(last["h"].sel(part="total"))
        np.testing.assert_array_equal(at["loss_train"].values, last["loss_train"].values)
        np.testing.assert_array_equal(at["error_test"].values, 1 - last["accuracy_test"].values)
        assert str(at["state"].values) == "done" and str(at["run"].values) == run.id


def test_each_place_holds_its_own_run(summary: Summary) -> None:
    places_hold_their_runs(summary, SWEEP, 2)
    frame = summary.frame
    assert len(frame) == len(SWEEP) and {"r", "engine", "schedule", "seed", "tau_Q 0.45", "error_test both"} <= set(frame)
    (row,) = frame[(frame.r == 0.6) & (frame.engine == "limit") & (frame.seed == 1)]["h"]
    assert row == float(summary.dataset["h"].isel(r=1, engine=1, schedule=0, seed=1))


@pytest.mark.tier2
def test_each_place_of_two_blocks_holds_its_own_run(larger: SweepStore) -> None:
    summary = collect(larger)
    places_hold_their_runs(summary, LARGER, 7)
    frame = summary.frame
    assert len(frame) == len(LARGER) and {"r", "g0"} <= set(frame)
    row = frame[(frame.r == 0.6) & (frame.engine == "limit") & (frame.schedule == "S") & (frame.seed == 1)].iloc[1]
    assert row["h"] == float(summary.dataset["h"].isel(r=1, sobol=1, engine=1, schedule=1, seed=1))


def test_summary_is_read_back(done: SweepStore, summary: Summary, tmp_path: Path) -> None:
    again = Summary.load(done.folder / "summary")
    assert again.dataset.identical(summary.dataset) and again.sweep.table() == SWEEP.table()
    with pytest.raises(StoreError, match="sweep collect"):
        Summary.load(tmp_path)
    old = Summary(summary.dataset.assign_attrs(schema_version=1), summary.sweep)
    old.save(tmp_path / "old")
    with pytest.raises(StoreError, match=r"version 1 of theory_sim\.Sweep(.|\n)*first crossing(.|\n)*sweep collect"):
        Summary.load(tmp_path / "old")
    own = collect(done, metrics={"steps": lambda trajectory: float(trajectory.dataset["step"][-1])}, save=False)
    assert own.dataset["steps"].min() > 0 and "steps" in own.frame
    with pytest.raises(InputError, match="named 'h'"):
        collect(done, metrics={"h": lambda trajectory: 0.0})
    with pytest.raises(InputError, match="without a slash"):
        collect(done, metrics={"h / limit": lambda trajectory: 0.0})


@pytest.mark.tier2
def test_numbers_of_pairs(done: SweepStore, tmp_path: Path) -> None:
    """Against the two runs, made again one by one; a run of another engine is shared by places, a finite one is not."""

    def gap(finite: Trajectory, other: Trajectory) -> float:
        return float(finite.dataset["train_loss"][-1] - other.dataset["train_loss"][-1])

    found = collect(done, paired_metrics={"gap": gap}, save=False).dataset["gap"]
    assert np.isnan(found.sel(engine="finite").values).all()
    names = [axis.name for axis in SWEEP.axes()]
    for run in [run for run in SWEEP if run.engine.name == "limit"][::2]:
        expected = gap(simulate(run.experiment), simulate(run.experiment, "limit"))
        assert float(found.isel(dict(zip(names, run.index, strict=True)))) == expected
    wide = Sweep("wide", TINY, (Product({"m_V": [20, 40]}),), ("S",), (0, 1), (Engine(), Engine("limit")))
    store = SweepStore.create(tmp_path / "wide", wide)
    run_sweep(store, workers=0)
    gaps = [gap(simulate(TINY.replace(m_V=m_V, schedule="S", seed=1)), simulate(TINY.replace(schedule="S", seed=1), "limit"))
            for m_V in (20, 40)]
    assert collect(store, paired_metrics={"gap": gap}, save=False).dataset["gap"].values[:, 1, 0, 1].tolist() == gaps
    with pytest.raises(InputError, match="named 'x'"):
        collect(done, metrics={"x": lambda trajectory: 0.0}, paired_metrics={"x": gap}, save=False)
    reverse = Sweep("reverse", TINY, (), ("S",), (0,), (Engine("limit"), Engine()))
    with pytest.raises(InputError, match="finite first"):
        collect(SweepStore.create(tmp_path / "reverse", reverse), paired_metrics={"gap": gap}, save=False)


@pytest.mark.parametrize(("losses", "unit"), [(["logistic"], "nats"), (["squared"], "1"),
                                              (["logistic", "squared"], "unit of each run's loss")])
def test_losses_have_the_unit_of_the_runs_loss(losses: list[str], unit: str, tmp_path: Path) -> None:
    base = TINY.replace(d=6, N=20, m_W=4, m_V=4, max_steps=2, n_test=2)
    store = SweepStore.create(tmp_path / "sweep", Sweep("units", base, (Product({"loss": losses}),), ("S",), (0,)))
    dataset = collect(store, save=False).dataset
    for name in ("train_loss", "loss_train", "loss_test", "Q_loss_at_tau_P"):
        assert dataset[name].attrs["units"] == unit


def test_of_a_running_run_one_half_is_left() -> None:
    tally = Tally({"pending": 3, "running": 2, "done": 4}, 40.0, [])
    assert tally.status(Holder(True, 1, 2, "here")).seconds_left == 10.0 * (3 + 2 / 2) / 2


def test_a_status_says_who_is_at_it() -> None:
    """Runs of a process that died are pending again; a process without workers counts as one."""
    tally = Tally({"pending": 3, "running": 2, "done": 4}, 40.0, [("a", "of this", "whole"), ("b", "of this", "other")])
    tally.move("pending", "failed")
    alive, dead, nobody = (tally.status(holder) for holder in (Holder(True, 7, 0, "here"), Holder(False, 7, 2, "here"), None))
    assert (alive.total, alive.done, alive.running, alive.failed, alive.pending) == (9, 4, 2, 1, 2)
    assert (alive.slots, alive.pid, alive.stale) == (1, 7, False) and alive.host == "here" and alive.seconds_left == 10.0 * 3
    assert (dead.running, dead.pending, dead.slots, dead.pid, dead.stale) == (0, 4, 0, None, True)
    assert (nobody.running, nobody.pending, nobody.pid, nobody.stale) == (0, 4, None, False)
    assert dead.host is nobody.host is None and not alive.elsewhere
    assert math.isnan(dead.seconds_left) and math.isnan(nobody.seconds_left)
    assert math.isnan(Tally({"pending": 3}, 0.0, []).status(Holder(True, 1, 1, "here")).seconds_left)
    assert alive.failures == {"of this": ("a", "b")} and alive.examples == {"of this": "whole"}
