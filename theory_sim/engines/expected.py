"""An experiment that ends when a run of it is expected to, where its rate or its end depends on the loss."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment

__all__ = ["expected"]


def expected(e: Experiment) -> Experiment:
    """The experiment, with ``max_steps`` at the end that the closure expects; as it is where the closure says nothing of it."""
    from theory_sim.closure.duration import expected_steps
    from theory_sim.regimes import outside_of_closure

    if any(outside_of_closure(e)):
        return e
    steps = expected_steps(e)
    return e if steps >= e.most_steps else e.replace(max_steps=max(1, math.ceil(steps)))
