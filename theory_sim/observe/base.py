"""What an observer gets and what it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from theory_sim.data.pq_mixture import Data

__all__ = ["Observer", "Outputs", "Snapshot", "Variable"]

Array = np.ndarray[Any, Any]


class Variable(NamedTuple):
    """A recorded variable: its dimensions beside ``record``, unit and meaning."""

    dims: tuple[str, ...]
    unit: str
    meaning: str


class Outputs(Protocol):
    """What a network of either engine can be asked.

    Attributes
    ----------
    f : (N,) float64 array
        Outputs on the training set.
    g : (3,) float64 array
        Output at z - zeta, z, z + zeta as second patch.
    """

    f: Array
    g: Array

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples: f and its signal part, both (n,) float64."""

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,)."""


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
    network : Outputs
        Outputs, and what else the engine's network holds: weights and their split at finite width.
    train, test : Data
        Training set and fresh examples.
    """

    step: int
    tau: float
    rate: float
    tau_noise: float
    network: Any
    train: Data
    test: Data


class Observer(Protocol):
    """Computes some variables from a snapshot."""

    @property
    def variables(self) -> Mapping[str, Variable]:
        """Name, dimensions, unit and meaning of what `observe` returns."""

    def observe(self, snapshot: Snapshot) -> Mapping[str, np.ndarray[Any, Any] | float]:
        """Values of one record, shaped as declared."""
