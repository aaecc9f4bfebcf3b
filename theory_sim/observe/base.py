"""What an observer gets and what it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from theory_sim.data.pq_mixture import Data
from theory_sim.network.split import SplitNetwork

__all__ = ["Observer", "Snapshot", "Variable"]


class Variable(NamedTuple):
    """A recorded variable: its dimensions beside ``record``, unit and meaning."""

    dims: tuple[str, ...]
    unit: str
    meaning: str


@dataclass(frozen=True)
class Snapshot:
    """A run between two steps; observers read it and change nothing.

    Attributes
    ----------
    step : int
        Steps taken so far.
    tau : float
        Learning-rate time so far.
    rate : float
        Rate of the step that leaves this record.
    tau_noise : float
        Standard deviation of the noise by the exact recursion (THEORY §5).
    network : SplitNetwork
        Weights, their split, and outputs on the training set.
    train, test : Data
        Training set and fresh examples.
    """

    step: int
    tau: float
    rate: float
    tau_noise: float
    network: SplitNetwork
    train: Data
    test: Data


class Observer(Protocol):
    """Computes some variables from a snapshot."""

    @property
    def variables(self) -> Mapping[str, Variable]:
        """Name, dimensions, unit and meaning of what `observe` returns."""

    def observe(self, snapshot: Snapshot) -> Mapping[str, np.ndarray[Any, Any] | float]:
        """Values of one record, shaped as declared."""
