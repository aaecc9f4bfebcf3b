"""Known mistakes of simulators, each a step that is wrong in one way: what a failure looks like tells which it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from theory_sim.testing.simulator.mistakes.batches import IN_BATCHES
from theory_sim.testing.simulator.mistakes.networks import IN_NETWORKS
from theory_sim.testing.simulator.mistakes.optimisers import IN_OPTIMISERS
from theory_sim.testing.simulator.mistakes.placed import IN_PLACED_NOISE
from theory_sim.testing.simulator.mistakes.rates import IN_RATES
from theory_sim.testing.simulator.mistakes.steps import IN_STEPS
from theory_sim.testing.simulator.rule import Rule

__all__ = ["MISTAKES"]

MISTAKES: Final[Sequence[type[Rule]]] = (
    *IN_STEPS, *IN_RATES, *IN_OPTIMISERS, *IN_BATCHES, *IN_PLACED_NOISE, *IN_NETWORKS,
)
"""Every one, in the order in which they are reported."""
