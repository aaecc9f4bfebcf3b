"""Largest stable learning rate of an experiment near zero output (THEORY §13)."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.theory.conditions import stable_rate
from theory_sim.train.losses import make_loss
from theory_sim.train.optimisers import make_optimiser

__all__ = ["stable_rate_of"]


def stable_rate_of(experiment: Experiment) -> float:
    """The optimiser's factor, 2 for gradient descent, over the top Hessian eigenvalue of the mean loss at f = 0.

    Infinite where the loss has no curvature there; NaN for an optimiser whose steps do not depend on it. The eigenvalue is
    that of the infinitely wide network, and proportional to the loss's second derivative at margin 0. With other laws of alpha
    than the uniform one the rate is a lower bound, that of alpha = alpha_max; for other data than the P/Q mixture, or another
    network than that of THEORY §2, it is not known, and infinite.
    """
    e = experiment
    if not (e.has_pq and e.of_theory):
        return math.inf
    least = e.alpha_min if e.alpha_law == "uniform" else e.alpha_max
    of_descent = stable_rate(r=e.r, p0=e.p0_value, alpha_min=least, alpha_max=e.alpha_max,
                             curvature=make_loss(e).curvature_at_zero)
    return of_descent * make_optimiser(e).stability / 2.0
