"""A plan that was interrupted: the same call keeps what is done, resumes what is not, and begins the rest."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from theory_sim.engines import Engine
from theory_sim.errors import StoreError
from theory_sim.experiment import Experiment
from theory_sim.loop import unfinished_path
from theory_sim.sweeps.plan import Plan
from theory_sim.sweeps.run_plan import prepare_plan, run_plan
from theory_sim.trajectory import Trajectory

PLAN = Plan.of(Experiment(name="tiny", d=10, m_W=20, m_V=40, max_tau=40.0, n_test=5, record_every=2.0), ("L-S", "S"), (0, 1))


def interrupting(at_run: int, at_record: int) -> Callable[[Experiment], Callable[[int, float, float], None]]:
    """Progress that interrupts one of the runs, as Ctrl-C does."""
    begun = 0

    def start(experiment: Experiment) -> Callable[[int, float, float], None]:
        nonlocal begun
        mine, records = begun, 0
        begun += 1

        def update(step: int, tau: float, loss: float) -> None:
            nonlocal records
            records += 1
            if mine == at_run and records == at_record:
                os.kill(os.getpid(), signal.SIGINT)

        return update

    return start


@pytest.mark.parametrize("engine", [Engine(), Engine("limit")], ids=["finite", "limit"])
@pytest.mark.parametrize("at_run", [pytest.param(0, marks=pytest.mark.tier2), 1, pytest.param(2, marks=pytest.mark.tier2)])
def test_the_same_call_goes_on(engine: Engine, at_run: int, tmp_path: Path) -> None:
    whole = run_plan(PLAN, tmp_path / "whole", engine=engine, threads=1)
    out = tmp_path / "out"
    first = run_plan(PLAN, out, engine=engine, existing="continue", threads=1, progress=interrupting(at_run, 3))
    assert len(first) == at_run + 1 and first[-1][1].outcome == "interrupted"
    assert unfinished_path(first[-1][0]).exists()
    kept = {path: (path / ".zmetadata").stat().st_mtime_ns for path, _ in first[:-1]}
    prepared = prepare_plan(PLAN, out, engine=engine, existing="continue", threads=1)
    stopped = int(first[-1][1].dataset["step"][-1])
    assert stopped > 0 and f"{first[-1][0]} is resumed at step {stopped}" in prepared.notes
    rest = prepared.run()
    assert len(rest) == len(PLAN)
    assert {path: (path / ".zmetadata").stat().st_mtime_ns for path in kept} == kept, "finished runs are not computed again"
    for (path, run), (_, wanted) in zip(rest, whole, strict=True):
        assert run.dataset.drop_attrs().equals(wanted.dataset.drop_attrs()) and Trajectory.load(path).outcome == run.outcome
        assert not unfinished_path(path).exists()
    kept = {path: (path / ".zmetadata").stat().st_mtime_ns for path, _ in rest}
    again = prepare_plan(PLAN, out, engine=engine, existing="continue", threads=1)
    assert [path for path, _ in again.run()] == [path for path, _ in rest] and "all 4 runs are there already" in again.notes[0]
    assert {path: (path / ".zmetadata").stat().st_mtime_ns for path in kept} == kept


def test_another_plans_unfinished_run_is_left_alone(tmp_path: Path) -> None:
    """What is in the way, unfinished or finished, moves a plan to the next number, where the same plan continues."""
    first = run_plan(PLAN, tmp_path, existing="continue", threads=1, progress=interrupting(0, 3))
    other = Plan.of(PLAN.experiment.replace(r=0.4), PLAN.compare, PLAN.seeds)
    prepared = prepare_plan(other, tmp_path, existing="continue", threads=1)
    assert [path.name for path in prepared.paths.values()] == [
        "tiny-L-S-seed0-2", "tiny-S-seed0-2", "tiny-L-S-seed1-2", "tiny-S-seed1-2"]
    assert "tiny-L-S-seed0 holds another experiment (r = 0.3, here 0.4)" in prepared.notes[0]
    assert len(prepared.run(interrupting(1, 3))) == 2
    again = prepare_plan(other, tmp_path, existing="continue", threads=1)
    assert again.paths == prepared.paths and any("1 of 4 runs are there already" in note for note in again.notes)
    assert len(again.run()) == 4 and unfinished_path(first[0][0]).exists()
    whole = run_plan(PLAN, tmp_path, existing="continue", threads=1)
    assert [path.name for path, _ in whole] == ["tiny-L-S-seed0", "tiny-S-seed0", "tiny-L-S-seed1", "tiny-S-seed1"]
    with pytest.raises(StoreError, match="another experiment"):
        run_plan(other, tmp_path, existing="reuse", threads=1)


def test_a_plan_goes_whole_to_the_first_free_number(tmp_path: Path) -> None:
    """One run in the way of the last moves all, past numbers that are taken; another engine's tolerance is another run."""
    short = PLAN.experiment.replace(max_tau=4.0)
    for r in (0.4, 0.5):
        run_plan(Plan.of(short.replace(r=r), ("S",), (1,)), tmp_path, existing="continue", threads=1)
    paths = prepare_plan(Plan.of(short, ("L-S", "S"), (0, 1)), tmp_path, existing="continue").paths.values()
    assert [path.name for path in paths] == ["tiny-L-S-seed0-3", "tiny-S-seed0-3", "tiny-L-S-seed1-3", "tiny-S-seed1-3"]


def test_a_run_without_a_checkpoint_is_said_to_be_resumed_from_its_start(tmp_path: Path) -> None:
    path = run_plan(PLAN, tmp_path, existing="continue", threads=1, progress=interrupting(0, 3))[0][0]
    for each in unfinished_path(path).glob("checkpoint*"):
        each.unlink()
    assert f"{path} is resumed from its start" in prepare_plan(PLAN, tmp_path, existing="continue", threads=1).notes


def test_what_is_no_run_is_not_passed_by(tmp_path: Path) -> None:
    (tmp_path / "tiny-S-seed0").mkdir()
    with pytest.raises(StoreError, match="tiny-S-seed0"):
        run_plan(Plan.of(PLAN.experiment, ("S",), (0,)), tmp_path, existing="continue", threads=1)
