"""Sizes of an experiment's examples, known before any is drawn."""

from __future__ import annotations

from typing import Final

import numpy as np

from theory_sim.data.law import DataLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS
from theory_sim.memory import Bytes

__all__ = ["data_bytes", "item_bytes", "kinds_of", "looked_at_bytes", "seen_examples"]

# Examples of the P/Q mixture that are drawn at once, in float64; and the bytes of labels, kinds and structure of an example.
_DRAWN: Final = 1024
_LABELS: Final = 43
# Bytes of a training example while losses are taken (margin, loss, and what they are averaged by kind with), of which the first
# two stay while the fresh ones are looked at; and of a fresh example, with its output and the signal's.
_LOSSES: Final = 33
_KEPT_LOSSES: Final = 16
_FRESH_LOSSES: Final = 46


def item_bytes(e: Experiment) -> int:
    """Bytes of a number in the experiment's precision."""
    return np.dtype(e.dtype).itemsize


def seen_examples(e: Experiment) -> int:
    """Number of training examples that have a patch x_1, nearly."""
    return (round((1.0 - e.q0) * e.n_examples) if e.has_pq else e.n_examples) + 1


def kinds_of(e: Experiment) -> int:
    """Number of kinds of examples, of each of which there are ``n_test`` fresh ones."""
    law = DATA_LAWS[e.data_law]
    return len(law.kinds) if issubclass(law, DataLaw) else 1


def data_bytes(e: Experiment) -> Bytes:
    """Training set and fresh examples.

    The P/Q mixture is drawn some examples at a time; another law gives its patches in float64, and forms them of another array.
    """
    tested = kinds_of(e) * e.n_test
    k = 0 if e.has_pq else DATA_LAWS[e.data_law].second_dimension(e)
    rows, width = max(e.n_examples, tested), e.d + k
    making = 24 * min(rows, _DRAWN) * e.d if e.has_pq else (24 - item_bytes(e)) * rows * width
    return Bytes((item_bytes(e) * width + _LABELS) * (e.n_examples + tested), 0.0, making)


def looked_at_bytes(e: Experiment) -> Bytes:
    """Outputs, margins and losses of every example, in float64, while a record is made."""
    tested = kinds_of(e) * e.n_test
    return Bytes(0.0, max(_LOSSES * e.n_examples, _KEPT_LOSSES * e.n_examples + _FRESH_LOSSES * tested))
