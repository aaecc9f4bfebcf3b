"""What a sweep would run, counted before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from theory_sim.reading.arguments import accepts
from theory_sim.sweeps.axis import Axis
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.preparation import reported
from theory_sim.sweeps.refinement import get_saved
from theory_sim.sweeps.sweep_run import SweepRun

__all__ = ["Expansion", "Unread", "expand"]

_OWN_AXES: Final = ("engine", "schedule", "seed")


@dataclass(frozen=True)
class Unread:
    """Runs that differ only in a field that nothing reads.

    Attributes
    ----------
    field, schedule : str
        The field, and the schedule's label under which it is not read.
    runs : int
        Runs whose result another run of the sweep has too.
    """

    field: str
    schedule: str
    runs: int


@dataclass(frozen=True)
class Expansion:
    """A sweep, counted.

    Attributes
    ----------
    sweep : Sweep
    cells : int
        Of its grid: each point with each engine, schedule and seed.
    runs : int
        To be computed: cells whose runs cannot differ share one, as those of all seeds do in an engine without seeds.
    distinct : int
        Runs less those that repeat another one, since only a field differs that nothing reads (`unread`).
    axes : tuple of Axis
        Dimensions along which something varies.
    unread : tuple of Unread
        Fields that vary where nothing reads them.
    """

    sweep: Sweep
    cells: int
    runs: int
    distinct: int
    axes: tuple[Axis, ...]
    unread: tuple[Unread, ...]

    def counts(self) -> dict[str, Any]:
        """The counts as plain values."""
        return {
            "name": self.sweep.name, "cells": self.cells, "runs": self.runs, "distinct": self.distinct,
            "adaptive": None if (saved := get_saved(self.sweep)) is None else asdict(saved),
            "axes": [{"name": axis.name, "fields": list(axis.fields), "points": len(axis)} for axis in self.axes],
            "unread": [asdict(each) for each in self.unread],
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row a cell, in their order: its hash, engine, schedule, seed, and every field that varies."""
        axes = self.sweep.axes()
        fields = [field for axis in axes for field in axis.fields if field not in _OWN_AXES]
        for run in self.sweep:
            values = {field: value for axis, at in zip(axes, run.index, strict=True)
                      for field, value in zip(axis.fields, axis.points[at], strict=True)}
            yield {"run": run.id, **{name: values[name] for name in (*_OWN_AXES, *fields)}}


@accepts(sweep="Sweep")
def expand(sweep: Sweep) -> Expansion:
    """Count what a sweep would run.

    Parameters
    ----------
    sweep : Sweep
        The declaration; all of its points are valid, or it would not be there.

    Returns
    -------
    Expansion

    Examples
    --------
    >>> from theory_sim import Engine, Experiment, Sweep
    >>> steps = {"schedule": "step", "step_tau": [10.0, 20.0]}
    >>> found = expand(Sweep("steps", Experiment(), compare=("S", steps), seeds=(0, 1), engines=(Engine("closure"),)))
    >>> found.cells, found.runs, found.distinct
    (6, 3, 3)
    """
    axes = sweep.axes()
    ids: set[str] = set()
    groups: dict[tuple[object, ...], set[str]] = {}
    idle: dict[tuple[str, str], set[str]] = {}
    for run in reported("comparing", sweep, len(sweep)):
        ids.add(run.id)
        _note_unread(run, axes, groups, idle)
    repeats = {id for found in groups.values() for id in sorted(found)[1:]}
    unread = tuple(Unread(*names, len(found & repeats)) for names, found in idle.items() if found & repeats)
    return Expansion(sweep, len(sweep), len(ids), len(ids - repeats), tuple(axis for axis in axes if len(axis) > 1), unread)


def _note_unread(
    run: SweepRun, axes: tuple[Axis, ...], groups: dict[tuple[object, ...], set[str]], idle: dict[tuple[str, str], set[str]]
) -> None:
    """Add a run to those that differ from it in nothing that is read, and to those of each field that is not."""
    varied = {field: value for axis, at in zip(axes[:-3], run.index, strict=False) for field, value in axis.changes(at).items()}
    unread = {fault.fields[0] for fault in run.experiment.unread(varied)}
    read = tuple((field, repr(value)) for field, value in varied.items() if field not in unread)
    groups.setdefault((read, *run.index[-3:]), set()).add(run.id)
    for field in sorted(unread):
        idle.setdefault((field, str(axes[-2].points[run.index[-2]][0])), set()).add(run.id)
