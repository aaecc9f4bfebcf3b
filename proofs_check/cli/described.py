"""The experiments that a file describes: one, those of a plan, which the conditions see as one, or the places of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.sweeps.declaration import Sweep

__all__ = ["Described", "describe", "is_sweep"]


@dataclass(frozen=True)
class Described:
    """What a file or preset describes.

    Attributes
    ----------
    name : str
        Its name.
    sweep : bool
        Whether it is a sweep.
    places : list of (dict, Experiment)
        Each experiment with the fields that vary and their values: of one experiment, or a plan, none.
    """

    name: str
    sweep: bool
    places: list[tuple[dict[str, Any], Experiment]]


def is_sweep(file: Path) -> bool:
    """Whether a file declares a sweep, not an experiment or a plan."""
    from theory_sim.reading import TomlFile
    from theory_sim.sweeps.block_tables import BLOCKS

    return bool({"fields", "preset", "engine", "adaptive", *BLOCKS} & TomlFile(file).table.keys())


def describe(file: Path | None, preset: str | None) -> Described:
    """What a file or preset describes; the default preset where neither is given."""
    from theory_sim.errors import InputError
    from theory_sim.experiment import Experiment
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.plan import Plan

    if file is not None and preset is not None:
        raise InputError(f"the file {file} and --preset {preset}", "one experiment", "leave one of the two out")
    if file is None:
        one = Experiment.preset(preset or "default")
        return Described(one.name, False, [({}, one)])
    if is_sweep(file):
        sweep = Sweep.from_toml(file)
        return Described(sweep.name, True, _places(sweep))
    # A plan is one experiment too: what its runs differ in, schedule and seed, is nothing that the conditions read.
    one = Plan.from_toml(file).experiment
    return Described(one.name, False, [({}, one)])


def _places(sweep: Sweep) -> list[tuple[dict[str, Any], Experiment]]:
    """Places of a sweep's blocks, and of those of its schedules of which no order is predicted."""
    from theory_sim.scope import has_order

    axes = sweep.varied_axes()
    found: dict[tuple[object, ...], tuple[dict[str, Any], Experiment]] = {}
    for run in sweep:
        *place, _, schedule, _ = run.index
        varied = {field: value for axis, at in zip(axes, place, strict=True) for field, value in axis.changes(at).items()}
        if not has_order(run.experiment):
            varied |= {"schedule": sweep.variants[schedule].label}
        found.setdefault((*place, varied.get("schedule")), (varied, run.experiment))
    return list(found.values())
