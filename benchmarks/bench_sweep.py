"""Strong scaling of a sweep: the same runs of the limit, each a second or more, by two worker processes and by one.

Whole calls are timed, the start of the workers included, in turn: one, two, two, one. The tables must be bitwise the same. Exit
status 1 if two workers take more than 0.54 of the time of one.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from timing import Record, record

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

TARGET = 0.54
BASE = Experiment(d=400, N=1600, schedule="S", eta_2=0.5, max_tau=1500.0, record_every=25.0)
SWEEP = Sweep("scaling", BASE, seeds=tuple(range(20)), engines=(Engine("limit"),))


def timed(folder: Path, workers: int) -> tuple[float, float, Summary]:
    """Seconds of the whole call, median seconds of its runs, and the summary."""
    store = SweepStore.create(folder, SWEEP)
    start = time.perf_counter()
    run_sweep(store, workers=workers)
    seconds = time.perf_counter() - start
    return seconds, float(np.median([entry.seconds for entry in store.manifest.entries() if entry.seconds])), collect(store)


def main() -> int:
    """Measure, print, tell whether the target is missed."""
    times: dict[int, list[float]] = {1: [], 2: []}
    summaries = []
    with tempfile.TemporaryDirectory() as scratch:
        for turn, workers in enumerate((1, 2, 2, 1)):
            seconds, each, summary = timed(Path(scratch) / str(turn), workers)
            times[workers].append(seconds)
            summaries.append(summary)
            print(f"workers {workers}: {seconds:.2f} s, {len(SWEEP)} runs of {each:.2f} s", flush=True)
    same = all(summary.dataset.identical(summaries[0].dataset) for summary in summaries)
    ratio = sum(times[2]) / sum(times[1])
    missed = record(Record("workers", f"{len(SWEEP)} runs by two worker processes", ratio, "ratio", TARGET,
                           source="by one worker process"))
    print(f"tables {'the same' if same else 'DIFFER'}")
    return int(missed or not same)


if __name__ == "__main__":
    sys.exit(main())
