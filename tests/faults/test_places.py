"""A full disk, a folder that cannot be written to, no home, no cache, no folder for temporary files, a clock set back."""

from __future__ import annotations

import ctypes
import errno
import importlib.util
import os
import re
import resource
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.faults.harness import MINE, Whole, at_point, begun, command, ended, require_recovery
from tests.rotation import draws
from theory_sim import Trajectory
from theory_sim.errors import StoreError
from theory_sim.storage import failpoints
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.integrity import check_sweep, repair_sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

FULL = re.compile("No space left|disk is full")
# Capabilities that let root write and read where permissions forbid it.
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2


def full(folder: Path, limit: int) -> None:
    """The command line in a process that may write no file longer than a limit: the kernel refuses, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    command(folder.parent / "said", "sweep", "resume", folder, "--workers", "0", "-q", "--retry-failed")


@draws("disk full")
def test_a_full_disk(draw: Random, whole: Whole, tmp_path: Path) -> None:
    store = begun(tmp_path / "faulty")
    (store.folder / MINE).write_text("mine")
    if draw.random() < 0.5:
        code = ended(full, store.folder, int(2 ** draw.uniform(6, 15)))
        said = (tmp_path / "said").read_text(errors="replace")
        assert code in (0, 2) and "Traceback" not in said, said
    else:
        def no_space(point: str) -> None:
            if point.endswith("manifest"):  # SQLite writes it, and says so in its own words
                raise sqlite3.OperationalError("database or disk is full")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        at_point(draw.randrange(whole.points), no_space)
        try:
            status = run_sweep(store, workers=0, threads=1)
            collect(store)
            assert not status.failed
        except StoreError as error:
            assert FULL.search(str(error)) and error.fix
        failpoints.set_hook(None)
    require_recovery(store.folder, whole)
    assert (store.folder / MINE).read_text() == "mine"


def lower() -> None:
    """Give up root's right to write and read anywhere, if this process has it."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert libc.capget(header, data) == 0
        for word in (0, 1):  # effective and permitted
            data[word] &= ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH)
        assert libc.capset(header, data) == 0


def without_right(folder: Path) -> None:
    lower()
    command(folder.parent / "said", "sweep", "resume", folder, "--workers", "0", "-q")


@draws("read-only folder")
def test_a_folder_that_cannot_be_written_to(draw: Random, whole: Whole, tmp_path: Path) -> None:
    store = begun(tmp_path / "faulty")
    closed = draw.choice([[store.folder], [store.folder / "runs"], [store.folder, store.folder / "runs"]])
    content = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    for path in closed:
        path.chmod(0o555)
    code = ended(without_right, store.folder)
    said = (tmp_path / "said").read_text()
    for path in closed:
        path.chmod(0o755)
    assert "Traceback" not in said and code == 2, said
    assert "can be written" in said or "can write to" in said, said
    assert all(path.read_bytes() == whole for path, whole in content.items() if path.suffix != ".sqlite")
    require_recovery(store.folder, whole)


def closed_off(folder: Path, closed: Path, name: str) -> None:
    lower()
    store, path = SweepStore(folder), folder / closed
    run = sorted((folder / "runs").iterdir())[0]
    calls: dict[str, Callable[[], object]] = {
        "SweepStore": lambda: SweepStore(folder), "check": lambda: check_sweep(folder), "repair": lambda: repair_sweep(folder),
        "status": store.status, "collect": lambda: collect(store), "gc": store.gc, "strangers": store.strangers,
        "run": lambda: run_sweep(store, workers=0), "load": lambda: Trajectory.load(run),
        "summary": lambda: Summary.load(folder / "summary"), "extend": lambda: store.extend(store.sweep),
    }
    path.chmod(0)
    try:
        calls[name]()
    except StoreError as error:
        assert error.found and error.rule and error.fix
    finally:
        path.chmod(0o755 if path.is_dir() else 0o644)


READERS = ("SweepStore", "check", "repair", "status", "collect", "gc", "strangers", "run", "load", "summary", "extend")
CLOSED = (".", "sweep.toml", "manifest.sqlite", "runs", "summary", "summary/summary.zarr", "summary/summary.csv")


