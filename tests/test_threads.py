"""Nothing is imported in a thread: two that import at a time may find each other's half-imported modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Records each search for a module that another thread than the first one begins.
WATCH = """
import json, sys, tempfile, threading
from pathlib import Path
found = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            found.append(name)
sys.meta_path.insert(0, Watch())
if PLANTED:
    from concurrent.futures import ThreadPoolExecutor
    ThreadPoolExecutor(1).submit(__import__, "colorsys").result()
else:
    from tests.killed import ENGINES
    from theory_sim import Trajectory
    with tempfile.TemporaryDirectory() as folder:
        for name, run in ENGINES.items():
            run(threads=3, store=Path(folder) / name)
            Trajectory.load(Path(folder) / name)
print(json.dumps(found))
"""


def imported(planted: bool, **variables: str) -> list[str]:
    output = subprocess.run(
        [sys.executable, "-c", f"PLANTED = {planted}\n{WATCH}"], cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    ).stdout  # fmt: skip
    return list(json.loads(output.splitlines()[-1]))


@pytest.mark.tier2
def test_no_engine_imports_in_a_thread() -> None:
    assert imported(False) == []


@pytest.mark.slow
def test_nor_where_everything_is_compiled_anew(tmp_path: Path) -> None:
    assert imported(False, NUMBA_CACHE_DIR=str(tmp_path)) == []


def test_an_import_in_a_thread_would_be_found() -> None:
    assert imported(True) == ["colorsys"]
