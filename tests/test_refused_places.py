"""A folder that cannot be written to, a disk that is really full, and runs that would not end."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_hostile_input import call
from theory_sim.cli import app
from theory_sim.engines import Engine, simulate
from theory_sim.errors import ExperimentError, StoreError, TheorySimError
from theory_sim.experiment import Experiment, require_steps
from theory_sim.terminal.output import Output, Result

TINY = Experiment(name="tiny", d=10, m_W=20, m_V=40, max_tau=20.0, n_test=5)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "read-only"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    yield folder
    folder.chmod(0o755)


@pytest.fixture(params=["size=64k", "size=8k", "size=4k", "nr_inodes=2", "nr_inodes=3", "nr_inodes=4", "nr_inodes=6"])
def full(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system with room for few pages, or few names: what fits last is a draft's folder, its lock or its list."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", request.param, "tmpfs", str(folder)], capture_output=True,
                             check=False)  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"no file system of {request.param} can be mounted: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_folder(read_only: Path) -> None:
    for words in (["run", "--preset", "quick", "-q", "--out", str(read_only)],
                  ["plot", "sample-complexity", "-o", str(read_only / "a.png")]):
        status, said = call(app, "theory-sim", *words)
        assert status == 2 and "rule:" in said and "Traceback" not in said, said
    assert list(read_only.iterdir()) == []


def test_a_file_that_comes_while_a_result_is_computed_stays(tmp_path: Path) -> None:
    for force in (False, True):
        out = tmp_path / f"{force}.txt"
        output = Output("text", out, force=force)
        out.write_text("of another program")
        if force:
            output.put(Result("x", dict, lambda: ["of this one"]))
        else:
            with pytest.raises(StoreError, match="--force"):
                output.put(Result("x", dict, lambda: ["of this one"]))
        assert out.read_text().strip() == ("of this one" if force else "of another program")


def test_a_disk_that_is_full(full: Path) -> None:
    """Nothing half is in the run's place; an unfinished one may be, and no draft."""
    for engine in ("finite", "limit"):
        with pytest.raises(TheorySimError, match="No space left"):
            simulate(TINY.replace(record_every=0.01), Engine(engine), store=full / engine)
        assert {path.suffix for path in full.iterdir()} <= {".partial", ".lock"}, list(full.iterdir())


def test_a_run_that_would_not_end_is_refused() -> None:
    for fields in ({"schedule": "S", "eta_2": 1e-9}, {"schedule": "step", "step_tau": 1.0, "step_factor": 0.1},
                   {"schedule": "pieces", "pieces": [[1.0, 1.0], [2.0, 1e-9]]}):  # fmt: skip
        endless = TINY.replace(lambda_=0.0, tau_0=1.0, **fields)  # type: ignore[arg-type]
        assert endless.most_steps > 1e9
        with pytest.raises(ExperimentError, match=r"at most 1e\+09 steps(.|\n)*max_steps"):
            require_steps(endless)
        for engine in ("finite", "limit"):
            with pytest.raises(ExperimentError, match=r"at most 1e\+09 steps"):
                simulate(endless, Engine(engine))
        require_steps(endless.replace(max_steps=5))
        assert simulate(endless.replace(max_steps=5), threads=1).dataset.attrs["final_step"] == 5


def test_the_bound_of_steps_is_exact() -> None:
    """At eta_2 = 1 the steps are max_tau and one."""
    edge = TINY.replace(schedule="S", eta_2=1.0, max_tau=1e9 - 1)
    assert edge.most_steps == 1e9
    require_steps(edge)
    with pytest.raises(ExperimentError):
        require_steps(edge.replace(max_tau=1e9))
    assert math.isfinite(edge.most_steps) and sys.maxsize > edge.most_steps
