"""Memory that data, records and observers take, estimated from an experiment alone."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS, OBSERVERS
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.observe.base import Observer, Use
from theory_sim.observe.probes import PROBES

__all__ = ["data_bytes", "item_bytes", "observer_bytes", "record_bytes", "seen_examples"]

_DRAWN: Final = 1024
# Variables that every run records, each an array of its own until they are stacked.
_RECORD: Final = 7000


def item_bytes(e: Experiment) -> int:
    """Bytes of a number in the experiment's precision."""
    return np.dtype(e.dtype).itemsize


def seen_examples(e: Experiment) -> int:
    """Number of training examples that have a patch x_1, nearly."""
    return (round((1.0 - e.q0) * e.n_examples) if e.has_pq else e.n_examples) + 1


def data_bytes(e: Experiment) -> Bytes:
    """Training set and fresh examples."""
    examples = e.n_examples + 3 * e.n_test
    k = 0 if e.has_pq else DATA_LAWS[e.data_law].second_dimension(e)
    rows = min(max(e.n_examples, 3 * e.n_test), _DRAWN)
    return Bytes(item_bytes(e) * (e.d + k) * examples + 43 * examples, 24 * rows * e.d)


def record_bytes(e: Experiment, steps: float) -> Bytes:
    """Records of the variables that every run has."""
    records = _records(Recording(every_tau=e.record_every), e, steps)
    return Bytes(_RECORD * records, 0.2 * _RECORD * records)


def observer_bytes(e: Experiment, steps: float, neurons: dict[str, int]) -> list[Bytes]:
    """What the experiment's ``observe`` takes; ``neurons`` of each feature P and Q, none in the limit."""
    found = []
    for name, recording in e.observe.items():
        own = recording if recording.own_times else Recording(every_tau=e.record_every)
        inputs = {"P": min(recording.probes or PROBES, seen_examples(e)), "Q": 3}
        chosen = OBSERVERS[name]
        assert issubclass(chosen, Observer), f"{chosen} is an Observer"
        found.append(chosen.memory(Use(e, _records(own, e, steps), inputs, neurons, item_bytes(e), seen_examples(e))))
    return found


def _records(recording: Recording, e: Experiment, steps: float) -> float:
    """Largest number of records, the first and the last included."""
    if recording.every_steps is not None:
        count = steps / recording.every_steps
    elif recording.log_steps is not None:
        count = recording.log_steps * math.log10(max(steps, 1.0)) + 1
    elif recording.at_tau is not None:
        count = len(recording.at_tau)
    else:
        count = e.max_tau / (recording.every_tau or e.record_every)
    return min(count, steps) + 2
