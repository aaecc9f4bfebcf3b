"""RMSprop, given the mean squares of the run's own gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from theory_sim.probe.rules.base import Part, Rule, scaled

__all__ = ["RMSpropRule"]


class RMSpropRule(Rule):
    """``torch.optim.RMSprop``: U <- U - gamma g / (sqrt s + eps), centred or not, with momentum or without.

    The mean square s of the whole gradients, which the optimiser keeps, divides both parts.
    """

    def velocity_of(self, state: Mapping[str, Any]) -> Any:
        return state.get("momentum_buffer")

    def advance(
        self, part: Part, options: Mapping[str, Any], states: Sequence[Mapping[str, Any]], fresh: Sequence[bool]
    ) -> None:
        rate, decay, mu = float(options["lr"]), float(options.get("weight_decay", 0.0)), float(options.get("momentum", 0.0))
        directions: Any = scaled(part.gradients, -1.0 if options.get("maximize") else 1.0)
        if decay:
            directions = torch._foreach_add(directions, part.weights, alpha=decay)
        squares = [state["square_avg"].to(weight.dtype) for state, weight in zip(states, part.weights, strict=True)]
        if options.get("centered"):
            means = [state["grad_avg"].to(square.dtype) for state, square in zip(states, squares, strict=True)]
            squares = [square.addcmul(mean, mean, value=-1.0) for square, mean in zip(squares, means, strict=True)]
        divisors = torch._foreach_sqrt(squares)
        torch._foreach_add_(divisors, float(options["eps"]))
        directions = torch._foreach_div(directions, divisors)
        if mu:
            torch._foreach_mul_(part.velocity, mu)
            torch._foreach_add_(part.velocity, directions)
            directions = part.velocity
        torch._foreach_add_(part.weights, directions, alpha=-rate)
