"""What a law of alpha declares and does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.experiment.choice import Choice

__all__ = ["AlphaLaw"]

Array = np.ndarray[Any, Any]


class AlphaLaw(Choice, ABC):
    """Law of alpha in x_2 = alpha (z + b zeta) (THEORY §1). A subclass declares `Choice`'s attributes and registers itself.

    Attributes
    ----------
    in_theory : bool
        Whether the closed forms of the theory hold: only for the uniform law.
    """

    in_theory: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("alpha_min", "alpha_max")

    @classmethod
    @abstractmethod
    def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> Array:
        """Lengths of n examples, (n,) float64, each finite and at least 0."""
