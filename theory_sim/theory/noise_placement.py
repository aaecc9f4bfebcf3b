"""Levels of noise that do the same to a pre-activation, wherever the noise enters (THEORY §5).

Noise N(0, s^2 I) on the weights of a neuron is noise on its pre-activations, jointly over inputs N(0, s^2 <x, x'>). So an input
of norm 1 sees a variance of s^2; placements of equal s differ in how the noise is shared between inputs and between times.
"""

from __future__ import annotations

import math
from typing import Final

from theory_sim.errors import InputError
from theory_sim.theory.noise_law import tau_stationary

__all__ = ["PLACEMENTS", "matched_level"]

PLACEMENTS: Final = (
    "pre-activations", "pre-activations-shared", "activations", "gradient", "iterates", "iterates-transient",
)


def matched_level(placement: str, s: float, *, rate: float, lambda_: float) -> float:
    """Level (``noise_level`` of an Experiment) at which a placement adds the variance s^2 ||x||^2 to a pre-activation.

    Parameters
    ----------
    placement : str
        One of `PLACEMENTS`. Noise after the activation is matched to the same variance, there.
    s : float
        Standard deviation for an input of norm 1, > 0.
    rate, lambda_ : float
        Constant learning rate and weight decay: accumulated noise has this variance once it is stationary.

    Returns
    -------
    float
        s itself where noise is added to what the network computes; for noise on the gradient the tau with
        rate tau^2 / (lambda (2 - rate lambda)) = s^2; for kicks of the iterates s sqrt(rate lambda (2 - rate lambda)).

    Raises
    ------
    InputError
        If the placement is unknown, s is not positive, or accumulated noise has no stationary level.
    """
    if placement not in PLACEMENTS:
        raise InputError(f"placement = {placement!r}", f"one of {', '.join(PLACEMENTS)}", "choose one of these")
    if not (s > 0 and math.isfinite(s)):
        raise InputError(f"s = {s!r}", "a standard deviation above 0", "give a positive number")
    if placement == "gradient":
        return s / tau_stationary(rate, lambda_, 1.0)
    if placement == "iterates":
        return s * rate / tau_stationary(rate, lambda_, 1.0)
    return s
