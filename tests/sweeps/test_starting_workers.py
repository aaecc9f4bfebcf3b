"""Workers that start wherever they are asked for, and those that cannot: told, and no run is marked as failed."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.sweeps.tiny import TINY
from theory_sim.engines import Engine
from theory_sim.errors import InputError, WorkerError
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.base import require_executor
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

ROOT: Final = Path(__file__).parents[2]
SWEEP: Final = Sweep("one", TINY, engines=(Engine("limit"),))
# No main guard: whoever imports it writes a line more, and would begin the sweep in the folder that is there.
UNGUARDED: Final = f"""
_ = open("imported", "a").write("once\\n")
import sys
sys.path.insert(0, {str(ROOT)!r})
from theory_sim import Engine, Experiment, Sweep, SweepStore, run_sweep
base = Experiment(**{TINY.fields()!r})
store = SweepStore.create("one", Sweep("one", base, engines=(Engine("limit"),)))
status = run_sweep(store, workers=1, executor=sys.argv[-1])
print(status.done, status.failed, status.pending)
"""
POOLED: Final = f"""
import multiprocessing, sys
sys.path.insert(0, {str(ROOT)!r})
def task(executor):
    from theory_sim import SweepStore, run_sweep
    run_sweep(SweepStore("one"), workers=1, executor=executor)
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(task, sys.argv[1:])
"""


def call(arguments: list[str], folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, input=text, text=True, capture_output=True, timeout=900)


@pytest.mark.tier2
@pytest.mark.parametrize(("how", "executor"), [
    ("script.py", "processes"), ("-", "dask"),
    pytest.param("-", "processes", marks=pytest.mark.slow), pytest.param("-i", "processes", marks=pytest.mark.slow),
    pytest.param("script.py", "dask", marks=pytest.mark.slow), pytest.param("-i", "dask", marks=pytest.mark.slow),
])
def test_a_program_that_workers_cannot_import(how: str, executor: str, tmp_path: Path) -> None:
    """A script without a main guard, standard input, and an interactive session, as a notebook is one."""
    if executor == "dask":
        pytest.importorskip("distributed")
    (tmp_path / "script.py").write_text(UNGUARDED)
    done = call([how, executor] if how != "-i" else ["-i", "-c", "", executor], tmp_path, UNGUARDED)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-3:] == ["1", "0", "0"] and "Traceback" not in done.stderr
    assert (tmp_path / "imported").read_text() == "once\n"


@pytest.mark.tier2
@pytest.mark.parametrize("executor", ["processes", pytest.param("dask", marks=pytest.mark.slow)])
def test_within_a_pool(executor: str, tmp_path: Path) -> None:
    if executor == "dask":
        pytest.importorskip("distributed")
    store = SweepStore.create(tmp_path / "one", SWEEP)
    (tmp_path / "pooled.py").write_text(POOLED)
    done = call(["pooled.py", executor], tmp_path, "")
    assert done.returncode == 1 and "worker processes inside of a daemonic process" in done.stderr
    status = store.status()
    assert (status.pending, status.failed, store.manifest.holder()) == (1, 0, None)


@pytest.mark.parametrize("executor", [None, "processes", "dask"])
def test_processes_that_may_start_none(executor: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if executor == "dask":
        pytest.importorskip("distributed")
    process = multiprocessing.current_process()
    monkeypatch.setitem(process._config, "daemon", True)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="daemonic process"):
        require_executor(executor, None, None)
    require_executor("in-process", None, None)
    monkeypatch.undo()
    monkeypatch.setattr(process, "_inheriting", True, raising=False)
    with pytest.raises(InputError, match="imported by a process that it started"):
        require_executor(executor, None, None)


def python_that(does: str, folder: Path) -> str:
    """A program in the place of Python for workers."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def worker_python(monkeypatch: pytest.MonkeyPatch) -> object:
    import multiprocessing.resource_tracker
    import multiprocessing.spawn

    multiprocessing.resource_tracker.ensure_running()  # it would be started so, too

    def put(path: str) -> None:
        monkeypatch.setattr(multiprocessing.spawn, "_python_exe", os.fsencode(path))

    return put


@pytest.mark.parametrize("executor", ["processes", "dask"])
@pytest.mark.parametrize(("does", "words"), [
    ("exit 3", "it ended with exit status 3"), ("kill -9 $$", "it was killed by signal SIGKILL"),
    (None, "it ended with exit status 255"),
])
def test_workers_that_cannot_start(
    does: str | None, words: str, executor: str, tmp_path: Path, worker_python: object
) -> None:
    """As with a Python that cannot import what it needs, a system that ends it, and no Python at all."""
    if executor == "dask":
        pytest.importorskip("distributed")
    store = SweepStore.create(tmp_path / "one", SWEEP)
    worker_python(python_that(does, tmp_path) if does else str(tmp_path / "nothing"))  # type: ignore[operator]
    how = f"({words}|it ended at once|it closed its connection)"
    with pytest.raises(WorkerError, match=f"a worker process could not start: {how}"):
        run_sweep(store, workers=2, executor=executor)
    status = store.status()
    assert (status.pending, status.failed, store.manifest.holder()) == (1, 0, None)


@pytest.mark.slow
def test_a_worker_that_is_killed_as_it_starts_is_started_once_more(tmp_path: Path, worker_python: object) -> None:
    store = SweepStore.create(tmp_path / "one", SWEEP)
    does = f'[ -e {tmp_path}/killed ] && exec {sys.executable} "$@"\ntouch {tmp_path}/killed\nkill -9 $$'
    worker_python(python_that(does, tmp_path))  # type: ignore[operator]
    status = run_sweep(store, workers=1)
    assert (status.done, status.failed) == (1, 0) and (tmp_path / "killed").exists()
    assert [entry.attempts for entry in store.manifest.entries()] == [2]


def test_a_limit_on_the_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.sweeps.executors.spawn import BareProcess

    def refuse(process: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(BareProcess, "start", refuse)
    store = SweepStore.create(tmp_path / "one", SWEEP)
    with pytest.raises(WorkerError, match=r"could not start: .*Resource temporarily unavailable"):
        run_sweep(store, workers=1)
    assert store.status().pending == 1


def test_a_sweep_without_workers_says_that_it_waits(capsys: pytest.CaptureFixture[str]) -> None:
    from theory_sim.sweeps.status import SweepStatus
    from theory_sim.terminal.progress import sweep_progress

    with sweep_progress("far", 2, shown=True) as progress:
        assert progress is not None
        for slots, done in ((0, 0), (0, 0), (2, 1), (0, 2)):
            progress(SweepStatus(total=2, done=done, running=0, failed=0, pending=2 - done, slots=slots))
    assert capsys.readouterr().err.count("far: no worker is there yet; waiting for one") == 1


@pytest.mark.parametrize(("running", "runs"), [(1, "the run"), (3, "the 3 runs")])
def test_ctrl_c_says_at_once_what_happens(running: int, runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    from theory_sim.sweeps.status import SweepStatus
    from theory_sim.terminal.progress import sweep_progress

    with sweep_progress("far", 9, shown=True) as progress:
        assert progress is not None
        for stopping in (False, True, True):
            progress(SweepStatus(total=9, done=2, running=running, failed=0, pending=7 - running, slots=3, stopping=stopping))
    said = capsys.readouterr().err
    assert said.count(f"far: stopping at the next step of {runs} in progress; what is computed is kept") == 1
