"""Memory that data, records and observers take, estimated from an experiment alone."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes

__all__ = ["data_bytes", "item_bytes", "observer_bytes", "record_bytes", "seen_examples"]

_PROBES: Final = 64
_DRAWN: Final = 1024
# Variables that every run records, each an array of its own until they are stacked.
_RECORD: Final = 7000


def item_bytes(e: Experiment) -> int:
    """Bytes of a number in the experiment's precision."""
    return np.dtype(e.dtype).itemsize


def seen_examples(e: Experiment) -> int:
    """Number of training examples that have a patch x_1, nearly."""
    return round((1.0 - e.q0) * e.n_examples) + 1


def data_bytes(e: Experiment) -> Bytes:
    """Training set and fresh examples."""
    examples = e.n_examples + 3 * e.n_test
    rows = min(max(e.n_examples, 3 * e.n_test), _DRAWN)
    return Bytes(item_bytes(e) * e.d * examples + 27 * examples, 24 * rows * e.d)


def record_bytes(e: Experiment, steps: float) -> Bytes:
    """Records of the variables that every run has."""
    records = _records(Recording(every_tau=e.record_every), e, steps)
    return Bytes(_RECORD * records, 0.2 * _RECORD * records)


def observer_bytes(e: Experiment, steps: float, neurons: dict[str, int]) -> list[Bytes]:
    """What the experiment's ``observe`` takes; ``neurons`` of each feature P and Q, none in the limit."""
    inputs = {"P": seen_examples(e), "Q": 3}
    found = []
    for name, recording in e.observe.items():
        own = recording if recording.own_times else Recording(every_tau=e.record_every)
        records = _records(own, e, steps)
        inputs["P"] = min(recording.probes or _PROBES, seen_examples(e))
        if name == "kernels":
            found.append(_kernels(e, records, inputs, neurons))
        elif name == "patterns":
            found.append(_patterns(e, records, inputs, neurons))
        elif name == "gradients":
            found.append(Bytes(1000 * records, item_bytes(e) * e.d * max(seen_examples(e), e.q0 * e.n_examples)))
        else:
            found.append(_descent(e, records, neurons))
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


def _kernels(e: Experiment, records: float, inputs: dict[str, int], neurons: dict[str, int]) -> Bytes:
    n, m = inputs["P"], neurons.get("P", 0)
    square = 8 * n * n
    words = sum(inputs[f] * neurons.get(f, 0) / 8 for f in inputs)
    # Inner products and cosines; K_tt and K_0t of each record, once more when they are stacked for the end.
    held = square * (2 + 2 * records) + words * records + 2000 * records
    # What an equal, a two-time and a predicted kernel take beside: or the maps' K_tt of every record, with stacks.
    at_record = 7 * square + item_bytes(e) * (m * n + seen_examples(e) * e.d + n * e.d)
    at_end = square * (records + 6) + words * records
    return Bytes(held, max(at_record, at_end, 2 * square * records))


def _patterns(e: Experiment, records: float, inputs: dict[str, int], neurons: dict[str, int]) -> Bytes:
    words = sum(inputs[f] * neurons.get(f, 0) / 8 for f in inputs)
    largest = max((inputs[f] * m for f, m in neurons.items()), default=0)
    shares = 8 * sum(neurons.values())
    held = 3 * words + (words + shares) * records
    at_record = largest * (item_bytes(e) + 1) + item_bytes(e) * seen_examples(e) * e.d + 3 * words
    return Bytes(held, max(at_record, held - 3 * words))


def _descent(e: Experiment, records: float, neurons: dict[str, int]) -> Bytes:
    seen, item, m = seen_examples(e), item_bytes(e), neurons.get("P", 0)
    active = m * seen
    # Patterns and what they are multiplied with, in the precision of the weights; sums over neurons in float64.
    return Bytes(1000 * records, active * (3 * item + 8) + 3 * 8 * m * e.d + item * e.d * (seen + e.n_examples))
