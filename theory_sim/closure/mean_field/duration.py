"""Time that the mean field takes, estimated from an experiment and the rates of the machine."""

from __future__ import annotations

import math

from theory_sim.closure.duration import count_blocks
from theory_sim.closure.mean_field.responses import MOST_KEPT
from theory_sim.closure.mean_field.solve import COARSE
from theory_sim.experiment import Experiment
from theory_sim.numeric.rates import get_rates

__all__ = ["mean_field_seconds"]

# Calls of NumPy's that take as long as what is done once, and as a node. Passes over the particles at a node, over them for
# each earlier node, and over the responses that are kept. Fitted to 14 runs of 20 to 320 nodes and 64 to 32768 particles, of
# which they give the processor time within 0.86 to 1.11.
_ONCE, _NODE = 61_000.0, 1420.0
_PARTICLE, _PAIR, _RESPONSE = 107.0, 0.75, 1.95


def mean_field_seconds(e: Experiment, nodes: int, particles: int, share: float = 1.0) -> float:
    """Time of the three runs, each of which looks back at all earlier nodes; a response at all between, too.

    ``share`` multiplies all rates.
    """
    double, single = get_rates("float64"), get_rates("float32")
    found = _ONCE / double.calls
    for aimed, runs in ((nodes, 1), (math.ceil(COARSE * nodes), 2)):
        n = sum(count_blocks(e, aimed, share))
        passes = particles * (_PARTICLE * n + _PAIR * n * n / 2)
        responses = min(MOST_KEPT, particles) * n**3 / 6
        found += runs * (_NODE * n / double.calls + passes / double.elements + _RESPONSE * responses / single.elements)
    return found
