"""Predicted course of a run: what the closure returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from theory_sim.theory.closure.problem import Floats

__all__ = ["Closure", "End"]

End = Literal["reached_loss", "budget_spent", "diverged"]


@dataclass(frozen=True)
class Closure:
    """Predicted course of a run; arrays have shape (times,).

    Attributes
    ----------
    tau : ndarray
        Learning-rate time.
    step : ndarray of int
        Gradient steps taken.
    loss_P, loss_Q, loss_both, loss : ndarray
        Mean training loss of the P-only examples, the Q-only ones, those of both, and of all examples;
        NaN for a kind that the data do not hold.
    accuracy_P, accuracy_Q, accuracy_both : ndarray
        Share of right signs on training examples of each kind; NaN likewise.
    g_z, g_outer : ndarray
        Network output on z and on z +- zeta.
    signal : ndarray
        A: y f = A (g0 + |g|) on a fresh P example, up to interference.
    interference : ndarray
        Variance of what the other examples add to the output on a P patch.
    bias : ndarray
        What every output on a P patch has in common; 0 where it is dropped.
    overlap : ndarray
        Overlap A/sqrt(A^2 + B) of the signal's linear part with w* (NaN before the first step).
    level : ndarray
        Standard deviation tau_t of the accumulated noise.
    rate : ndarray
        Learning rate that leaves each time.
    annealed_tau : float
        Time of annealing, NaN if the rate never fell.
    outcome : {"reached_loss", "budget_spent", "diverged"}
        How the run ended, by the rules of the other engines.
    final_step, final_tau, final_loss : int, float, float
        Where it ended. A diverged run ends one block after its last record.
    """

    tau: Floats
    step: Floats
    loss_P: Floats
    loss_Q: Floats
    loss_both: Floats
    loss: Floats
    accuracy_P: Floats
    accuracy_Q: Floats
    accuracy_both: Floats
    g_z: Floats
    g_outer: Floats
    signal: Floats
    interference: Floats
    bias: Floats
    overlap: Floats
    level: Floats
    rate: Floats
    annealed_tau: float
    outcome: End
    final_step: int
    final_tau: float
    final_loss: float
