"""Memory and processor time that one run takes, measured in a process of its own, beside what was estimated.

python -m tests.memory_use, with a line of JSON on standard input: {"engine", "options", "fields", "threads"}.
"""

from __future__ import annotations

import ctypes
import gc
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from theory_sim.engines.resources import LIBRARIES

__all__ = ["Case", "Measured", "counted", "measure"]

_SMALL = {"d": 40, "N": 60, "m_W": 16, "m_V": 16, "n_test": 3, "max_steps": 3, "max_tau": 20.0, "record_every": 10.0}


class Case(NamedTuple):
    """A run to be measured: its engine with options, and the fields of the experiment."""

    fields: dict[str, Any]
    engine: str = "finite"
    options: dict[str, Any] = {}  # noqa: RUF012  never changed
    threads: int = 1


class Measured(NamedTuple):
    """Bytes and seconds of a run, and what was estimated of them."""

    peak: int
    estimated: int
    seconds: float
    estimated_seconds: float


def measure(case: Case) -> Measured:
    """Run a case in a fresh process."""
    ended = subprocess.run([sys.executable, "-m", "tests.memory_use"], input=json.dumps(case._asdict()), text=True,
                           capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return Measured(**json.loads(ended.stdout.splitlines()[-1]))


def counted(case: Case, part: str) -> bool:
    """Whether a part of the estimate is in what is measured: libraries are loaded before, but with the closure."""
    return case.engine == "closure" or part != LIBRARIES


def _status(name: str) -> int:
    """A size of this process, in bytes: VmRSS is what it holds, VmHWM the most that it has held."""
    found = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return 1024 * int(found[1])


def _measured(case: Case) -> Measured:
    """What a case takes of this process: once libraries and compiled code are loaded, or of the closure, which takes little
    else, with them."""
    from theory_sim import Experiment, simulate
    from theory_sim.engines import Engine

    engine, e = Engine(case.engine, case.options), Experiment(**case.fields)
    if not counted(case, LIBRARIES):
        small = {name: value for name, value in _SMALL.items() if e.max_steps is not None or name != "max_steps"}
        batch = None if e.batch_size is None else 8
        simulate(e.replace(**small, p0=min(0.4, e.p0_value), q0=min(0.5, e.q0), batch_size=batch), engine, threads=case.threads)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark begins anew
    before, began = _status("VmRSS"), time.process_time()
    simulate(e, engine, threads=case.threads)
    peak, seconds = _status("VmHWM") - before, time.process_time() - began
    estimated = engine.estimated_bytes(e, threads=case.threads) - (0 if counted(case, LIBRARIES) else engine.solver.loaded)
    return Measured(peak, estimated, seconds, engine.estimated_seconds(e, threads=case.threads))


if __name__ == "__main__":
    print(json.dumps(_measured(Case(**json.loads(sys.stdin.read())))._asdict()))
