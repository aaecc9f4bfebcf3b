"""What recording costs: time of the default observers, the two-time Gram matrix, and memory.

- Share of a whole S run of the default preset that its records take, test evaluations included.
- Two-time Gram matrix of 2000 probes and 8000 neurons, counted in packed patterns, against the float32 product of the two
  pattern matrices by NumPy, two threads each, in turn.
- Peak memory of a run above the interpreter with everything imported, with a store and a checkpoint, over its state: weights,
  signal and noise, here 700 MB.

Exit status 1 if a target is missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
from timing import Record, interleaved, record, report

from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.loop.run import Run
from theory_sim.numeric.patterns import common_active, pack
from theory_sim.numeric.pool import BlockPool

THREADS = 2
TARGET_SHARE, TARGET_GRAM, TARGET_MEMORY = 0.10, 0.2, 3.0
MEMORY = """
import json, resource, tempfile
from theory_sim import Experiment, simulate
def run(m, folder):
    e = Experiment(d=500, N=100, p0=0.25, m_W=m, m_V=100, n_test=20, max_steps=3, record_every=0.1, lambda_=0.001)
    return simulate(e, threads=2, store=folder + f"/run{m}", checkpoint_seconds=0.0).dataset
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
with tempfile.TemporaryDirectory() as folder:
    run(100, folder)  # imports and compiles all there is
    before = peak()
    data = run(100_000, folder)
    state = sum(data[name].nbytes for name in ("W", "W_signal", "V", "V_signal")) + data["W_noise"].nbytes // 2
    print(json.dumps([before, peak(), state]))
"""


def records_share() -> bool:
    """Time a run and the records within it; tell whether their share is above the target."""
    experiment = Experiment.preset().replace(schedule="S")
    simulate(experiment.replace(max_steps=2), threads=THREADS)  # compiles
    spent, untimed = [0.0], Run._record

    def timed(self: Run[Any], *arguments: Any, **options: Any) -> None:
        start = time.perf_counter()
        untimed(self, *arguments, **options)
        spent[0] += time.perf_counter() - start

    Run._record = timed  # type: ignore[method-assign]
    start = time.perf_counter()
    simulate(experiment, threads=THREADS)
    whole = time.perf_counter() - start
    Run._record = untimed  # type: ignore[method-assign]
    share = spent[0] / whole
    return record(Record("peers", "records of the default S run", share, "ratio", TARGET_SHARE, source="the whole run"))


def gram() -> bool:
    """Count in words against multiplying floats; tell whether the ratio is above the target."""
    rng = np.random.default_rng(0)
    before, after = (rng.standard_normal((8000, 2000), dtype=np.float32) for _ in range(2))
    words = pack(before), pack(after)
    dense = [np.ascontiguousarray((z > 0).T.astype(np.float32)) for z in (before, after)]
    with BlockPool(THREADS) as pool:
        assert np.array_equal(common_active(*words, pool), dense[0] @ dense[1].T)
        times = interleaved(
            {"theory_sim": (1, lambda: void(common_active(*words, pool))),
             "numpy product": (THREADS, lambda: void(dense[0] @ dense[1].T))}, rounds=15,
        )
    return report(times, "theory_sim", "numpy product", TARGET_GRAM, "two-time Gram matrix")


def void(result: object) -> None:
    """Drop a result."""


def memory() -> bool:
    """Peak of a run in a process of its own; tell whether it is above the target."""
    output = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True).stdout
    before, peak, state = json.loads(output.splitlines()[-1])
    ratio = (peak - before) / state
    return record(Record("memory", "peak of a run with checkpoints above the imports", ratio, "ratio", TARGET_MEMORY,
                         source=f"its state of {state / 1e6:.0f} MB"))


def main() -> int:
    """Measure, print, and return the exit status."""
    return int(any([records_share(), gram(), memory()]))


if __name__ == "__main__":
    sys.exit(main())
