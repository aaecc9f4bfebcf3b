"""Runs a plan one after another and saves each run as it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from theory_sim.errors import StoreError
from theory_sim.experiment import Experiment
from theory_sim.loop import Progress
from theory_sim.simulate import simulate
from theory_sim.study.plan import Plan
from theory_sim.trajectory import Trajectory, refuse_existing

__all__ = ["Existing", "run_plan"]

Existing = Literal["refuse", "replace", "reuse"]


def run_plan(
    plan: Plan,
    out: Path,
    *,
    existing: Existing = "refuse",
    threads: int | None = None,
    progress: Callable[[Experiment], Progress] | None = None,
) -> list[tuple[Path, Trajectory]]:
    """Simulate every run of a plan into ``out/<name>-<schedule>-seed<k>``.

    Parameters
    ----------
    plan : Plan
        What to run.
    out : Path
        Folder of the runs.
    existing : {"refuse", "replace", "reuse"}
        What to do with a run that is there: raise before anything is computed, replace it, or take it as the result if
        it holds the same experiment and was not interrupted.
    threads : int, optional
        Threads of each run.
    progress : callable, optional
        Called with each experiment before it starts; gives what `simulate` calls.

    Returns
    -------
    list of (path, Trajectory)
        Up to and with an interrupted run; the rest is not started.

    Raises
    ------
    StoreError
        If a run is in the way.
    """
    found = {}
    for experiment in plan:
        path = out / experiment.run_name
        if existing == "reuse" and path.exists():
            stored = Trajectory.load(path)
            if stored.experiment != experiment:
                raise StoreError(f"{path} holds another experiment", "a stored run is reused only if it is the same",
                                 "choose another output folder, or replace it with --force")
            if stored.outcome != "interrupted":
                found[path] = stored
        else:
            refuse_existing(path, force=existing == "replace")
    results = []
    for experiment in plan:
        path = out / experiment.run_name
        trajectory = found.get(path)
        if trajectory is None:
            trajectory = simulate(
                experiment, store=path, threads=threads, force=existing != "refuse",
                progress=progress(experiment) if progress else None,
            )
        results.append((path, trajectory))
        if trajectory.outcome == "interrupted":
            break
    return results
