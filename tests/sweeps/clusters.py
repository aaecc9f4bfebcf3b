"""Schedulers and workers of Dask for tests, each a program of its own as on another machine, and runs of some seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.store import SweepStore

ROOT = Path(__file__).parents[2]
# Runs of seconds each, with checkpoints.
LONG = Sweep("long", Experiment(d=40, N=160, max_tau=240.0, n_test=5, record_every=2.0, schedule="S", eta_2=0.25),
             seeds=tuple(range(4)), engines=(Engine("limit"),))
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__ADMIN__LOG_FORMAT": "%(message)s"}


@contextmanager
def program(*arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-m", *arguments], env={**ENVIRONMENT, **more}, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as started:
        try:
            yield started
        finally:
            started.terminate()


@contextmanager
def scheduler(folder: Path, *, workers: int = 1, variables: Mapping[str, str] | None = None) -> Iterator[str]:
    """Address of a scheduler, which has these variables, with workers; each is a program of its own as on another machine."""
    at = folder / "scheduler.json"
    with program("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                 "--scheduler-file", str(at), **(variables or {})):
        until = time.monotonic() + 60
        while not (at.exists() and at.stat().st_size) and time.monotonic() < until:  # there before it is written
            time.sleep(0.05)
        address: str = json.loads(at.read_text())["address"]
        if workers == 0:
            yield address
        else:
            with worker(address, workers):
                yield address


@contextmanager
def worker(address: str, count: int = 1, threads: int = 1, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    with program("distributed.cli.dask_worker", address, "--nworkers", str(count), "--nthreads", str(threads), "--no-dashboard",
                 "--memory-limit", "0", **more) as started:
        yield started


def unloadable(folder: Path) -> dict[str, str]:
    """Variables of a process that cannot load the program, as its NumPy is too old."""
    for name, text in (("theory_sim/__init__.py", "import numpy\nnumpy.of_another_version\n"),
                       ("numpy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n")):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def table_of(store: SweepStore) -> bytes:
    collect(store)
    return (store.folder / "summary" / "summary.csv").read_bytes()
