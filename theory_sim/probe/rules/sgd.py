"""SGD: with momentum, Nesterov's, dampening, and coupled or decoupled weight decay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from theory_sim.probe.rules.base import Part, Rule, scaled
from theory_sim.theory.linear_rules import Move

__all__ = ["SGDRule"]


class SGDRule(Rule):
    """``torch.optim.SGD``: b <- mu b + (1 - dampening) g, U <- U - gamma b, or with Nesterov's U <- U - gamma (g + mu b).

    Parameters
    ----------
    decoupled : bool
        Whether weight decay shrinks U by 1 - gamma lambda beside the rule (SGDW; Loshchilov and Hutter 2019). In
        ``torch.optim.SGD`` it is part of the gradient.
    """

    def __init__(self, *, decoupled: bool = False) -> None:
        self._decoupled = decoupled

    def velocity_of(self, state: Mapping[str, Any]) -> Any:
        return state.get("momentum_buffer")

    def coupled(self, options: Mapping[str, Any]) -> bool:
        return not self._decoupled

    def move(self, options: Mapping[str, Any]) -> Move:
        mu = float(options.get("momentum", 0.0))
        if not mu:
            return Move()
        taken = 1.0 - float(options.get("dampening", 0.0))
        return Move(mu, taken, mu, 1.0) if options.get("nesterov") else Move(mu, taken, 1.0, 0.0)

    def first_move(self, options: Mapping[str, Any]) -> Move:
        # The buffer is the whole gradient at first, whatever the dampening.
        move = self.move(options)
        return move._replace(taken=1.0) if move.kept else move

    def advance(
        self, part: Part, options: Mapping[str, Any], states: Sequence[Mapping[str, Any]], fresh: Sequence[bool]
    ) -> None:
        rate, decay, mu = float(options["lr"]), float(options.get("weight_decay", 0.0)), float(options.get("momentum", 0.0))
        directions: Any = scaled(part.gradients, -1.0 if options.get("maximize") else 1.0)
        if decay and not self._decoupled:
            directions = torch._foreach_add(directions, part.weights, alpha=decay)
        elif decay:
            torch._foreach_mul_(part.weights, 1.0 - rate * decay)
        if mu:
            later = 1.0 - float(options.get("dampening", 0.0))
            torch._foreach_mul_(part.velocity, mu)
            torch._foreach_add_(part.velocity, torch._foreach_mul(directions, [1.0 if each else later for each in fresh]))
            directions = torch._foreach_add(directions, part.velocity, alpha=mu) if options.get("nesterov") else part.velocity
        torch._foreach_add_(part.weights, directions, alpha=-rate)