@draws("cannot be read")
def test_what_cannot_be_read(draw: Random, whole: Whole, tmp_path: Path) -> None:
    """Python's functions say so as the program does, and take nothing for damaged."""
    store = whole.copied(tmp_path / "faulty")
    for name in draw.sample(READERS, 3):
        assert ended(closed_off, store.folder, Path(draw.choice(CLOSED)), name) == 0, name
    assert not [found for found in check_sweep(store.folder) if found.bad]
    require_recovery(store.folder, whole)


def poor(folder: Path, variables: dict[str, str]) -> None:
    lower()
    for name in ("HOME", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        os.environ.pop(name, None)
    os.environ |= variables
    import tempfile

    tempfile.tempdir = None
    command(folder.parent / "said", "sweep", "resume", folder, "--workers", "0", "-q")


@draws("no home")
def test_no_home_and_no_temporary_folder(draw: Random, whole: Whole, tmp_path: Path) -> None:
    """Neither is needed to compute and to store."""
    store = begun(tmp_path / "faulty")
    nowhere = [{}, {"HOME": "/nonexistent"}, {"TMPDIR": "/nonexistent"}, {"HOME": "/dev/null", "TMPDIR": "/dev/null"}]
    code = ended(poor, store.folder, draw.choice(nowhere))
    assert code == 0, (tmp_path / "said").read_text()
    assert collect(store, save=False).dataset.identical(whole.dataset)


def compiled_in(folder: Path, home: str) -> None:
    """Compile a function whose source lies in a folder that cannot be written to, with no other place for the result."""
    import sys

    from theory_sim.terminal.program import run_program

    lower()
    os.environ.pop("NUMBA_CACHE_DIR", None)
    os.environ |= {"HOME": home, "XDG_CACHE_HOME": home}
    handle = os.open(folder.parent / "said", os.O_WRONLY | os.O_CREAT)
    os.dup2(handle, 2)
    spec = importlib.util.spec_from_file_location("loops", folder / "loops.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.argv = ["theory-sim"]
    os._exit(run_program(lambda: spec.loader.exec_module(module), "theory-sim"))  # type: ignore[union-attr]


@draws("no cache")
def test_no_place_for_compiled_code(draw: Random, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "loops.py").write_text("from theory_sim.numeric.kernels import compiled, compiled_as_written\n\n\n"
                                     f"@{draw.choice(('compiled', 'compiled_as_written'))}\ndef f(x):\n    return x\n")
    folder.chmod(0o555)
    code = ended(compiled_in, folder, draw.choice((str(folder), "/dev/null", "/proc")))
    said = (tmp_path / "said").read_text()
    assert code == 2 and "set the variable NUMBA_CACHE_DIR" in said and "Traceback" not in said, said


def compiled_with_limit(folder: Path, limit: int) -> None:
    """Compile and call a function in a process that may write no file longer than a limit."""
    from theory_sim.numeric.kernels import compiled

    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    spec = importlib.util.spec_from_file_location("loops", folder / "loops.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = compiled(module.f)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        made(1.0)
    except StoreError as error:
        assert "File too large" in error.found and "NUMBA_CACHE_DIR" in error.fix
    else:
        os._exit(3)


@draws("cache full")
def test_no_space_for_compiled_code(draw: Random, tmp_path: Path) -> None:
    (tmp_path / "loops.py").write_text("def f(x):\n    return x\n")
    assert ended(compiled_with_limit, tmp_path, draw.randrange(0, 500)) == 0
    assert ended(compiled_with_limit, tmp_path, 10_000_000) == 3, "with no limit it is kept"


@draws("clock")
def test_the_clock_set_back(draw: Random, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By up to ten years in the midst of the computation, for all that asks Python for the time of day."""
    shift, real, real_ns = draw.uniform(1.0, 3e8), time.time, time.time_ns

    def back(point: str) -> None:
        monkeypatch.setattr(time, "time", lambda: real() - shift)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() - int(shift * 1e9))

    store = begun(tmp_path / "faulty")
    at_point(draw.randrange(whole.points), back)
    status = run_sweep(store, workers=0, threads=1)
    assert status.done == status.total and not status.failed
    times = [entry.seconds for entry in store.manifest.entries()]
    assert all(seconds is not None and 0 <= seconds < 600 for seconds in times)
    assert collect(store).dataset.identical(whole.dataset)
