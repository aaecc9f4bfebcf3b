"""A killed run continues to the bitwise same result, wherever it was killed, twice over (ARCHITECTURE, storing)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.killed import ENGINES, EXPERIMENT
from theory_sim import Engine, Trajectory, resume, simulate
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import UnfinishedRun, environment, unfinished_path
from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.storage import failpoints
from theory_sim.storage.arrays import read_arrays, write_arrays

ROOT = Path(__file__).parents[1]
# Every named point at least once; then moments drawn at random among all passings of all points.
POINTS = [
    "write written.json", "rename written.json", "write run.json", "sync run.json", "rename run.json",
    "sync an unfinished run", "rename an unfinished run", "write records-000003", "sync records-000003",
    "rename records-000003", "renamed records-000003", "write checkpoint", "sync checkpoint", "rename checkpoint",
    "renamed checkpoint", "sync folder", "write trajectory", "write sha256.json", "sync a saved run", "rename a saved run",
    "renamed a saved run", "finish", "remove folder",
]
# Killed there, nothing is left to continue with.
BEFORE = {*POINTS[:7], "sync folder", "any"}
RANDOM = [("any", int(k)) for k in np.random.default_rng(12).integers(0, 260, 11)]
MOMENTS = [(point, 5 if "checkpoint" in point else 0) for point in POINTS] + RANDOM
SECOND = np.random.default_rng(13).integers(0, 120, len(MOMENTS))


@pytest.fixture(scope="module")
def whole() -> dict[str, Trajectory]:
    return {name: run(threads=1) for name, run in ENGINES.items()}


def assert_same_data(one: Trajectory, other: Trajectory) -> None:
    assert set(one.dataset.variables) == set(other.dataset.variables)
    for name in one.dataset.variables:
        a, b = one.dataset[name].values, other.dataset[name].values
        assert a.dtype.kind == b.dtype.kind
        np.testing.assert_array_equal(a, b, err_msg=str(name))
    attributes = [{k: v for k, v in run.dataset.attrs.items() if k != "seconds"} for run in (one, other)]
    assert json.dumps(attributes[0], sort_keys=True) == json.dumps(attributes[1], sort_keys=True)


def killed(store: Path, engine: str, begin: str, point: str, count: int) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "tests.killed", str(store), engine, begin, point, str(count)], cwd=ROOT, env=environment,
        capture_output=True, text=True, timeout=120, check=False,
    ).returncode  # fmt: skip


@pytest.mark.parametrize("index", [
    pytest.param(index, id=f"{point} {count}", marks=[] if index % 10 == 4 else pytest.mark.alternating)
    for index, (point, count) in enumerate(MOMENTS)
])  # fmt: skip
def test_kills_each_with_a_second_one(index: int, whole: dict[str, Trajectory], tmp_path: Path) -> None:
    engine = list(ENGINES)[index % len(ENGINES)]
    store, (point, count) = tmp_path / "run", MOMENTS[index]
    assert killed(store, engine, "new", point, count) == -signal.SIGKILL
    if not unfinished_path(store).exists() and not store.exists():  # before there was anything to continue with
        assert point in BEFORE
        ENGINES[engine](store=store, threads=1)
    if unfinished_path(store).exists():
        killed(store, engine, "resume", "any", int(SECOND[index]))
    if unfinished_path(store).exists():
        assert_same_data(resume(store), whole[engine])
    assert_same_data(Trajectory.load(store), whole[engine])
    left = {path.name for path in tmp_path.iterdir()} - {"run", "run.partial.lock"}
    assert all(name.startswith(".run.") for name in left) and len(left) <= 1, left  # a hidden draft at most, never a result


def test_moments_cover_every_point() -> None:
    passed: set[str] = set()
    failpoints.set_hook(passed.add)
    try:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            simulate(EXPERIMENT, store=Path(folder) / "run", checkpoint_seconds=0.0, threads=1)
    finally:
        failpoints.set_hook(None)
    numbered = {name for name in passed if "records-" in name}
    others = {"sync written.json", "renamed written.json", "renamed run.json", "renamed an unfinished run",
              "sync sha256.json", "rename sha256.json", "renamed sha256.json"}
    assert passed - numbered <= {*POINTS, *others}
    assert {name.split()[0] for name in numbered} == {"write", "sync", "rename", "renamed"}
    assert set(POINTS) <= passed


def test_a_twin_checkpoint_is_noticed(whole: dict[str, Trajectory], tmp_path: Path) -> None:
    """The comparison can fail: one bit of the state moved, and the result differs."""
    store = tmp_path / "run"
    assert killed(store, "finite", "new", "step", 20) == -signal.SIGKILL
    path = unfinished_path(store) / "checkpoint"
    _, label, state = read_arrays(path)
    state["network/W signal"][0, 0] = np.nextafter(state["network/W signal"][0, 0], np.float32(9))
    write_arrays(path, label, state, fix="")
    with pytest.raises(AssertionError):
        assert_same_data(resume(store), whole["finite"])


class Stop:
    """Progress that interrupts as Ctrl-C does, after some records."""

    def __init__(self, records: int) -> None:
        self.records = records

    def __call__(self, step: int, tau: float, loss: float) -> None:
        self.records -= 1
        if self.records == 0:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_keeps_the_run_resumable(whole: dict[str, Trajectory], tmp_path: Path) -> None:
    store = tmp_path / "run"
    run = simulate(EXPERIMENT, store=store, progress=Stop(4))
    assert run.outcome == "interrupted" and not store.exists()
    assert unfinished_path(store).exists()
    with pytest.raises(StoreError, match="theory-sim resume"):
        simulate(EXPERIMENT, store=store)
    again = resume(store, progress=Stop(3))
    assert again.outcome == "interrupted" and again.dataset.attrs["final_tau"] > run.dataset.attrs["final_tau"]
    assert_same_data(resume(store), whole["finite"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
    with pytest.raises(StoreError, match=r"run is finished: there is nothing to resume\n.*\n.*theory-sim show"):
        resume(store)
    simulate(EXPERIMENT, store=store, progress=Stop(4), force=True)
    assert store.exists() and unfinished_path(store).exists()  # the finished run stays until another one is whole
    simulate(EXPERIMENT, store=store, force=True)
    assert not unfinished_path(store).exists()


class Largest(Observer):
    name = "largest"
    variables: ClassVar = {"largest_output": Variable((), "1", "largest |f| so far on the training set")}

    def __init__(self) -> None:
        self._seen = 0.0

    def observe(self, snapshot: Snapshot) -> Values:
        self._seen = max(self._seen, float(np.abs(snapshot.network.f).max()))
        return {"largest_output": self._seen}

    def state(self) -> dict[str, np.ndarray]:
        return {"seen": np.array(self._seen)}

    def restore(self, state: Any) -> None:
        self._seen = float(state["seen"])


@pytest.mark.parametrize("engine", ["finite", "limit"])
def test_observers_of_the_users_own_go_on(engine: str, tmp_path: Path) -> None:
    e = EXPERIMENT.replace(neurons="paired")
    wanted = simulate(e, Engine(engine), observers=[Largest()])
    store = tmp_path / "run"
    simulate(e, Engine(engine), store=store, observers=[Largest()], progress=Stop(5))
    with pytest.raises(InputError, match="Largest"):
        resume(store)
    assert_same_data(resume(store, observers=[Largest()]), wanted)


def test_another_version_or_processor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "run"
    with monkeypatch.context() as then:
        then.setattr("theory_sim.loop.unfinished.environment", lambda: environment() | {"numpy": "1.0"})
        simulate(EXPERIMENT, store=store, progress=Stop(3))
    with pytest.raises(StoreError, match=r"numpy 1\.0 then"):
        resume(store)
    assert resume(store, any_version=True).outcome == "budget_spent"


def test_one_process_a_run(tmp_path: Path) -> None:
    store = tmp_path / "run"
    simulate(EXPERIMENT, store=store, progress=Stop(3))
    with UnfinishedRun(store), pytest.raises(StoreError, match="another process"):
        resume(store)
    resume(store)


@pytest.mark.parametrize("name", ["checkpoint", "records-000000", "run.json"])
def test_a_damaged_folder_is_refused(name: str, tmp_path: Path) -> None:
    store = tmp_path / "run"
    simulate(EXPERIMENT, store=store, progress=Stop(5), checkpoint_seconds=0.0)
    path = unfinished_path(store) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|cannot be read"):
        resume(store)
    path.unlink()
    with pytest.raises(StoreError):
        if name == "checkpoint":  # without a checkpoint it starts again, which is right but not a damaged folder
            raise StoreError("", "", "")
        resume(store)


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no unfinished run"):
        resume(tmp_path / "none")


def test_a_full_disk_is_explained_and_loses_nothing(tmp_path: Path, whole: dict[str, Trajectory]) -> None:
    store, left = tmp_path / "run", [400]

    def full(point: str) -> None:
        if point == "write checkpoint":
            left[0] -= 1
            if left[0] == 0:
                raise OSError(28, "No space left on device")

    failpoints.set_hook(full)
    try:
        with pytest.raises(StoreError, match="No space left") as caught:
            simulate(EXPERIMENT, store=store, checkpoint_seconds=0.0)
    finally:
        failpoints.set_hook(None)
    assert "theory-sim resume" in str(caught.value)
    assert_same_data(resume(store), whole["finite"])
