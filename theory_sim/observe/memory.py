"""Memory that data, records and observers take, estimated from an experiment alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from theory_sim.data.sizes import data_bytes, item_bytes, looked_at_bytes, seen_examples
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OBSERVERS
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.observe.base import Observer, Use
from theory_sim.observe.probes import PROBES

__all__ = ["observer_seconds", "record_count", "run_parts"]

# Variables that every run records, each an array of its own until they are stacked.
_RECORD: Final = 2800


def run_parts(
    e: Experiment, steps: float, neurons: dict[str, int], observers: Sequence[Observer] = ()
) -> dict[str, Bytes]:
    """What every run holds: data, records, and what the experiment's ``observe`` and observers of the user's own take.

    Parameters
    ----------
    e : Experiment
        Description of the run.
    steps : float
        Largest number of its steps.
    neurons : dict
        Neurons of each feature P and Q; none in the limit.
    observers : sequence of Observer
        Those of the user's own.
    """
    records = record_count(e, steps)
    parts = {"data": data_bytes(e), "records": Bytes(_RECORD * records, 0.15 * _RECORD * records),
             "losses": looked_at_bytes(e)}
    for label, kind, recording in _chosen(e):
        parts[label] = kind.memory(_use(recording, e, steps, neurons))
    for index, own in enumerate(observers):
        label = f"observers[{index}], {type(own).__name__}"
        parts[label] = own.memory(_use(own.recording or Recording(), e, steps, neurons))
    return parts


def observer_seconds(e: Experiment, steps: float, neurons: dict[str, int]) -> float:
    """Time that the experiment's ``observe`` takes, roughly; arguments as for `run_parts`."""
    return sum(kind.seconds(_use(recording, e, steps, neurons)) for _, kind, recording in _chosen(e))


def _chosen(e: Experiment) -> Iterator[tuple[str, type[Observer], Recording]]:
    for name, recording in e.observe.items():
        kind = OBSERVERS[name]
        assert issubclass(kind, Observer), f"{kind} is an Observer"
        yield f"observe.{name}", kind, recording


def _use(recording: Recording, e: Experiment, steps: float, neurons: dict[str, int]) -> Use:
    times = recording if recording.own_times else Recording(every_tau=e.record_every)
    inputs = {"P": min(recording.probes or PROBES, seen_examples(e)), "Q": 3}
    return Use(e, _records(times, e, steps), inputs, neurons, item_bytes(e), seen_examples(e))


def record_count(e: Experiment, steps: float) -> float:
    """Largest number of records at the run's own times."""
    return _records(Recording(every_tau=e.record_every), e, steps)


def _records(recording: Recording, e: Experiment, steps: float) -> float:
    """Largest number of records, the first included, and of the run's own times the last."""
    if recording.every_steps is not None:
        count = steps / recording.every_steps
    elif recording.log_steps is not None:
        count = recording.log_steps * math.log10(max(steps, 1.0)) + 1
    elif recording.at_tau is not None:
        count = len(recording.at_tau)
    else:
        count = e.most_tau / (recording.every_tau or e.record_every)
    return min(math.floor(count) + (1 if recording.every_steps or recording.at_tau else 2), steps + 1)
