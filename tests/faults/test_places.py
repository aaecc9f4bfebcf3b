"""A full disk, a folder that cannot be written to, no home, no cache, no folder for temporary files, a clock set back."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import sqlite3
import time
from pathlib import Path
from random import Random

import pytest

from tests.faults.harness import MINE, Whole, at_point, begun, command, ended, require_recovery
from tests.rotation import draws
from theory_sim.errors import StoreError
from theory_sim.storage import failpoints
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.run import run_sweep

FULL = re.compile("No space left|disk is full")
DAC_OVERRIDE = 1  # capability that lets root write where permissions forbid it


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
    """Give up root's right to write anywhere, if this process has it."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert libc.capget(header, data) == 0
        for word in (0, 1):  # effective and permitted
            data[word] &= ~(1 << DAC_OVERRIDE)
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
    import importlib.util
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
