"""Times that a user waits: a whole S run of the default preset, and the start of the command line.

The run is `simulate`, observers included, with two threads; its compiled loops are taken from their cache, as in
any run but the first. The start is a fresh process, best of three. Exit status 1 if a target is missed.
"""

from __future__ import annotations

import subprocess
import sys
import time

from timing import Record, record

from theory_sim.engines import simulate
from theory_sim.experiment import Experiment

THREADS = 2
TARGET_RUN = 10.0
TARGET_START = 1.0
STARTS = {
    "import theory_sim": [sys.executable, "-c", "import theory_sim"],
    "theory-sim --help": [sys.executable, "-c", "from theory_sim.__main__ import main; main()", "--help"],
}


def start_time(command: list[str]) -> float:
    """Seconds that a command takes, the best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Measure, print, and return the exit status."""
    missed = [record(Record("start-up", name, start_time(command), "s", TARGET_START)) for name, command in STARTS.items()]
    experiment = Experiment.preset().replace(schedule="S")
    simulate(experiment.replace(max_steps=2), threads=THREADS)  # compiles
    start = time.perf_counter()
    trajectory = simulate(experiment, threads=THREADS)
    steps = trajectory.dataset.attrs["final_step"]
    seconds = time.perf_counter() - start
    missed.append(record(Record("time", f"S run of the default preset, {steps} steps", seconds, "s", TARGET_RUN)))
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
