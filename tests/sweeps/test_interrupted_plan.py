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
from theory_sim.sweeps.run_plan import run_plan
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
    rest = run_plan(PLAN, out, engine=engine, existing="continue", threads=1)
    assert len(rest) == len(PLAN)
    assert {path: (path / ".zmetadata").stat().st_mtime_ns for path in kept} == kept, "finished runs are not computed again"
    for (path, run), (_, wanted) in zip(rest, whole, strict=True):
        assert run.dataset.drop_attrs().equals(wanted.dataset.drop_attrs()) and Trajectory.load(path).outcome == run.outcome
        assert not unfinished_path(path).exists()
    with pytest.raises(StoreError, match="exists"):
        run_plan(PLAN, out, engine=engine, existing="continue", threads=1)


def test_another_plans_unfinished_run_is_refused(tmp_path: Path) -> None:
    run_plan(PLAN, tmp_path, existing="continue", threads=1, progress=interrupting(0, 3))
    other = Plan.of(PLAN.experiment.replace(r=0.4), PLAN.compare, PLAN.seeds)
    with pytest.raises(StoreError, match="another experiment"):
        run_plan(other, tmp_path, existing="continue", threads=1)


def test_a_stranger_among_the_runs_is_refused(tmp_path: Path) -> None:
    """Finished runs are kept only if they are the plan's own."""
    other = Plan.of(PLAN.experiment.replace(r=0.4), ("L-S",), (0,))
    run_plan(other, tmp_path, threads=1)
    with pytest.raises(StoreError, match="exists"):
        run_plan(PLAN, tmp_path, existing="continue", threads=1)
