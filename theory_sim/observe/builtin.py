"""Observers that an Experiment's ``observe`` table names; a file that registers its class is found."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OBSERVERS
from theory_sim.observe.base import Observer

__all__ = ["make_observers"]


def make_observers(experiment: Experiment) -> list[Observer]:
    """Observers that the experiment asks for, in a fixed order."""
    made = []
    for name, recording in sorted(experiment.observe.items()):
        chosen = OBSERVERS[name]
        assert issubclass(chosen, Observer), f"{chosen} is an Observer"
        made.append(chosen(recording))  # type: ignore[call-arg]  # one that a file names is made from this alone
    return made
