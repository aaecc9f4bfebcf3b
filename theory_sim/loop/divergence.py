"""Why a run diverged, as far as its rate, its noise and its loss say."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.train.losses import Loss
from theory_sim.train.optimisers import make_optimiser
from theory_sim.train.stability import knows_curvature, stable_rate_of

__all__ = ["likely_cause"]


def likely_cause(e: Experiment, loss: Loss, step: int, rate: float, level: float) -> str:
    """Likely cause of a divergence at a step of some rate, the accumulated noise being at a level, and how to avoid it."""
    stable, stability = stable_rate_of(e), make_optimiser(e).stability
    if rate > stable:
        cause = (f"rate {rate:g} is above about {stable:.3g}, the largest stable one near f = 0 "
                 f"({stability:.3g} / the Hessian's top eigenvalue in the limit)")
        fix = "lower the rate"
    elif math.isnan(stability):
        cause = f"{e.optimiser} moves every weight by about the rate, {rate:g}, at each step, however small its gradient"
        fix = "lower the rate"
    elif not math.isfinite(level) or level > 1e6:
        cause = f"the accumulated noise has standard deviation {level:.3g}"
        fix = "lower tau_0" if step == 0 else "lower the rate, tau_xi or tau_0"
    elif not knows_curvature(e):
        cause = (f"rate {rate:g}: the largest stable one is known for the P/Q mixture and an activation of two straight "
                 "lines, without biases, a trained second layer or a scaled output")
        fix = f"lower the rate; --observe sharpness records the curvature: stable is rate x curvature < {stability:.3g}"
    elif loss.curvature > loss.curvature_at_zero and math.isinf(loss.curvature):
        cause = (f"the {loss.name} loss, whose curvature grows with the loss: away from f = 0 rates below "
                 f"{stable:.3g} diverge too")
        fix = "lower the rate, or the initial outputs (tau_0, or paired neurons)"
    else:
        cause = (f"noise output: accumulated noise of standard deviation {level:.3g} in "
                 f"{e.neurons} neurons, or overflow of {e.dtype}")
        paired = "" if e.paired_noise else ", or use paired neurons, whose noise cancels in the output"
        fix = f"lower tau_0, the rate or tau_xi{paired}"
    return f"likely cause: {cause}; {fix}"
