"""Runs in processes, a thread each: what a run gives does not depend on where it is computed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from theory_sim.errors import WorkerError
from theory_sim.vision.data import load_images
from theory_sim.vision.images import ImageSet
from theory_sim.vision.plan import Arm, VisionPlan

if TYPE_CHECKING:
    from theory_sim.vision.one_run import Progress

__all__ = ["run_in_processes"]


@lru_cache(maxsize=1)
def _images(source: str, path: str | None) -> ImageSet:
    return load_images(source, path)


def _run(plan: VisionPlan, arm: Arm, seed: int, out: Path, any_version: bool) -> str:
    from theory_sim.vision.one_run import run_arm

    run_arm(plan, arm, seed, _images(plan.data.source, plan.data.path), out, any_version=any_version)
    return plan.run_name(arm, seed)


def run_in_processes(
    plan: VisionPlan, pairs: Sequence[tuple[Arm, int]], out: Path, workers: int, *, any_version: bool,
    progress: Progress | None,
) -> list[str]:
    """Names of the runs, in the order of the pairs; each is stored in its folder.

    Raises
    ------
    TheorySimError
        The first that a run raised; the others are given up, and keep what they have.
    WorkerError
        If a process died.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(pairs)), mp_context=context) as pool:
        waiting: list[Future[str]] = [pool.submit(_run, plan, arm, seed, out, any_version) for arm, seed in pairs]
        order = list(waiting)
        try:
            pending = set(waiting)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for each in done:
                    name = each.result()
                    if progress is not None:
                        progress(name, plan.training.epochs, plan.training.epochs)
        except BrokenProcessPool as error:
            raise WorkerError("a process of the runs died", "processes that live until their run is stored",
                              "run it again, which continues; with fewer workers if memory lacked") from error
        finally:
            for each in order:
                each.cancel()
    return [each.result() for each in order]
