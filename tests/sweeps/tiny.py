"""Tiny sweeps, and what tests of sweeps on disk share."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from theory_sim import Experiment, simulate
from theory_sim.engines import Engine
from theory_sim.loop import unfinished_path
from theory_sim.sweeps.blocks import Product, Sobol
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

TINY = Experiment(d=10, N=40, m_W=20, m_V=40, max_tau=40.0, n_test=5)
ENGINES = (Engine(), Engine("limit"), Engine("closure"))
SWEEP = Sweep("tiny", TINY, (Product({"r": [0.3, 0.6]}),), ("S",), (0, 1), ENGINES)
LARGER = Sweep(
    "tiny", TINY.replace(epsilon_1=0.2), (Product({"r": [0.3, 0.6]}), Sobol({"g0": [0.5, 1.5]}, 2)), ("L-S", "S"), (0, 1),
    ENGINES,
)  # fmt: skip


def finished(sweep: Sweep, folder: Path, runs: int) -> SweepStore:
    store = SweepStore.create(folder, sweep)
    status = run_sweep(store, workers=0)
    assert (status.done, status.total, status.pending, status.failed) == (runs, runs, 0, 0)
    return store


def interrupted(store: Path, **given: Any) -> None:
    """A run that leaves an unfinished part, of the sweeps' experiment in the limit."""
    def stop(step: int, tau: float, loss: float) -> None:
        signal.raise_signal(signal.SIGINT)

    assert simulate(TINY, "limit", store=store, progress=stop, **given).outcome == "interrupted"
    assert unfinished_path(store).exists()


def everything(folder: Path) -> dict[str, Any]:
    return {str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")
            if path.name != "manifest.sqlite"}
