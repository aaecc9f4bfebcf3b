"""What a notebook shows of the program's objects, and a run as a table and as netCDF."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import xarray

import proofs_check
from theory_sim import Experiment, Trajectory, learning_order, regime, simulate
from theory_sim.engines import Engine
from theory_sim.errors import StoreError
from theory_sim.reading.html import html_table
from theory_sim.studies.registry import STUDIES
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.theory.shown_times import shown_time

HOSTILE = '<script>alert("x")</script>'
TINY = Experiment(name="tiny", d=10, N=20, m_W=60, m_V=60, max_tau=48.0, n_test=2, observe={"patterns": {}})


@pytest.fixture(scope="module")
def run() -> Trajectory:
    return simulate(TINY, threads=1)


@pytest.fixture(scope="module")
def shown(run: Trajectory, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    sweep = Sweep("s", TINY.replace(observe={}), engines=(Engine("closure"),))
    store = SweepStore.create(tmp_path_factory.mktemp("s") / "s", sweep)
    run_sweep(store, workers=0)
    return {"experiment": TINY, "trajectory": run, "order": learning_order(run), "regime": regime(Experiment()),
            "verdict": proofs_check.verify("noise-variance-recursion"), "study": STUDIES["scaling"],
            "summary": collect(store, save=False)}


@pytest.mark.parametrize("name", ["experiment", "trajectory", "order", "regime", "verdict", "study", "summary"])
def test_a_representation_is_a_line_and_a_table(name: str, shown: dict[str, Any]) -> None:
    found = shown[name]
    assert len(repr(found)) < 400 and "\n" not in repr(found)
    page = found._repr_html_()
    assert page.count("<table") == page.count("</table>") and ("<table" in page or "xr-wrap" in page)


def test_an_experiment_is_shown_as_the_call_that_makes_it() -> None:
    for e in (Experiment(), TINY, Experiment.preset("quick"), Experiment(schedule="step", step_tau=3.0, **{"lambda": 1e-3}),
              Experiment(schedule="pieces", pieces=((10.0, 2.0), (100.0, 0.5))), Experiment(schedule="cyclic", cycle=50.0)):
        assert eval(repr(e)) == e
    assert repr(Experiment()) == "Experiment()"
    assert "lambda_=0.001" in repr(Experiment(**{"lambda": 1e-3}))


def test_hostile_text_is_escaped() -> None:
    assert "<script" not in html_table(HOSTILE, [HOSTILE], [[HOSTILE]], [HOSTILE])
    assert html_table("", ["a"], [[1 / 3]]).count("0.3333") == 1


def test_no_number_is_shown_that_is_none() -> None:
    """A kind that is not learnt by the end, a factor without a bound, a large number: in words or digits that a reader has."""
    page = html_table("", ["a"], [[float("inf")], [float("nan")], [-float("inf")], [12345.6], [1e12]])
    assert [page.count(f"<td>{word}</td>") for word in ("infinite", "-", "minus infinite", "12346", "1e12")] == [1] * 5
    short = simulate(TINY.replace(observe={}), "closure")
    order = learning_order(short)
    assert math.isinf(order.tau_Q) and f"<td>&gt; {shown_time(order.censored_at)}</td>" in order._repr_html_()
    for shown in (order, regime(Experiment(tau_xi=0.0, tau_0=0.1, **{"lambda": 0.0})), short):
        table = shown._repr_html_().partition("</table>")[0]
        assert not re.search(r"\b(inf|nan)\b|e\+", table), table


def test_a_table_has_a_row_a_record(run: Trajectory) -> None:
    frame = run.to_frame()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == run.dataset.sizes["record"]
    assert frame.columns[:2].tolist() == ["tau", "step"]
    np.testing.assert_array_equal(frame["loss_train Q-only"], run.history("loss_train", kind="Q-only"))
    np.testing.assert_array_equal(frame["g signal z"], run.history("g", part="signal", direction="z"))
    assert not any(name.startswith(("patterns_", "W", "kernel_")) for name in frame.columns), "they have no labels"
    for name, variable in run.dataset.data_vars.items():
        if variable.dims == ("record",):
            assert name in frame.columns


def test_netcdf_holds_the_run_with_packed_patterns(run: Trajectory, tmp_path: Path) -> None:
    path = tmp_path / "run.nc"
    run.to_netcdf(path)
    with xarray.open_dataset(path) as read:
        read.load()
    for name, variable in run.dataset.variables.items():
        np.testing.assert_array_equal(read[name].values, variable.values, err_msg=str(name))
    packed = run.dataset["patterns_P"]
    assert packed.dtype == read["patterns_P"].dtype == np.uint8 and packed.values.max() > 127 and packed.sizes["byte_P"] == 8
    before = path.read_bytes()
    with pytest.raises(StoreError, match="exists"):
        run.to_netcdf(path)
    assert path.read_bytes() == before
    run.to_netcdf(path, force=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="exists"):
        run.to_netcdf(tmp_path / "folder", force=True)


def test_runs_of_different_length_are_put_side_by_side(run: Trajectory, tmp_path: Path) -> None:
    shorter = simulate(TINY.replace(max_tau=16.0), threads=1)
    both = xarray.concat([run.dataset[["train_loss"]], shorter.dataset[["train_loss"]]], "run", join="outer", coords="minimal",
                         compat="override")
    n, fewer = (each.dataset.sizes["record"] for each in (run, shorter))
    assert both["train_loss"].shape == (2, n)
    assert int(both["train_loss"].isel(run=1).isnull().sum()) == n - fewer > 0
    run.save(tmp_path / "run")
    assert Trajectory.load(tmp_path / "run").dataset["record"].values.tolist() == list(range(run.dataset.sizes["record"]))
