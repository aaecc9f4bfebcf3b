"""Observers that an Experiment's ``observe`` table can name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from theory_sim.experiment import Experiment
from theory_sim.experiment.record_times import Recording
from theory_sim.observe.base import Observer
from theory_sim.observe.descent import Descent
from theory_sim.observe.gradients import Gradients
from theory_sim.observe.kernels import Kernels
from theory_sim.observe.patterns import Patterns

__all__ = ["observers_of"]

_BUILTIN: Final[dict[str, Callable[[Recording], Observer]]] = {
    "descent": Descent, "gradients": Gradients, "kernels": Kernels, "patterns": Patterns,
}


def observers_of(experiment: Experiment) -> list[Observer]:
    """Observers that the experiment asks for, in a fixed order."""
    return [_BUILTIN[name](recording) for name, recording in sorted(experiment.observe.items())]
