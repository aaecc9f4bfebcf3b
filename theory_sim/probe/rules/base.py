"""What a rule is: the step of an optimiser, applied to one part of the weights with one part of the gradients (THEORY §15)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from theory_sim.theory.linear_rules import Move

__all__ = ["Part", "Rule", "scaled"]


@dataclass
class Part:
    """One part of the weights, signal or noise, of some parameters that share their options.

    Attributes
    ----------
    weights, gradients : list of Tensor
        In float32 or float64. The rule changes the weights in place, and leaves the gradients as they are.
    velocity : list of Tensor
        The part's own momentum buffer; zeros that a rule without one leaves alone.
    """

    weights: list[Any]
    gradients: list[Any]
    velocity: list[Any]


class Rule(ABC):
    """Step of an optimiser, linear in weights, buffers and gradients, given the optimiser's state after its own step.

    A subclass for an optimiser of your own is given to ``Probe(..., rule=...)``. Whether it is right is checked at every step:
    signal and noise must add up to the parameters.
    """

    @abstractmethod
    def velocity_of(self, state: Mapping[str, Any]) -> Any:
        """The optimiser's own momentum buffer in a parameter's state; None if there is none, or none yet."""

    @abstractmethod
    def advance(
        self, part: Part, options: Mapping[str, Any], states: Sequence[Mapping[str, Any]], fresh: Sequence[bool]
    ) -> None:
        """Take a step of one part in place.

        Parameters
        ----------
        part : Part
        options : mapping
            Of the parameter group, as the optimiser used them.
        states : sequence of mapping
            The optimiser's state of each parameter, after its step.
        fresh : sequence of bool
            Whether the optimiser had no momentum buffer of a parameter before this step.
        """

    def move(self, options: Mapping[str, Any]) -> Move | None:
        """The rule as THEORY §5's recursion needs it; None if entries are divided by something, so that no law is known."""
        return None

    def first_move(self, options: Mapping[str, Any]) -> Move | None:
        """The same of the step that makes the momentum buffer."""
        return self.move(options)

    def coupled(self, options: Mapping[str, Any]) -> bool:
        """Whether weight decay is part of the gradient."""
        return True


def scaled(tensors: Sequence[Any], by: float) -> list[Any]:
    """Tensors times a number; themselves where it is 1."""
    import torch

    return list(tensors) if by == 1.0 else list(torch._foreach_mul(list(tensors), by))
