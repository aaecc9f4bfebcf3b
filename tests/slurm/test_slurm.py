"""The scripts of docs/slurm, submitted to a stand-in of SLURM: the same table bitwise as locally."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.sweeps.clusters import LONG
from tests.sweeps.tiny import TINY
from theory_sim.engines import Engine
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = ROOT / "docs" / "slurm"
STAND_IN: Final = Path(__file__).with_name("stand_in.py")
SWEEP: Final = Sweep("small", TINY, seeds=(0, 1), engines=(Engine("limit"),))
WAIT_SECONDS: Final = 900
Slurm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def slurm(tmp_path: Path) -> Slurm:
    """Call a program with the stand-in on its PATH, in a folder that all nodes see."""
    programs = tmp_path / "bin"
    programs.mkdir()
    python = Path(sys.executable)
    for name in ("sbatch", "srun", "squeue", "scancel"):
        (programs / name).write_text(f'#!/bin/sh\nexec {python} {STAND_IN} {name} "$@"\n')
    for name, module in (("theory-sim", "theory_sim"), ("dask", "dask")):
        (programs / name).write_text(f'#!/bin/sh\nexec {python} -m {module} "$@"\n')
    (programs / "python").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    for path in programs.iterdir():
        path.chmod(0o755)
    (tmp_path / "state").mkdir()
    (tmp_path / "scratch").mkdir()
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "SLURM_STAND_IN": str(tmp_path / "state"),
                   "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
                   "TMPDIR": str(tmp_path / "scratch")}
    (tmp_path / "work").mkdir()

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path / "work", env=environment, capture_output=True, text=True,
                              timeout=WAIT_SECONDS)

    return call


def ended(job: str, slurm: Slurm) -> None:
    """Wait until a job is gone from the queue."""
    until = time.monotonic() + WAIT_SECONDS
    while slurm("squeue", "-h", "-j", job).stdout:
        assert time.monotonic() < until
        time.sleep(0.3)


def status_of(job: str, tmp_path: Path) -> int:
    return int((tmp_path / "state" / f"{job}.status").read_text())


def log_of(job: str, tmp_path: Path) -> str:
    return (tmp_path / "work" / f"theory-sim-{job}.log").read_text()


def table_of(folder: Path) -> bytes:
    return (folder / "summary" / "summary.csv").read_bytes()


def local_table(sweep: Sweep, folder: Path) -> bytes:
    store = SweepStore.create(folder, sweep)
    run_sweep(store, workers=0)
    collect(store)
    return table_of(folder)


@pytest.fixture
def needs_dask() -> None:
    pytest.importorskip("distributed")


def test_an_option_that_is_unknown_is_refused(slurm: Slurm, tmp_path: Path) -> None:
    (tmp_path / "work" / "job.sh").write_text("#!/bin/sh\n#SBATCH --partitoin=long\nexit 0\n")
    done = slurm("sbatch", "job.sh")
    assert done.returncode != 0 and "--partitoin" in done.stderr and not list((tmp_path / "state").iterdir())


@pytest.mark.alternating
@pytest.mark.usefixtures("needs_dask")
def test_a_job_script(slurm: Slurm, tmp_path: Path) -> None:
    (tmp_path / "work" / "small.toml").write_text(SWEEP.to_toml())
    job = slurm("sbatch", "--parsable", "--ntasks=2", str(SCRIPTS / "job.sh"), "sweep", "run", "small.toml").stdout.strip()
    ended(job, slurm)
    assert status_of(job, tmp_path) == 0, log_of(job, tmp_path)
    assert table_of(tmp_path / "work" / "runs" / "small") == local_table(SWEEP, tmp_path / "here")
    # The address is removed.
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["runs", "small.toml", f"theory-sim-{job}.log"]


@pytest.mark.slow
@pytest.mark.usefixtures("needs_dask")
def test_a_job_that_reaches_its_time_limit_continues_in_another(slurm: Slurm, tmp_path: Path) -> None:
    (tmp_path / "work" / "long.toml").write_text(LONG.to_toml())
    script = str(SCRIPTS / "job.sh")
    first = slurm("sbatch", "--parsable", "-n", "1", script, "sweep", "run", "long.toml", "-q").stdout.strip()
    until = time.monotonic() + WAIT_SECONDS
    while not list((tmp_path / "work").glob("runs/long/runs/*.partial")) and time.monotonic() < until:
        time.sleep(0.1)
    # As SLURM's warning does: to the batch script alone.
    import psutil

    (batch,) = psutil.Process(int((tmp_path / "state" / f"{first}.pid").read_text())).children()
    batch.terminate()
    ended(first, slurm)
    assert status_of(first, tmp_path) == 130, log_of(first, tmp_path)
    assert "continue with: theory-sim sweep resume runs/long" in log_of(first, tmp_path)
    again = slurm("sbatch", "--parsable", "-n", "2", script, "sweep", "resume", "runs/long").stdout.strip()
    ended(again, slurm)
    assert status_of(again, tmp_path) == 0, log_of(again, tmp_path)
    assert table_of(tmp_path / "work" / "runs" / "long") == local_table(LONG, tmp_path / "here")


def test_memory_of_a_node_does_not_say_what_a_worker_may_take(slurm: Slurm, tmp_path: Path) -> None:
    job = slurm("sbatch", "--parsable", "--mem=4G", str(SCRIPTS / "job.sh"), "sweep", "run", "small.toml").stdout.strip()
    ended(job, slurm)
    assert status_of(job, tmp_path) != 0 and "submit with --mem-per-cpu" in log_of(job, tmp_path)


@pytest.mark.alternating
@pytest.mark.usefixtures("needs_dask")
@pytest.mark.parametrize(("until", "code", "words"), [
    ("true", 2, ["dask: not found", "the workers ended"]),
    ("until [ -e runs/small/manifest.sqlite ]; do sleep 0.1; done", 130,
     ["dask: not found", "no worker is left", "sweep resume runs/small"]),
], ids=["at once", "later"])
def test_a_job_without_workers_ends(until: str, code: int, words: list[str], slurm: Slurm, tmp_path: Path) -> None:
    """As where the nodes lack the program: the sweep would wait for workers until the time limit."""
    (tmp_path / "work" / "small.toml").write_text(SWEEP.to_toml())
    (tmp_path / "bin" / "srun").write_text(f"#!/bin/sh\n{until}\necho 'dask: not found' >&2\nexit 127\n")
    job = slurm("sbatch", "--parsable", "-n", "1", str(SCRIPTS / "job.sh"), "sweep", "run", "small.toml").stdout.strip()
    ended(job, slurm)
    said = log_of(job, tmp_path)
    assert status_of(job, tmp_path) == code, said
    assert sorted(words, key=said.index) == words


@pytest.mark.slow
@pytest.mark.usefixtures("needs_dask")
def test_a_bad_declaration_ends_the_job(slurm: Slurm, tmp_path: Path) -> None:
    job = slurm("sbatch", "--parsable", "-n", "1", str(SCRIPTS / "job.sh"), "sweep", "run", "none.toml").stdout.strip()
    ended(job, slurm)
    assert status_of(job, tmp_path) == 2 and "none.toml" in log_of(job, tmp_path)


@pytest.mark.alternating
@pytest.mark.usefixtures("needs_dask")
def test_dask_jobqueue(slurm: Slurm, tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="needs the extra slurm: pip install 'theory-sim[slurm]'")
    (tmp_path / "work" / "small.toml").write_text(SWEEP.to_toml())
    done = slurm("python", str(SCRIPTS / "jobqueue.py"), "small.toml", "small", "1")
    assert done.returncode == 0, done.stderr
    assert table_of(tmp_path / "work" / "small") == local_table(SWEEP, tmp_path / "here")
    assert len(list((tmp_path / "state").glob("*.sh"))) == 1 and shutil.which("bash")
    assert slurm("squeue", "-h").stdout == ""
