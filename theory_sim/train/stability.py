"""Largest stable learning rate of an experiment near zero output (THEORY §13)."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ALPHA_LAWS
from theory_sim.theory.conditions import stable_rate
from theory_sim.theory.sharpness import curvature_of_P
from theory_sim.train.losses import make_loss
from theory_sim.train.optimisers import make_optimiser

__all__ = ["knows_curvature", "lengths_of_curvature", "stable_rate_of"]


def stable_rate_of(experiment: Experiment) -> float:
    """The optimiser's factor, 2 for gradient descent, over the top Hessian eigenvalue of the mean loss at f = 0: Q's, or P's.

    Infinite where the loss has no curvature there; NaN for an optimiser whose steps do not depend on it. The eigenvalue is
    that of the infinitely wide network, and proportional to the loss's second derivative at margin 0. With other laws of alpha
    than the uniform one the rate is a lower bound, that of alpha = alpha_max; for other data than the P/Q mixture, an
    activation that is not two straight lines, biases, a trained second layer or a scaled output it is not known, and infinite.
    """
    e = experiment
    constants = e.kernel_constants
    if constants is None or not knows_curvature(e):
        return math.inf
    (least, most), at_zero = lengths_of_curvature(e), make_loss(e).curvature_at_zero
    of_p = curvature_of_P(d=e.d, n_examples=e.n_examples, q0=e.q0, g0=e.g0, curvature=at_zero, constants=constants)
    of_descent = min(2.0 / of_p if of_p > 0.0 else math.inf,
                     stable_rate(r=e.r, p0=e.p0_value, alpha_min=least, alpha_max=most, curvature=at_zero, constants=constants))
    return of_descent * make_optimiser(e).stability / 2.0


def knows_curvature(experiment: Experiment) -> bool:
    """Whether the top eigenvalue near zero output is known, and the output that the noise causes: on P/Q data, for an
    activation of two straight lines, without biases, a trained second layer or a scaled output."""
    e = experiment
    return e.has_pq and e.kernel_constants is not None and not e.beyond_theory()


def lengths_of_curvature(experiment: Experiment) -> tuple[float, float]:
    """Ends of a uniform law of alpha whose curvature is at least the experiment's own; its own law's if that is uniform."""
    e = experiment
    return (e.alpha_min if ALPHA_LAWS[e.alpha_law].in_theory else e.alpha_max), e.alpha_max
