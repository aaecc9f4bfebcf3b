"""A file's runs: one experiment, the schedules to compare and the seeds; compared runs share data and U_0."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from theory_sim.data import draw_q_hat
from theory_sim.errors import ExperimentError, Fault, gathered, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.experiment.description import not_default
from theory_sim.reading import TomlFile, parse_listed_seeds
from theory_sim.reading.arguments import accepts, native
from theory_sim.train.schedules import make_schedule

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

    Examples
    --------
    >>> from theory_sim import Experiment, Plan
    >>> plan = Plan(Experiment(), compare=("L-S", "S"), seeds=(0, 1, 2))
    >>> plan
    Plan(experiment=Experiment(), compare=('L-S', 'S'), seeds=(0, 1, 2))
    """

    experiment: Experiment
    compare: tuple[str, ...]
    seeds: tuple[int, ...]

    @classmethod
    @accepts(experiment="Experiment", compare="a list of texts", seeds="a list")
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
        numbers = native(tuple(seeds)) if seeds is not None and len(seeds) else (experiment.seed,)
        for label, values in (("compare", schedules), ("seeds", numbers)):
            if len(set(values)) < len(values):
                raise ExperimentError(f"{label} = {list(values)}", "each named once", "remove the repeated one",
                                      fields=("schedule" if label == "compare" else "seed",))
        plan = cls(experiment, schedules, numbers)
        for run in plan:  # validates every run before the first one starts
            if SCHEDULES[run.schedule].reads_losses and run.epsilon_2 is not None:
                make_schedule(run, draw_q_hat(run))
        return plan

    @classmethod
    @accepts(path="a path", changes="a table", options="a table")
    def from_toml(
        cls, path: str | os.PathLike[str], changes: Mapping[str, Any] | None = None, options: Mapping[str, str] | None = None
    ) -> Plan:
        """Read an experiment with optional ``compare = [...]`` and ``seeds = [...]``; ``changes`` override fields.

        Parameters
        ----------
        path : path
            The file.
        changes : mapping, optional
            Fields that have other values than in the file.
        options : mapping of str to str, optional
            What gave each change, for messages: {"eta_1": "--set eta_1"}.

        Raises
        ------
        ExperimentError
            If the file is missing or broken, or what it describes is not a valid plan: with all faults, each with its line.
        """
        file = TomlFile(path)
        with file.located(options=options or {}):
            plan = cls._of_table(dict(file.table), dict(changes or {}))
        listed = {name: value for name, value in file.table.items() if name not in (changes or {})}
        file.warn(plan.experiment.unread(not_default(listed), plan.compare), options=options or {})
        return plan

    @classmethod
    def _of_table(cls, fields: dict[str, Any], changes: dict[str, Any]) -> Plan:
        compare, listed = fields.pop("compare", None), fields.pop("seeds", None)
        seeds: list[int] | None = None
        faults: list[Fault] = []
        for one, many, given in (("schedule", "compare", compare), ("seed", "seeds", listed)):
            if given is not None and one in fields:
                faults.append(Fault(f"{one} and {many} are both given", f"{many} lists every {one}", "leave one of the two out",
                                    (one, many)))
        if compare is not None and not (isinstance(compare, list) and compare and all(type(each) is str for each in compare)):
            faults.append(Fault(f"compare = {shown(repr_of(compare))}", "a list of texts, not empty",
                                'such as compare = ["L-S", "S"]', ("compare",)))
        if listed is not None:
            with gathered(faults):
                seeds = parse_listed_seeds(listed)
        compare = None if "schedule" in changes else compare  # a change of one schedule or seed is a plan of that one
        seeds = None if "seed" in changes else seeds
        if compare and not faults:
            fields["schedule"] = compare[0]  # so that fields of one schedule alone, such as pieces, are in place
        try:
            experiment = Experiment(**fields)
        except ExperimentError as error:
            raise ExperimentError.of([*faults, *error.faults]) from None
        if faults:
            raise ExperimentError.of(faults)
        return cls.of(experiment.replace(**changes), compare, seeds)

    def __iter__(self) -> Iterator[Experiment]:
        for seed in self.seeds:
            for schedule in self.compare:
                yield self.experiment.replace(schedule=schedule, seed=seed)

    def __len__(self) -> int:
        return len(self.seeds) * len(self.compare)
