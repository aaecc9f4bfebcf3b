"""What a run of a sweep costs does not grow with the number of runs, nor does what the executor holds of them.

The physics and the store of arrays cost the same for each run by their nature, and hide the rest: in their place an executor
of this test's writes an empty folder as a run's, as a run is written: in a draft that takes its name.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from theory_sim import Experiment
from theory_sim.engines import Engine
from theory_sim.storage.listing import Listing
from theory_sim.storage.writing import FolderDraft
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.compute import Computed
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.in_process import InProcess
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

BASE = Experiment(d=4, N=8, m_W=4, m_V=4, n_test=2, max_tau=2.0, record_every=1.0, schedule="S", eta_2=1.0)


class Trivial(InProcess):
    """Puts an empty folder in a run's place."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with FolderDraft(Path(args[0]), Listing()) as draft:
            draft.new.mkdir()
            draft.commit(of="a run")
        future: Future[Any] = Future()
        future.set_result(Computed("done", 0.0))
        return future


def measured(folder: Path, runs: int, last: int = 200) -> tuple[float, float]:
    """Processor time of each of the last runs of a sweep, in seconds, and the growth of memory over them, in bytes a run."""
    sweep = Sweep("many", BASE, (Product({"g0": [0.5 + i / runs for i in range(runs)]}),), engines=(Engine("closure"),))
    store = SweepStore.create(folder / f"many-{runs}", sweep)
    for id in list(store.states())[: runs - last]:
        store.run_path(id).mkdir()
    store.manifest.found(list(store.states())[: runs - last])
    store.damage_of = lambda id: ""  # type: ignore[method-assign]
    began: list[float] = []
    held: list[int] = []

    def watch(status: Any) -> None:
        if not began:
            tracemalloc.start()
            held.append(tracemalloc.get_traced_memory()[0])
            began.append(time.process_time())

    status = run_sweep(store, executor=Trivial(1), progress=watch)
    seconds = time.process_time() - began[0]
    held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert status.done == runs and status.pending == 0
    return seconds / last, (held[1] - held[0]) / last


@pytest.mark.slow
def test_a_run_of_ten_thousand_costs_what_one_of_a_thousand_does(tmp_path: Path) -> None:
    small, large = (measured(tmp_path, runs) for runs in (1000, 10_000))
    assert large[0] < 1.2 * small[0], (small, large)
    assert large[1] < 1000, "bytes that stay of each run"
