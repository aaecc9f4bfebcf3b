"""A file's runs: one experiment, the schedules to compare and the seeds; compared runs share data and U_0."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from theory_sim.data import draw_data
from theory_sim.errors import ExperimentError
from theory_sim.experiment import Experiment
from theory_sim.reading import read_toml
from theory_sim.train.schedules import schedule_of

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """An experiment under several schedules and seeds.

    Attributes
    ----------
    experiment : Experiment
        What all runs have in common.
    compare : tuple of str
        Schedules, such as ("L-S", "S"); the experiment's own if only one.
    seeds : tuple of int
        Seeds; each gives every schedule the same data, U_0 and noise stream.
    """

    experiment: Experiment
    compare: tuple[str, ...]
    seeds: tuple[int, ...]

    @classmethod
    def of(
        cls, experiment: Experiment, compare: Sequence[str] | None = None, seeds: Sequence[int] | None = None
    ) -> Plan:
        """Plan of an experiment; its own schedule and seed where none are given.

        Raises
        ------
        ExperimentError
            If a schedule or seed is named twice or unknown.
        """
        schedules = tuple(compare) if compare else (experiment.schedule,)
        numbers = tuple(seeds) if seeds else (experiment.seed,)
        for label, values in (("compare", schedules), ("seeds", numbers)):
            if len(set(values)) < len(values):
                raise ExperimentError(f"{label} = {list(values)}", "each named once", "remove the repeated one")
        plan = cls(experiment, schedules, numbers)
        for run in plan:  # validates every run before the first one starts
            if run.schedule == "L-S" and run.epsilon_2 is not None:
                data = draw_data(run)
                schedule_of(run, float(data.counts[1]) / len(data))
        return plan

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str], changes: dict[str, Any] | None = None) -> Plan:
        """Read an experiment with optional ``compare = [...]`` and ``seeds = [...]``; ``changes`` override fields.

        Raises
        ------
        ExperimentError
            If the file is missing or broken, or what it describes is not a valid plan.
        """
        fields = read_toml(path)
        compare, seeds = fields.pop("compare", None), fields.pop("seeds", None)
        changes = changes or {}
        for one, many, listed in (("schedule", "compare", compare), ("seed", "seeds", seeds)):
            if listed is not None and one in fields:
                raise ExperimentError(f"{one} and {many} in {path}", f"{many} lists every {one}", "leave one of the two out")
        compare = None if "schedule" in changes else compare  # a change of one schedule or seed is a plan of that one
        seeds = None if "seed" in changes else seeds
        for label, value, kind in (("compare", compare, str), ("seeds", seeds, int)):
            whole = isinstance(value, list) and all(type(item) is kind for item in value) and value
            if value is not None and not whole:
                raise ExperimentError(f"{label} = {value!r} in {path}", f"a list of {kind.__name__}, not empty",
                                      'such as compare = ["L-S", "S"] or seeds = [0, 1, 2]')
        if compare:
            fields["schedule"] = compare[0]  # so that fields of one schedule alone, such as pieces, are in place
        return cls.of(Experiment(**fields).replace(**changes), compare, seeds)

    def __iter__(self) -> Iterator[Experiment]:
        for seed in self.seeds:
            for schedule in self.compare:
                yield self.experiment.replace(schedule=schedule, seed=seed)

    def __len__(self) -> int:
        return len(self.seeds) * len(self.compare)
