"""What a run notes of the code that computes it: another kernel of BLAS, NumPy or numba is noticed, more threads are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from theory_sim import Experiment, resume, simulate
from theory_sim.errors import StoreError
from theory_sim.loop import environment, environment_changes, unfinished_path

ROOT = Path(__file__).parents[1]
# Compiling for another processor takes seconds: there only what has a name is asked for.
NAMES = "from theory_sim.loop.environment import _numba; import json; print(json.dumps(_numba()))"
ALL = "from theory_sim.loop import environment; import json; print(json.dumps(environment()))"


def elsewhere(code: str, **variables: str) -> dict[str, str]:
    """The environment of a process that starts with other variables."""
    names = ("OPENBLAS_", "NUMBA_CPU", "NUMBA_OPT", "NUMBA_DISABLE", "NPY_", "OMP_", "MKL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**kept, "PYTHONPATH": str(ROOT), **variables},
                          capture_output=True, text=True, timeout=120, check=True)  # fmt: skip
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    return elsewhere(ALL)


@pytest.mark.tier2
def test_threads_change_nothing(here: dict[str, str]) -> None:
    assert elsewhere(ALL, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1") == here


def test_another_kernel_of_blas(here: dict[str, str]) -> None:
    if "openblas" not in here["BLAS"] or here["machine"] != "x86_64":
        pytest.skip("OPENBLAS_CORETYPE chooses among kernels of OpenBLAS for x86")
    there = elsewhere(ALL, OPENBLAS_CORETYPE="Nehalem")
    assert {name for name in here if here[name] != there[name]} == {"BLAS", "arithmetic"}
    assert "Nehalem" in there["BLAS"]


def test_other_loops_of_numpy(here: dict[str, str]) -> None:
    sets = here["numpy's code"].split()
    if "X86_V4" not in sets:
        pytest.skip("this processor has no wider code of NumPy's to turn off")
    off = " ".join(sets[sets.index("X86_V4") :])
    there = elsewhere(ALL, NPY_DISABLE_CPU_FEATURES=off)
    assert {name for name in here if here[name] != there[name]} == {"numpy's code", "arithmetic"}


def test_uncompiled_code(here: dict[str, str]) -> None:
    there = elsewhere(ALL, NUMBA_DISABLE_JIT="1")
    assert {name for name in here if here[name] != there[name]} == {"numba's settings", "arithmetic"}


@pytest.mark.parametrize(("name", "value", "where"), [
    ("NUMBA_CPU_NAME", "generic", "numba's target"), ("NUMBA_CPU_FEATURES", "", "numba's target"),
    ("NUMBA_OPT", "1", "numba's settings"), ("NUMBA_BOUNDSCHECK", "1", "numba's settings"),
])
def test_another_target_of_numba(name: str, value: str, where: str, here: dict[str, str]) -> None:
    there = elsewhere(NAMES, **{name: value})
    assert set(there) < set(here)
    assert {each for each in there if here[each] != there[each]} == {where}


def test_a_run_of_another_kernel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "run"

    def stop(step: int, tau: float, loss: float) -> None:
        raise KeyboardInterrupt

    simulate(Experiment(d=4, N=8, m_W=4, m_V=4, n_test=1, max_steps=3), store=store, progress=stop)
    manifest = json.loads((unfinished_path(store) / "run.json").read_text())
    assert manifest["environment"] == environment() and not environment_changes(manifest["environment"])
    there = environment() | {"BLAS": "openblas 0.3.0 Prescott pthreads"}
    assert environment_changes(there).startswith("BLAS openblas 0.3.0 Prescott pthreads then, ")
    monkeypatch.setattr("theory_sim.loop.unfinished.environment", lambda: there)
    simulate(Experiment(d=4, N=8, m_W=4, m_V=4, n_test=1, max_steps=3), store=store, progress=stop, force=True)
    with pytest.raises(StoreError, match="Prescott pthreads then"):
        resume(store)


@pytest.mark.tier2
def test_runs_do_not_depend_on_the_threads_of_blas() -> None:
    code = (
        "import hashlib, json; from theory_sim import Experiment, simulate\n"
        "e = Experiment(d=120, N=700, m_W=300, m_V=600, n_test=50, max_steps=6, record_every=1, observe={'kernels': {}})\n"
        "runs = [simulate(e, threads=1), simulate(e, 'limit', threads=1),\n"
        "        simulate(e.replace(neurons='independent'), 'limit', noise='sampled', threads=1)]\n"
        "print(json.dumps({str(i): hashlib.sha256(b''.join(run.dataset[name].values.tobytes()\n"
        "      for name in sorted(map(str, run.dataset.variables)))).hexdigest() for i, run in enumerate(runs)}))"
    )
    one, two = (elsewhere(code, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads) for threads in ("1", "4"))
    assert one == two and len(set(one.values())) == 3
