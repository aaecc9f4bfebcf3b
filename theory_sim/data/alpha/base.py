"""What a law of alpha declares and does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.experiment.choice import Choice

__all__ = ["AlphaDistribution", "AlphaLaw"]


@dataclass(frozen=True)
class AlphaDistribution:
    """A law of lengths that is either continuous, or of a few lengths.

    Attributes
    ----------
    share_below : callable or None
        Probability of at most alpha at lengths alpha, an array, from the smallest to the largest.
    lengths : mapping
        Probability of each length, if there are just these.
    """

    share_below: Callable[[Array], Array] | None = None
    lengths: Mapping[float, float] = field(default_factory=dict)


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
    def distribution(cls, experiment: Experiment) -> AlphaDistribution | None:
        """What `draw` draws from, for whoever checks draws; None: it is not said."""
        return None

    @classmethod
    @abstractmethod
    def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> Array:
        """Lengths of n examples, (n,) float64, each finite and at least 0."""
