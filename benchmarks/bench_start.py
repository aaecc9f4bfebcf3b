"""How long workers take to start: the call of a sweep of one short run, whole, against the start of Python with the package.

Of each executor the best of three calls, in turn, each in a process of its own. What is above one is what workers cost before
their first run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from timing import Record, record

ONE = """
import sys
from theory_sim import Engine, Experiment, Sweep, SweepStore, run_sweep
base = Experiment(d=10, N=40, m_W=20, m_V=40, max_tau=40.0, n_test=5)
store = SweepStore.create(sys.argv[1], Sweep("one", base, engines=(Engine("closure"),)))
run_sweep(store, executor=sys.argv[2], workers=None if sys.argv[2] == "in-process" else 2)
"""
PLAIN = "import theory_sim.sweeps.run, theory_sim.engines"


def seconds(*command: str) -> float:
    """Time of a Python program, whole."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", *command], check=True)
    return time.perf_counter() - start


def main() -> int:
    """Measure and print; what is measured has no target."""
    executors = ["in-process", "processes", *(["dask"] if find_spec("distributed") else [])]
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for turn in range(3):
            for name in ("", *executors):
                taken = seconds(ONE, str(Path(scratch) / f"{turn}-{name}"), name) if name else seconds(PLAIN)
                best[name] = min(taken, best.get(name, taken))
    for name in executors:
        record(Record("workers", f"a sweep of one short run, executor {name}", best[name] / best[""], "ratio",
                      source="the start of Python with the package"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
