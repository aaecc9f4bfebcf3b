"""Which rule an optimiser has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from theory_sim.errors import InputError
from theory_sim.probe.rules.adam import AdamRule
from theory_sim.probe.rules.base import Rule
from theory_sim.probe.rules.rmsprop import RMSpropRule
from theory_sim.probe.rules.sgd import SGDRule

__all__ = ["get_rule", "unwrapped"]

_RULES: Final[Mapping[str, Rule]] = {
    "SGD": SGDRule(), "SGDW": SGDRule(decoupled=True), "Adam": AdamRule(), "AdamW": AdamRule(), "RMSprop": RMSpropRule(),
}


def unwrapped(optimizer: Any) -> Any:
    """The optimiser inside of a wrapper, as Lightning and Accelerate have them."""
    while not hasattr(optimizer, "param_groups") or hasattr(optimizer, "optimizer"):
        inside = getattr(optimizer, "optimizer", None)
        if inside is None:
            raise InputError(f"{type(optimizer).__name__} as an optimiser", "a torch.optim.Optimizer",
                             "give the optimiser itself")
        optimizer = inside
    return optimizer


def get_rule(optimizer: Any) -> Rule:
    """Rule of an optimiser, by the names of its class and of those that it derives from.

    Raises
    ------
    InputError
        If none of them is known.
    """
    for kind in type(optimizer).__mro__:
        if kind.__name__ in _RULES:
            return _RULES[kind.__name__]
    raise InputError(f"the optimiser {type(optimizer).__name__}", "a rule that is linear in the gradients, given what divides "
                     f"them (THEORY §15): {', '.join(_RULES)}",
                     "choose one of these, or give rule=, an object of a subclass of theory_sim.probe.Rule")
