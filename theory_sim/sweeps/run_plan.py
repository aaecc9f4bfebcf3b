"""Runs a plan one after another and saves each run as it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from theory_sim.data import undrawn
from theory_sim.engines import Engine, resume
from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.loop import Progress, UnfinishedRun, unfinished_path
from theory_sim.numeric.pool import require_threads
from theory_sim.sweeps.plan import Plan
from theory_sim.sweeps.run_places import choose_places, plan_paths
from theory_sim.trajectory import Trajectory, refuse_existing

__all__ = ["Existing", "PreparedPlan", "prepare_plan", "run_plan"]

Existing = Literal["refuse", "replace", "reuse", "continue"]
_FINITE = Engine()


@dataclass(frozen=True)
class PreparedPlan:
    """A plan of which all has been looked at that can be refused; made by `prepare_plan`."""

    engine: Engine
    paths: Mapping[Experiment, Path]
    found: Mapping[Path, Trajectory]
    unfinished: Set[Path]
    replacing: bool
    threads: int | None
    notes: tuple[str, ...] = ()

    def run(self, progress: Callable[[Experiment], Progress] | None = None) -> list[tuple[Path, Trajectory]]:
        """Compute the runs; arguments and result as for `run_plan`."""
        results = []
        for experiment, path in self.paths.items():
            trajectory = self.found.get(path)
            report = progress(experiment) if progress and trajectory is None else None
            if path in self.unfinished:
                trajectory = resume(path, threads=self.threads, progress=report)
            elif trajectory is None:
                trajectory = self.engine.run(experiment, store=path, threads=self.threads, force=self.replacing,
                                             progress=report)
            results.append((path, trajectory))
            if trajectory.outcome == "interrupted":
                break
        return results


def prepare_plan(
    plan: Plan, out: Path, *, engine: Engine = _FINITE, existing: Existing = "refuse", threads: int | None = None
) -> PreparedPlan:
    """Look at all of a plan that can be refused, before anything is computed or printed; arguments as for `run_plan`.

    Raises
    ------
    StoreError
        If a run is in the way.
    InputError
        If the engine cannot compute a run of the plan, there is not enough memory, or several seeds are asked of an engine that
        draws nothing at random, as the closure.
    """
    require_threads(threads)
    if len(plan.seeds) > 1 and not engine.knows_seeds:
        raise InputError(f"{len(plan.seeds)} seeds with engine {engine.name!r}",
                         "it draws nothing at random: its result is the same for every seed", "give one seed")
    faults = [fault for experiment in plan for fault in (engine.unsupported(experiment), undrawn(experiment))
              if fault is not None]
    if faults:
        raise InputError.of(faults)
    paths = plan_paths(plan, out, engine)
    found, unfinished = {}, set()
    notes = []
    if existing == "continue":
        paths, moved = choose_places(plan, out, engine)
        notes += [moved] if moved else []
        existing = "reuse"
    for experiment, path in paths.items():
        if existing == "reuse" and path.exists():
            stored = Trajectory.load(path)
            if stored.experiment != experiment or Engine.of(stored) != engine:
                raise StoreError(f"{path} holds another experiment", "a stored run is reused only if it is the same",
                                 "choose another output folder, or replace it with --force")
            found[path] = stored
            continue
        if existing == "reuse" and unfinished_path(path).exists():
            _require_same(path, experiment, engine)
            unfinished.add(path)
        else:
            _refuse(path, force=existing == "replace")
        engine.solver.require_resources(experiment, engine.all_options, threads)
    notes += [_said_unfinished(path) for path in paths.values() if path in unfinished]
    if found:
        notes.append(_said_found(found, len(paths)))
    return PreparedPlan(engine, paths, found, unfinished, existing != "refuse", threads, tuple(notes))


def run_plan(
    plan: Plan,
    out: Path,
    *,
    engine: Engine = _FINITE,
    existing: Existing = "refuse",
    threads: int | None = None,
    progress: Callable[[Experiment], Progress] | None = None,
) -> list[tuple[Path, Trajectory]]:
    """Compute every run of a plan into ``out/<name>-<schedule>-seed<k>``, with the engine's name if it is not finite width.

    Parameters
    ----------
    plan : Plan
        What to run.
    out : Path
        Folder of the runs.
    engine : Engine
        Finite width, the limit or the closure.
    existing : {"refuse", "replace", "reuse", "continue"}
        What to do with a run that is there: raise before anything is computed, replace it, or take it as the result if
        it holds the same experiment from the same engine; an unfinished one is then resumed. "continue" is "reuse", in the
        first folders ``<name>-<schedule>-seed<k>``, ``…-2``, ``…-3`` that hold no other experiment.
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
    StoreError, InputError
        As `prepare_plan`.
    """
    return prepare_plan(plan, out, engine=engine, existing=existing, threads=threads).run(progress)


def _said_found(found: Mapping[Path, Trajectory], total: int) -> str:
    """That finished runs are taken as they are."""
    if len(found) < total:
        return f"{len(found)} of {total} runs are there already, finished, and are not run again"
    there = f"{next(iter(found))} is" if total == 1 else f"all {total} runs are"
    return f"{there} there already, finished: shown, not run again (--force does)"


def _said_unfinished(path: Path) -> str:
    """At which step an unfinished run is resumed."""
    run = UnfinishedRun(path)
    run.manifest()  # whose files they are
    _, state = run.load()
    return f"{path} is resumed " + ("from its start" if state is None else f"at step {int(state['run'][0])}")


def _refuse(path: Path, *, force: bool) -> None:
    refuse_existing(path, force=force)
    UnfinishedRun(path).refuse(force=force)


def _require_same(path: Path, experiment: Experiment, engine: Engine) -> None:
    manifest = UnfinishedRun(path).manifest()
    if Experiment(**manifest["experiment"]) != experiment or Engine.from_manifest(manifest["engine"]) != engine:
        raise StoreError(f"{unfinished_path(path)} holds another experiment", "an unfinished run is continued only if it is "
                         "the same", "choose another output folder, or replace it with --force")
