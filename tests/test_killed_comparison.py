"""SIGKILL of a comparison: the same command continues, to bitwise what it would have been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from theory_sim.trajectory import Trajectory

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "theory_sim", "run", "--compare", "L-S,S", "--set", "name=k", "--set", "d=60",
           "--set", "m_W=200", "--set", "m_V=2000", "--set", "max_tau=60.0",
           "--set", "n_test=5", "--set", "record_every=1.0", "-q"]  # fmt: skip
NAMES = ("k-L-S-seed0", "k-S-seed0")


def begin(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(COMMAND, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.tier2
@pytest.mark.parametrize("at", ["first run", "second run"])
def test_the_same_command_goes_on(at: str, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    assert begin(whole).wait() in (0, 1)
    process, place = begin(killed), killed / "runs" / NAMES[at == "second run"]
    while not place.with_name(f"{place.name}.partial").exists():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    there = {name: (killed / "runs" / name).stat().st_mtime_ns for name in NAMES if (killed / "runs" / name).exists()}
    assert set(there) <= {NAMES[0]} and (at == "first run" or there)
    assert begin(killed).wait() in (0, 1)
    assert all((killed / "runs" / name).stat().st_mtime_ns == then for name, then in there.items())
    assert sorted(path.name for path in (killed / "runs").iterdir() if not path.name.endswith(".lock")) == list(NAMES)
    for name in NAMES:
        found, expected = (Trajectory.load(folder / "runs" / name) for folder in (killed, whole))
        assert found.dataset.drop_attrs().identical(expected.dataset.drop_attrs()) and found.outcome == expected.outcome
