"""Test errors of runs at equal training loss: at its end a run has got as far as its rate lets it, which compares nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory_sim.trajectory import Trajectory

__all__ = ["error_at_loss"]


def error_at_loss(run: Trajectory, loss: float, *, kind: str | None = None) -> float:
    """Error on fresh P examples when a run's training loss first falls to a value.

    Parameters
    ----------
    run : Trajectory
        With ``P_error``, which every engine records of the P/Q mixture.
    loss : float
        Training loss, in nats; records on both sides of it are interpolated, the error by its logarithm.
    kind : str, optional
        Kind of examples whose mean loss is meant, such as "P-only"; without it that of all.

    Returns
    -------
    float
        Error, a probability (THEORY §10); NaN if the loss is never so low, or at the first record already.

    Examples
    --------
    >>> from theory_sim import Experiment, simulate
    >>> run = simulate(Experiment(d=100, max_tau=400.0), "closure")
    >>> 0.0 < error_at_loss(run, 0.55) < error_at_loss(run, 0.65) < 0.5
    True
    """
    values = run.history("train_loss") if kind is None else run.history("loss_train", kind=kind)
    reached = np.flatnonzero(values <= loss)
    if not len(reached) or reached[0] == 0:
        return math.nan
    at = slice(int(reached[0]) - 1, int(reached[0]) + 1)
    with np.errstate(divide="ignore"):
        logs = np.log(run.history("P_error")[at])
    share = (values[at][0] - loss) / (values[at][0] - values[at][1])
    return float(np.exp(logs[0] + share * (logs[1] - logs[0])))
