"""Adam and AdamW, given the mean squares of the run's own gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from theory_sim.probe.rules.base import Part, Rule, scaled

__all__ = ["AdamRule"]


class AdamRule(Rule):
    """``torch.optim.Adam`` and ``AdamW``: b <- beta_1 b + (1 - beta_1) g, U <- U - gamma b / ((1 - beta_1^t) (sqrt s + eps)).

    The bias-corrected mean square s of the whole gradients, which the optimiser keeps, divides both parts.
    """

    def velocity_of(self, state: Mapping[str, Any]) -> Any:
        return state.get("exp_avg")

    def coupled(self, options: Mapping[str, Any]) -> bool:
        return not options.get("decoupled_weight_decay", False)

    def advance(
        self, part: Part, options: Mapping[str, Any], states: Sequence[Mapping[str, Any]], fresh: Sequence[bool]
    ) -> None:
        rate, decay = float(options["lr"]), float(options.get("weight_decay", 0.0))
        beta_1, beta_2 = (float(beta) for beta in options["betas"])
        directions: Any = scaled(part.gradients, -1.0 if options.get("maximize") else 1.0)
        if decay and self.coupled(options):
            directions = torch._foreach_add(directions, part.weights, alpha=decay)
        elif decay:
            torch._foreach_mul_(part.weights, 1.0 - rate * decay)
        torch._foreach_mul_(part.velocity, beta_1)
        torch._foreach_add_(part.velocity, directions, alpha=1.0 - beta_1)
        steps = [float(state["step"]) for state in states]
        name = "max_exp_avg_sq" if options.get("amsgrad") else "exp_avg_sq"
        squares = [state[name].to(weight.dtype) for state, weight in zip(states, part.weights, strict=True)]
        divisors = torch._foreach_sqrt(squares)
        torch._foreach_div_(divisors, [(1.0 - beta_2**step) ** 0.5 for step in steps])
        torch._foreach_add_(divisors, float(options["eps"]))
        torch._foreach_mul_(divisors, [1.0 - beta_1**step for step in steps])
        torch._foreach_add_(part.weights, torch._foreach_div(part.velocity, divisors), alpha=-rate)
