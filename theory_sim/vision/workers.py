"""Runs in processes, a thread each: what a run gives does not depend on where it is computed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from theory_sim.errors import WorkerError
from theory_sim.sweeps.executors.spawn import BareContext, BareProcess, end_with_parent, listen_again, require_may_start
from theory_sim.vision.data import load_images
from theory_sim.vision.images import ImageSet
from theory_sim.vision.plan import Arm, VisionPlan

if TYPE_CHECKING:
    from theory_sim.vision.one_run import Progress

__all__ = ["run_in_processes"]


class _Context(BareContext):
    """Remembers every process, so that all can be ended."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[BareProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> BareProcess:  # type: ignore[override]
        self.started.append(super().Process(*args, **kwargs))
        return self.started[-1]

    def end(self) -> None:
        """End all at once: what they have stored is whole."""
        for process in self.started:
            if process.pid is not None and process.is_alive():
                process.terminate()


_reports: Any = None
"""In a worker: where it tells of its epochs."""
_SECONDS: Final = 0.5


def _begin(reports: Any) -> None:
    global _reports
    _reports = reports
    listen_again()
    end_with_parent()


@lru_cache(maxsize=1)
def _images(source: str, path: str | None) -> ImageSet:
    return load_images(source, path)


def _run(plan: VisionPlan, arm: Arm, seed: int, out: Path, any_version: bool) -> str:
    from theory_sim.vision.one_run import run_arm

    run_arm(plan, arm, seed, _images(plan.data.source, plan.data.path), out, any_version=any_version,
            progress=lambda name, done, of: _reports.put((name, done, of)))  # a line of a pipe: written whole or not at all
    return plan.run_name(arm, seed)


def run_in_processes(
    plan: VisionPlan, pairs: Sequence[tuple[Arm, int]], out: Path, workers: int, *, any_version: bool,
    progress: Progress | None,
) -> list[str]:
    """Names of the runs, in the order of the pairs; each is stored in its folder.

    Raises
    ------
    TheorySimError
        The first that a run raised; the others are ended, and keep what they have stored.
    WorkerError
        If a process died.
    """
    require_may_start()
    context = _Context()
    reports = context.SimpleQueue()
    pool = ProcessPoolExecutor(min(workers, len(pairs)), mp_context=context, initializer=_begin, initargs=(reports,))

    def tell() -> None:
        while not reports.empty():
            said = reports.get()
            if progress is not None:
                progress(*said)

    try:
        runs: list[Future[str]] = [pool.submit(_run, plan, arm, seed, out, any_version) for arm, seed in pairs]
        pending = set(runs)
        while pending:
            done, pending = wait(pending, _SECONDS, FIRST_COMPLETED)
            tell()
            for each in done:
                each.result()
        tell()
        return [each.result() for each in runs]
    except BrokenProcessPool as error:
        raise WorkerError("a process of the runs died", "processes that live until their run is stored",
                          "run it again, which continues; with fewer workers if memory lacked") from error
    except BaseException:
        context.end()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
