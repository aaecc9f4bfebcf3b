"""An experiment that ends when a run of it is expected to, where its rate or its end depends on the loss."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment

__all__ = ["expected"]


def expected(e: Experiment) -> Experiment:
    """The experiment, with ``max_steps`` and ``max_tau`` at the end that the closure expects.

    It is as it is where the closure says nothing of it. Of an activation other than those of two straight lines the closure of
    ReLU tells when the rate falls: not just then, but nearer than the largest rate throughout.
    """
    from theory_sim.closure.duration import expected_end
    from theory_sim.scope import outside_of_closure

    if any("activation" not in fault.fields for fault in outside_of_closure(e)):
        return e
    steps, tau = expected_end(e)
    # Not validated again: what is observed at a given time may lie beyond.
    return e.model_copy(update={"max_steps": max(1, math.ceil(min(steps, e.most_steps))), "max_tau": min(tau, e.max_tau)})
