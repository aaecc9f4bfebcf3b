"""A sweep on workers that dask-jobqueue submits to SLURM, a job each: python jobqueue.py DECLARATION FOLDER JOBS.

Called again with the same folder it continues. The scheduler is in this process, which runs as long as the sweep does: on a
login node that allows it, or in a small job of its own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from dask_jobqueue import SLURMCluster

from theory_sim import Sweep, SweepStore, collect, run_sweep


def main(declaration: str, folder: str, jobs: str) -> int:
    """Compute the sweep; return the exit status."""
    store = SweepStore(folder) if Path(folder).exists() else SweepStore.create(folder, Sweep.from_toml(declaration))
    with SLURMCluster(
        cores=1, processes=1, memory="2GiB", walltime="04:00:00",  # one thread a worker, and what it may take
        python=sys.executable,
        local_directory=tempfile.gettempdir(),  # on each node's own disk
        job_script_prologue=[
            "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1",
            "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False",  # some 150 MB a worker
        ],
        scheduler_options={"dashboard": False, "dashboard_address": ":0"},
    ) as cluster:  # fmt: skip
        cluster.scale(jobs=int(jobs))  # or cluster.adapt(maximum_jobs=...): jobs come and go with the runs
        status = run_sweep(store, executor=f"dask@{cluster.scheduler_address}")
    if status.pending:
        return 130
    collect(store)
    return 1 if status.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
