"""Runs of all arms of a plan."""

from __future__ import annotations

import os
from pathlib import Path

from theory_sim.errors import InputError
from theory_sim.reading.arguments import accepts
from theory_sim.trajectory import Trajectory
from theory_sim.vision.data import load_images
from theory_sim.vision.one_run import Progress, run_arm
from theory_sim.vision.plan import VisionPlan
from theory_sim.vision.workers import run_in_processes

__all__ = ["run_arms"]


@accepts(plan="VisionPlan", out="a path", workers="a whole number", any_version="True or False", progress="a function")
def run_arms(
    plan: VisionPlan, *, out: str | os.PathLike[str] = "runs", workers: int = 1, any_version: bool = False,
    progress: Progress | None = None,
) -> list[Trajectory]:
    """Train every arm of a plan with every seed, or continue what is there of them.

    Parameters
    ----------
    plan : VisionPlan
    out : path
        Folder for runs: ``out/<plan>-<arm>-seed<k>``. A finished one is read, one that was interrupted is continued.
    workers : int
        Processes, each with one thread; their number changes no result.
    any_version : bool
        Continue even with other libraries or another processor.
    progress : callable, optional
        Told a run's name, its epochs done, and their number.

    Returns
    -------
    list of Trajectory
        Arm by arm, the seeds of each in order. ``run.experiment.recorded`` has the accuracies on all held-out images.

    Raises
    ------
    InputError
        If the data are missing or too few.
    StoreError
        If a folder holds another run, cannot be written, or another process is at it.

    Examples
    --------
    >>> from theory_sim.vision import VisionPlan, run_arms
    >>> plan = VisionPlan.from_toml("arms.toml")  # doctest: +SKIP
    >>> runs = run_arms(plan, workers=2)  # doctest: +SKIP
    """
    if workers < 1:
        raise InputError(f"workers = {workers}", "a whole number from 1", "such as 2")
    pairs = [(arm, seed) for arm in plan.arms for seed in plan.seeds]
    if workers > 1 and len(pairs) > 1:
        names = run_in_processes(plan, pairs, Path(out), workers, any_version=any_version, progress=progress)
        return [Trajectory.load(Path(out) / name) for name in names]
    images = load_images(plan.data.source, plan.data.path)
    return [run_arm(plan, arm, seed, images, Path(out), any_version=any_version, progress=progress) for arm, seed in pairs]
