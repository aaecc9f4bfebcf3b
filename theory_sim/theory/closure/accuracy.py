"""How near the closure is to the limit, measured on fresh random experiments (docs/closure.md, whose test holds these numbers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["EXPERIMENTS", "MEASURED", "RANGE", "Accuracy", "accuracy_of", "out_of_range"]


@dataclass(frozen=True)
class Accuracy:
    """Error of one quantity against the limit's mean over data sets.

    Attributes
    ----------
    worst, median : float
        Largest and median error: relative (0.02 is 2 %), absolute in nats for losses.
    standard_error : float
        Median standard error of the limit's means: a part of the two.
    count : int
        Predictions compared.
    """

    worst: float
    median: float
    standard_error: float
    count: int


EXPERIMENTS: Final = 16
"""Number of experiments, each under S and L-S on 12 data sets."""
