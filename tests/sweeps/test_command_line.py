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
def test_from_a_file_to_a_figure(tmp_path: Path) -> None:
    (tmp_path / "cells.toml").write_text(TEXT)
    done = call("sweep", "run", "cells.toml", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8 of 8 runs done" in done.stdout and "median times [exact interval]" in done.stdout
    assert "done 8/8" in done.stderr
    folder = tmp_path / "runs" / "cells"
    assert Summary.load(folder / "summary").dataset.sizes["seed"] == 2
    again = call("sweep", "run", "cells.toml", cwd=tmp_path)
    assert again.returncode == 0 and "shown, not run again" in again.stderr and again.stdout == done.stdout
    nothing = call("sweep", "resume", "runs/cells", "--format", "json", cwd=tmp_path)
    assert nothing.returncode == 0 and json.loads(nothing.stdout)["done"] == 8
    status = json.loads(call("sweep", "status", "runs/cells", "--format", "json", cwd=tmp_path).stdout)
    assert (status["total"], status["pending"], status["pid"]) == (8, 0, None)
    assert "8 of 8 runs done" in call("sweep", "status", "runs/cells", cwd=tmp_path).stdout
    compared = call("sweep", "compare", "runs/cells", "tau_Q", "--level", "0.5", "--verbose", cwd=tmp_path)
    assert compared.returncode == 0 and "Holm's rule" in compared.stdout and "1 of 1" in compared.stdout
    told = call("sweep", "compare", "runs/cells", "P_error", "--ratio", "--format", "json", cwd=tmp_path)
    rows = json.loads(told.stdout)["rows"]
    assert len(rows) == 4 and rows[0]["decided"] == 1 and rows[0]["low"] is None
    wider = TEXT.replace("0.8]", "0.8, 0.3]")
    (tmp_path / "wider.toml").write_text(wider)
    more = call("sweep", "extend", "runs/cells", "wider.toml", "--workers", "0", cwd=tmp_path)
    assert more.returncode == 0 and "4 new runs" in more.stderr and "12 of 12" in more.stdout
    drawn = call("plot", "phase", "runs/cells", "--x", "r", "--y", "lambda", "-o", "phase.png", cwd=tmp_path)
    assert drawn.returncode == 0 and (tmp_path / "phase.png").stat().st_size > 10_000
    assert "all three conditions" in drawn.stdout and "of 6" in drawn.stdout
    ratio = call("plot", "phase", "runs/cells", "--x", "r", "--y", "lambda", "--quantity", "h", "--select", "schedule=S",
                 "-o", "h.svg", cwd=tmp_path)  # fmt: skip
    assert ratio.returncode == 0 and (tmp_path / "h.svg").exists()
    (folder / "runs" / "stray").mkdir()
    swept = call("sweep", "gc", "runs/cells", cwd=tmp_path).stdout
    assert "0 removed" in swept and "stray" in swept and (folder / "runs" / "stray").is_dir()


@pytest.mark.tier2
def test_failures_are_findings(tmp_path: Path) -> None:
    """The closure is of the split network alone: half of the runs fail, for one cause."""
    text = TEXT.replace('["L-S", "S"]', '["S"]').replace("lambda = [1e-4, 1e-3]", 'network = ["split", "shared"]')
    (tmp_path / "cells.toml").write_text(text)
    done = call("sweep", "run", "cells.toml", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "finding: 2 runs failed" in done.stderr and "the closure is of the" in done.stdout
    table = call("sweep", "status", "runs/cells", cwd=tmp_path).stdout
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
