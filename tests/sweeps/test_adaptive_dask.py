"""Adaptive phase diagrams on Dask's workers: the table of one process to the bit, also after kill -9 and an extension."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.sweeps.clusters import ENVIRONMENT, program, scheduler, table_of
from tests.sweeps.test_adaptive import declared
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.refinement import refined
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import DECLARATION, SweepStore

COARSE = 9 * 2  # runs before the first refinement


def table_here(folder: Path, levels: int) -> bytes:
    store = SweepStore.create(folder, declared(levels))
    run_sweep(store, workers=0)
    return table_of(store)


@pytest.mark.slow
def test_killed_while_it_refines_resumed_and_extended(tmp_path: Path) -> None:
    """The client is killed once the first points were added; the next goes on with other workers; then one more level."""
    pytest.importorskip("distributed")
    (tmp_path / "a.toml").write_text(declared(1).to_toml())
    with scheduler(tmp_path, workers=2) as address:
        with program("theory_sim", "sweep", "run", str(tmp_path / "a.toml"), "--scheduler", address, "-q", "--out",
                     str(tmp_path), **ENVIRONMENT) as client:
            until = time.monotonic() + 300
            declaration = tmp_path / "a" / DECLARATION
            while not (declaration.exists() and "points" in declaration.read_text()) and time.monotonic() < until:
                time.sleep(0.01)
            client.kill()
            client.wait()
        store = SweepStore(tmp_path / "a")
        assert len(store.sweep) > COARSE and store.status().pending + store.status().running > 0, "killed while it refined"
        status = run_sweep(store, executor=f"dask@{address}")
        assert status.pending == status.failed == 0
        assert table_of(store) == table_here(tmp_path / "one level", 1)
        SweepStore(tmp_path / "a").extend(refined(store.sweep, 2))
    wider = SweepStore(tmp_path / "a")
    assert run_sweep(wider, workers=2, executor="dask").pending == 0
    here = SweepStore(tmp_path / "one level")
    here.extend(refined(here.sweep, 2))
    run_sweep(here, workers=0)
    assert table_of(wider) == table_of(here)
    assert collect(wider).dataset.identical(collect(here).dataset)
