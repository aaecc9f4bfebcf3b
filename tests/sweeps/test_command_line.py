"""``theory-sim sweep`` as a user meets it: output, exit status, and what bad input leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Command
from theory_sim import Trajectory
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.store import SweepStore

ROOT = Path(__file__).parents[2]
TEXT = """
name = "cells"
compare = ["L-S", "S"]
seeds = [0, 1]
engine = "closure"
[fields]
d = 100
max_tau = 300.0
[product]
r = [0.2, 0.8]
lambda = [1e-4, 1e-3]
"""


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160"}
    return subprocess.run([sys.executable, "-m", "theory_sim", *arguments], cwd=cwd, text=True, capture_output=True,
                          env=environment, check=False)  # fmt: skip


@pytest.mark.tier2
def test_from_a_file_to_a_figure(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cells.toml").write_text(TEXT)
    done = call("sweep", "run", "cells.toml", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8 of 8 runs done" in done.stdout and "median times [exact interval]" in done.stdout
    assert "done 8/8" in done.stderr
    folder = tmp_path / "runs" / "cells"
    assert Summary.load(folder / "summary").dataset.sizes["seed"] == 2
    # In this process: a start of the program takes longer than what it does from here on.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def told(*arguments: str) -> tuple[str, str]:
        status, out, error = command(*arguments)
        assert status == 0, error
        return out, error

    out, error = told("sweep", "run", "cells.toml")
    assert "shown, not run again" in error and out == done.stdout
    assert json.loads(told("sweep", "resume", "runs/cells", "--format", "json")[0])["done"] == 8
    status = json.loads(told("sweep", "status", "runs/cells", "--format", "json")[0])
    assert (status["total"], status["pending"], status["pid"]) == (8, 0, None)
    assert "8 of 8 runs done" in told("sweep", "status", "runs/cells")[0]
    out, _ = told("sweep", "compare", "runs/cells", "tau_Q", "--level", "0.5", "--verbose")
    assert "Holm's rule" in out and "1 of 1" in out
    rows = json.loads(told("sweep", "compare", "runs/cells", "P_error", "--ratio", "--format", "json")[0])["rows"]
    assert len(rows) == 4 and rows[0]["decided"] == 1 and rows[0]["low"] is None
    (tmp_path / "wider.toml").write_text(TEXT.replace("0.8]", "0.8, 0.3]"))
    out, error = told("sweep", "extend", "runs/cells", "wider.toml", "--workers", "0")
    assert "4 new runs" in error and "12 of 12" in out
    axes = ("--x", "r", "--y", "lambda")
    out, _ = told("plot", "phase", "runs/cells", *axes, "-o", "phase.png")
    assert (tmp_path / "phase.png").stat().st_size > 10_000
    assert "all three conditions" in out and "of 6" in out
    told("plot", "phase", "runs/cells", *axes, "--quantity", "h", "--select", "schedule=S", "-o", "h.svg")
    assert (tmp_path / "h.svg").exists()
    (folder / "runs" / "stray").mkdir()
    out, _ = told("sweep", "gc", "runs/cells")
    assert "0 removed" in out and "stray" in out and (folder / "runs" / "stray").is_dir()


@pytest.mark.tier2
def test_failures_are_findings(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The closure is of the split network alone: half of the runs fail, for one cause."""
    text = TEXT.replace('["L-S", "S"]', '["S"]').replace("lambda = [1e-4, 1e-3]", 'network = ["split", "shared"]')
    (tmp_path / "cells.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    status, out, error = command("sweep", "run", "cells.toml", "--workers", "0")
    assert status == 1, error
    assert "finding: 2 runs failed" in error and "the closure is of the" in out
    _, table, _ = command("sweep", "status", "runs/cells")
    assert "Failed runs by cause" in table and " 2 " in table
    store = SweepStore(tmp_path / "runs" / "cells")
    assert sum(entry.state == "done" for entry in store.manifest.entries()) == 2
    for entry in store.manifest.entries():
        if entry.state == "done":
            assert Trajectory.load(store.run_path(entry.id)).outcome == "budget_spent"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "none.toml"), "none.toml"),
        (("run", "bad.toml"), "at r = -1.0"),
        (("status", "."), "holds no sweep"),
        (("resume", "nowhere"), "holds no sweep"),
        (("run", "cells.toml", "--workers", "-1"), "workers"),
        (("run", "cells.toml", "--workers", "2", "--threads", "2"), "one thread"),
    ],
)
def test_bad_input_leaves_no_half_sweep(arguments: tuple[str, ...], said: str, tmp_path: Path, command: Command,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.toml").write_text(TEXT)
    (tmp_path / "bad.toml").write_text(TEXT.replace("0.8]", "-1.0]"))
    status, _, error = command("sweep", *arguments)
    assert status == 2 and said in " ".join(error.split()) and "fix:" in error, error
    assert not any((tmp_path / "runs").glob("*")) if (tmp_path / "runs").exists() else True
