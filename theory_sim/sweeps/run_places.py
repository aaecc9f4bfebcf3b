"""Where a plan's runs go if their folders hold runs of another experiment already: into the first free ones, by number."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

from theory_sim.engines import Engine
from theory_sim.errors import repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.loop import UnfinishedRun, unfinished_path
from theory_sim.sweeps.plan import Plan
from theory_sim.trajectory import Trajectory

__all__ = ["choose_places", "plan_paths", "said_difference", "stored_run"]

_MOST_NAMED: Final = 3


def plan_paths(plan: Plan, out: Path, engine: Engine, number: int = 1) -> dict[Experiment, Path]:
    """Folder of each run: ``<name>-<schedule>-seed<k>`` and the engine; from the second on with its number."""
    end = f"-{number}" if number > 1 else ""
    return {experiment: out / f"{engine.run_name(experiment)}{end}" for experiment in plan}


def choose_places(plan: Plan, out: Path, engine: Engine) -> tuple[dict[Experiment, Path], str | None]:
    """Folders that hold nothing or this plan's own runs, and what is to be said if these are not those of their plain name.

    All runs of a plan get the same number. The same plan finds its own folders again.

    Raises
    ------
    StoreError
        If what is in the way is no run, or a damaged one.
    """
    note = None
    for number in count(1):
        paths = plan_paths(plan, out, engine, number)
        other = next((found for each, path in paths.items() if (found := _other_run(path, each, engine)) is not None), None)
        if other is None:
            first = next(iter(paths.values()))
            return paths, note and f"{note}; {'this goes' if len(paths) == 1 else 'these runs go'} to {first}" + (
                "" if len(paths) == 1 else " and so on")
        note = note or other
    raise AssertionError


def stored_run(path: Path) -> tuple[Experiment, Engine] | None:
    """Experiment and engine of a finished or unfinished run; None if nothing is there."""
    if path.exists():
        stored = Trajectory.load(path)
        return stored.experiment, Engine.of(stored)
    if os.path.lexists(path) or not unfinished_path(path).exists():
        return None
    manifest: Mapping[str, Any] = UnfinishedRun(path).manifest()
    return Experiment(**manifest["experiment"]), Engine.from_manifest(manifest["engine"])


def _other_run(path: Path, experiment: Experiment, engine: Engine) -> str | None:
    """What is said of a run in the way that is another one."""
    found = stored_run(path)
    if found is None or found == (experiment, engine):
        return None
    return f"{path} holds another experiment ({said_difference(found, (experiment, engine))})"


def said_difference(there: tuple[Experiment, Engine], here: tuple[Experiment, Engine]) -> str:
    """The first fields in which two differ, such as "d = 200, here 300"."""
    if there[1] != here[1]:
        return f"engine {there[1].label}, here {here[1].label}"
    old, new = (each.fields() for each in (there[0], here[0]))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    said = [f"{name} = {shown(repr_of(old.get(name)))}, here {shown(repr_of(new.get(name)))}" for name in names[:_MOST_NAMED]]
    more = len(names) - _MOST_NAMED
    return "; ".join([*said, *([f"{more} more"] if more > 0 else [])])
