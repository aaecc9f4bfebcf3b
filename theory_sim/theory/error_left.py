"""The error left on fresh P for S, which has only the P-only examples to learn it from (THEORY §10, §13).

Once S has learnt Q, examples that hold both patterns no longer act on x_1, and p_0 N = d/2 P-only examples are left; L-S
learns P from all (1 - q_0) N = (1 - q_0) d/kappa^2 examples that hold it. The numbers here are those of d to infinity, for
classifiers trained on the one set or the other and on nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from theory_sim.errors import InputError
from theory_sim.theory.max_margin import max_margin
from theory_sim.theory.overlap import P_error, averaging_overlap
from theory_sim.theory.ridge_logistic import ridge_logistic_at_loss

__all__ = ["LOSSES", "ErrorLeft", "error_left", "examples_per_dimension"]

LOSSES = (0.45, 0.1)
"""Training losses at which logistic regression is looked at: the level of the learning order, and a low one."""


@dataclass(frozen=True)
class ErrorLeft:
    """Errors on fresh P examples of one classifier, trained on fewer or on more examples.

    Attributes
    ----------
    classifier : str
        Averaging, max-margin, or logistic regression with ridge at a training loss.
    P_only : float
        Trained on the P-only examples: what S is left with.
    P_holding : float
        Trained on all examples that hold P.
    """

    classifier: str
    P_only: float
    P_holding: float

    @property
    def ratio(self) -> float:
        """How many times larger the first is."""
        return self.P_only / self.P_holding if self.P_holding > 0.0 else math.inf


def examples_per_dimension(*, kappa: float, p0: float, q0: float) -> tuple[float, float]:
    """Return n / d of the P-only examples, p_0/kappa^2, and of all that hold P, (1 - q_0)/kappa^2 (THEORY §1).

    Raises
    ------
    InputError
        If kappa is not positive, p_0 not positive, q_0 negative, or p_0 + q_0 > 1.

    Examples
    --------
    >>> from theory_sim.theory.error_left import examples_per_dimension
    >>> examples_per_dimension(kappa=0.5, p0=0.125, q0=0.3)
    (0.5, 2.8)
    """
    if not 0.0 < kappa < math.inf:
        raise InputError(f"kappa = {kappa:g}", "0 < kappa < infinity: N = d/kappa^2", "use kappa = 0.5")
    if not (p0 > 0.0 and q0 >= 0.0 and p0 + q0 <= 1.0):
        raise InputError(f"p0 = {p0:g}, q0 = {q0:g}", "p0 > 0, q0 >= 0 and p0 + q0 <= 1: shares of the examples, some P-only",
                         "use p0 = kappa^2/2 and q0 = 0.3")
    return p0 / kappa**2, (1.0 - q0) / kappa**2


def error_left(
    *, kappa: float, p0: float, q0: float, g0: float = 1.0, losses: Sequence[float] = LOSSES
) -> tuple[ErrorLeft, ...]:
    """Return what each classifier is left with after the P-only examples alone, and after all that hold P.

    Parameters
    ----------
    kappa, p0, q0, g0 : float
        Fields of an experiment.
    losses : sequence of float
        Mean training losses, in nats, of logistic regression with ridge; the ridge differs between the two sets.

    Returns
    -------
    tuple of ErrorLeft
        Averaging, logistic regression at each loss, max-margin (THEORY §10, d to infinity).

    Raises
    ------
    InputError
        If a share, kappa, g_0 or a loss lies outside of its range.

    Examples
    --------
    >>> from theory_sim.theory.error_left import error_left
    >>> averaging = error_left(kappa=0.5, p0=0.125, q0=0.3)[0]
    >>> averaging.classifier, round(averaging.P_only, 4), round(averaging.ratio)
    ('averaging', 0.0279, 286)
    """
    sizes = examples_per_dimension(kappa=kappa, p0=p0, q0=q0)
    largest = max_margin(sizes, g0)  # first: it refuses a g_0 out of range
    overlaps = {"averaging": [averaging_overlap(delta, 1, g0) for delta in sizes]}  # n/d alone enters
    for loss in losses:
        overlaps[f"logistic, ridge, loss {loss:g}"] = [ridge_logistic_at_loss(delta, loss, g0).overlap for delta in sizes]
    overlaps["max-margin"] = largest.overlap.tolist()
    return tuple(ErrorLeft(name, *(float(error) for error in P_error(c, g0))) for name, c in overlaps.items())
