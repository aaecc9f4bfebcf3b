"""What the precision of a run at finite width resolves; a run beyond it is refused before anything is computed.

Weights are kept as the sum of signal and noise, so that the signal loses no digits to the noise. What is left are the outputs
of neurons that put noise out, rounded with it, and the decay 1 - rate x lambda, rounded with 1. The limit has neither.
"""

from __future__ import annotations

import math

import numpy as np

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.theory.conditions import PAIR_NEURONS, ROUNDING_LARGE, fix_of_noise, highest_level, output_rounding
from theory_sim.train.clock import largest_level
from theory_sim.train.noise import PreActivationNoise, make_placement

__all__ = ["finest_decay", "float64_for", "largest_noise", "precision_fault"]


def largest_noise(experiment: Experiment) -> float:
    """Upper bound of the standard deviation that noise of any kind gives to a pre-activation, per norm of the input."""
    e = experiment
    placed = e.noise_level if isinstance(make_placement(e), PreActivationNoise) else 0.0
    return math.hypot(largest_level(e), placed)


def finest_decay(dtype: str) -> float:
    """Least rate x lambda that the precision keeps to 0.5 %.

    The decay 1 - rate x lambda is off by up to a quarter of the unit ``eps``, half of the spacing below 1.
    """
    return 50.0 * float(np.finfo(dtype).eps)


def float64_for(dtype: str, decay: float, least: float) -> str:
    """Words that offer float64, followed by "or"; empty if it is in use already, or does not resolve the decay either."""
    return "use dtype = 'float64', or " if dtype == "float32" and decay > least else ""


def precision_fault(experiment: Experiment) -> Fault | None:
    """What of an experiment would make its finite-width run go wrong by rounding alone; None if nothing would.

    The rounding error of an output reaches 0.1, or weight decay is rounded away.
    """
    e, eps = experiment, float(np.finfo(experiment.dtype).eps)
    level = largest_noise(e)
    if output_rounding(e.noise_neurons, level, e.alpha_max, eps) >= ROUNDING_LARGE:
        highest = highest_level(e.noise_neurons, e.dtype, e.alpha_max, rounding=ROUNDING_LARGE)
        split = e.noise_neurons != e.neurons
        fix = fix_of_noise(e.noise_neurons, e.tau_0_value, highest)
        return Fault(
            f"noise of standard deviation up to {level:.3g} with neurons = {e.neurons!r}"
            f"{f', which optimiser = {e.optimiser!r} splits,' if split else ''} in {e.dtype}",
            f"these neurons put the noise out, and rounding leaves outputs right to 0.1 only up to a noise of {highest:.2g}",
            fix.replace(PAIR_NEURONS, "set preconditioner = 'pair'") if split else fix, ("neurons", "tau_0", "tau_xi"),
        )
    for field, rate in e.rates().items():
        if 0.0 < rate * e.lambda_ <= eps / 4:
            other = float64_for(e.dtype, rate * e.lambda_, float(np.finfo("float64").eps) / 4)
            return Fault(
                f"{field} x lambda = {rate * e.lambda_:.3g} in {e.dtype}",
                f"1 - rate x lambda is rounded to 1 up to {eps / 4:.2g}, and there would be no weight decay at all",
                f"{other}set lambda = 0, or raise the rate", (field.partition("[")[0], "lambda"),
            )
    return None
