"""Levels of noise that do the same to a pre-activation, wherever the noise enters (THEORY §5).

Noise N(0, s^2 I) on the weights of a neuron is noise on its pre-activations, jointly over inputs N(0, s^2 <x, x'>). So an input
of norm 1 sees a variance of s^2; placements of equal s differ in how the noise is shared between inputs and between times.
"""

from __future__ import annotations

import math

from theory_sim.errors import InputError
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.train.noise.base import Placement

__all__ = ["matched_level"]


def matched_level(placement: str, s: float, *, rate: float, lambda_: float) -> float:
    """Level (``noise_level`` of an Experiment) at which a placement adds the variance s^2 ||x||^2 to a pre-activation.

    Parameters
    ----------
    placement : str
        A placement's name. Noise after the activation is matched to the same variance, there.
    s : float
        Standard deviation for an input of norm 1, > 0.
    rate, lambda_ : float
        Constant learning rate and weight decay: accumulated noise has this variance once it is stationary.

    Returns
    -------
    float
        s itself where noise is added to what the network computes; for noise on the gradient the tau with
        rate tau^2 / (lambda (2 - rate lambda)) = s^2; for increments of the iterates s sqrt(rate lambda (2 - rate lambda)).

    Raises
    ------
    InputError
        If the placement is unknown, s is not positive, or accumulated noise has no stationary level.
    """
    chosen = PLACEMENTS[placement]
    assert issubclass(chosen, Placement), f"{chosen} is a Placement"
    if not (s > 0 and math.isfinite(s)):
        raise InputError(f"s = {s!r}", "a standard deviation above 0", "give a positive number")
    return chosen.matched_level(s, rate, lambda_)
