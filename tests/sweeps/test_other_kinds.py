"""Summaries, tables and comparisons of sweeps whose data have other kinds of examples than P and Q."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from rich.console import Console

from tests.sweeps.tiny import SWEEP, TINY, finished
from theory_sim import collect, compare_sweep
from theory_sim.observe.learning_order import times_by_kind
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.dense import kinds_of
from theory_sim.sweeps.outcomes import KINDS, OUTCOME_VARIABLES, TIMES_BY_KIND, outcome_variables
from theory_sim.terminal.sweep_tables import summary_table
from theory_sim.theory.crossings import LEVELS

WEAK = TINY.replace(data_law="weak-and-strong", max_tau=12.0, tau_0=0.5, m_W=8, m_V=8, eta_2=1.0)


def shown(summary: Summary) -> str:
    out = io.StringIO()
    Console(file=out, width=100).print(summary_table(summary))
    return out.getvalue()


def test_the_kinds_of_the_runs_are_those_of_the_summary(tmp_path: Path) -> None:
    store = finished(Sweep("weak", WEAK, (Product({"weak_norm": [0.3, 0.6]}),), ("S", "constant"), (0, 1)), tmp_path / "s", 8)
    summary = collect(store)
    data, runs = summary.dataset, {run.id: run for run, _ in store.trajectories()}
    kinds = data["kind"].values.tolist()
    assert kinds == ["weak-only", "both"]
    for run, trajectory in store.trajectories():
        last = trajectory.dataset.isel(record=-1)
        assert last["kind"].values.tolist() == kinds
        np.testing.assert_array_equal(data["loss_train"].values[run.index], last["loss_train"].values)
        np.testing.assert_array_equal(data["error_test"].values[run.index], 1.0 - last["accuracy_test"].values)
        expected = [list(times_by_kind(trajectory, level=level).values()) for level in LEVELS]
        np.testing.assert_array_equal(data[TIMES_BY_KIND].values[run.index], expected)
    assert len(runs) == 8 and np.isfinite(data["loss_train"].values).all()
    assert {f"{TIMES_BY_KIND} {level} {kind}" for level in LEVELS for kind in kinds} <= set(summary.frame.columns)
    text = shown(summary)
    assert all(kind in text for kind in kinds) and "tau_P" not in text and "error on P" not in text
    assert Summary.load(store.folder / "summary").dataset.identical(data)
    for quantity in ("loss_test", TIMES_BY_KIND):
        rows = compare_sweep(summary, quantity, between=("S", "constant"), labels={"kind": kinds[0]})
        assert len(rows) == 2 and ("median S" in rows) == (quantity == TIMES_BY_KIND)


def test_of_the_mixture_nothing_is_added() -> None:
    assert kinds_of(SWEEP) == KINDS and outcome_variables(KINDS) == OUTCOME_VARIABLES
    both = Sweep("both", TINY, (Product({"data_law": ["xor", "pq-mixture"]}),), ("S",), (0,))
    assert kinds_of(both)[:3] == KINDS and len(kinds_of(both)) > 3
