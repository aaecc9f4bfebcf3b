"""Memory and time of a long sweep through Dask: ``python benchmarks/dask_runs.py 10000``.

Short runs of the closure by two workers of this machine. At 0, 100, 200, 500, 1000 runs and so on it prints, as a line of
JSON, resident memory and processor time of the client, of the process of the scheduler, and of each worker. ``--empty`` puts an
empty folder in each run's place, so that what the client and the scheduler do for a run is seen at many runs. ``--folder``
keeps the sweep: the same command continues what was stopped. ``--every 60`` prints a line a minute too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

import psutil

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.storage.listing import Listing
from theory_sim.storage.writing import FolderDraft
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.compute import Computed
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.dask import DaskWorkers
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

BASE: Final = Experiment(d=4, N=8, m_W=4, m_V=4, n_test=2, max_tau=2.0, record_every=1.0, schedule="S", eta_2=1.0)
WORKERS: Final = 2


def empty_run(place: str, *_: object) -> Computed:
    """An empty folder in a run's place, written as a run is."""
    with FolderDraft(Path(place), Listing()) as draft:
        draft.new.mkdir()
        draft.commit(of="a run")
    return Computed("done", 0.0)


class EmptyRuns(DaskWorkers):
    """Dask's workers, of which none computes a run."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(empty_run, *args)


def costs() -> dict[str, dict[str, float]]:
    """Resident memory in MB and processor seconds of the client, the scheduler's process and the mean worker."""
    client = psutil.Process()
    found: dict[str, list[psutil.Process]] = {"client": [client], "scheduler": [], "worker": []}
    for child in client.children():
        if inner := [each for each in child.children() if "spawn_main" in " ".join(each.cmdline())]:
            found["scheduler"].append(child)
            found["worker"] += inner
    return {name: {"MB": round(sum(each.memory_info().rss for each in those) / len(those) / 1e6, 1),
                   "seconds": round(sum(sum(each.cpu_times()[:2]) for each in those) / len(those), 2)}
            for name, those in found.items() if those}


def main() -> int:
    """Compute the sweep, and print what it takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=int)
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--every", type=float, default=math.inf, help="seconds")
    given = parser.parse_args()
    values = [0.5 + i / given.runs for i in range(given.runs)]
    sweep = Sweep("many", BASE, (Product({"g0": values}),), engines=(Engine("closure"),))
    powers = (many * 10**power for power in range(2, 7) for many in (1, 2, 5))
    marks = [-1, *(number for number in powers if number < given.runs), given.runs]
    began = printed = time.monotonic()

    def watch(status: Any) -> None:
        nonlocal printed
        passed = [mark for mark in marks if status.done >= mark]
        del marks[:len(passed)]
        if passed or time.monotonic() - printed >= given.every:
            printed = time.monotonic()
            print(json.dumps({"runs": status.done, "elapsed": round(printed - began, 1), "load": os.getloadavg()[0],
                              **costs()}), flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "many"
        store = SweepStore(folder) if folder.exists() else SweepStore.create(folder, sweep)
        if given.empty:
            store.damage_of = lambda id: ""  # type: ignore[method-assign]
        pool = (EmptyRuns if given.empty else DaskWorkers).of(WORKERS, None, store.manifest.path)
        began = time.monotonic()
        status = run_sweep(store, executor=pool, progress=watch)
    return int(status.done != given.runs)


if __name__ == "__main__":
    sys.exit(main())
