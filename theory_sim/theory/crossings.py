"""When a loss is first below a level, when it is above it again, and whether steps overshot (THEORY §13).

The one definition of "learnt": the learning order of runs, the closure's predictions, studies and figures all read it here.
Numbers in, numbers out; nothing here knows of experiments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from theory_sim.arrays import Array

__all__ = ["HYSTERESIS", "LEVELS", "OVERSHOOT", "AboveAgain", "Order", "above_again", "learning_time", "oscillated"]

Order = Literal["P first", "Q first", "tie", "neither learnt", "no examples", "diverged", "oscillated"]
"""Which of the two patterns is learnt first, of a run or of a prediction."""
LEVELS: Final = (0.45, 0.50, 0.55)
"""Mean training losses, nats, at which an order is read: the first decides, and the order is robust if the others agree."""
HYSTERESIS: Final = 0.01
"""By how much, nats, a loss must rise beyond a level to count as above it again: a fifth of the distance between two levels."""
OVERSHOOT: Final = 0.001
"""By how much, nats, a kind's loss must exceed that of no output at all to be an overshoot: far above rounding (1e-6)."""


@dataclass(frozen=True)
class AboveAgain:
    """What a loss did after it was first below a level, as far as it was recorded.

    Attributes
    ----------
    tau : float
        Time at which it first rose above the level again, interpolated; infinity if it did not by the last record.
    duration : float
        For how long it was above again, all such stretches added up, to the last record.
    at_end : bool
        Whether it is above at the last record.
    """

    tau: float
    duration: float
    at_end: bool


def learning_time(tau: Array, loss: Array, level: float) -> float:
    """Time at which a loss is first below a level.

    It depends on nothing after the crossing: a longer run has the same.

    Parameters
    ----------
    tau : ndarray, (records,)
        Increasing learning-rate times.
    loss : ndarray, (records,)
        Losses, nats; not-a-number is not below.
    level : float
        Level, nats.

    Returns
    -------
    float
        Interpolated linearly between the last record at or above the level and the first one below; infinity if there is none
        below.

    Examples
    --------
    >>> learning_time(np.array([0.0, 10.0, 20.0, 30.0]), np.array([0.7, 0.5, 0.3, 0.6]), 0.45)
    12.5
    """
    below = np.flatnonzero(loss < level)
    if not below.size:
        return math.inf
    return float(tau[0]) if below[0] == 0 else _crossing(tau, loss, int(below[0]), level)


def above_again(tau: Array, loss: Array, level: float, *, hysteresis: float = HYSTERESIS) -> AboveAgain:
    """When, and for how long, a loss was above a level again after it was first below.

    A stretch above the level counts if the loss exceeds the level by more than ``hysteresis`` within it, so that the jitter of
    mini-batches about the level is none; it lasts from crossing to crossing of the level itself.

    Parameters
    ----------
    tau, loss, level
        As of `learning_time`.
    hysteresis : float
        `HYSTERESIS` for the logistic loss.

    Returns
    -------
    AboveAgain
        Infinite, 0 and false where the loss was never below.

    Examples
    --------
    >>> above_again(np.array([0.0, 10.0, 20.0, 30.0]), np.array([0.7, 0.3, 0.5, 0.6]), 0.4)
    AboveAgain(tau=15.0, duration=15.0, at_end=True)
    """
    first, duration, at_end = math.inf, 0.0, False
    below = loss < level
    turns = np.flatnonzero(below[1:] != below[:-1]) + 1  # records that lie on the other side than the one before
    for place, start in enumerate(turns):
        if below[start]:
            continue
        last = place + 1 == len(turns)
        end = len(loss) if last else int(turns[place + 1])
        if not np.all(loss[start:end] <= level + hysteresis):  # not-a-number counts as above
            rose = _crossing(tau, loss, int(start), level)
            fell = float(tau[-1]) if last else _crossing(tau, loss, end, level)
            first, duration, at_end = min(first, rose), duration + fell - rose, last
    return AboveAgain(first, duration, at_end)


def oscillated(
    tau: Array, losses: Sequence[Array], rates: Array, *, stable_rate: float, until: float = math.inf,
    at_zero: float = math.log(2),
) -> bool:
    """Whether gradient descent overshot: beyond its largest stable rate, and visibly.

    Beyond that rate outputs change sign from step to step and a kind's loss rises above that of no output at all, log 2, or
    above where it began; a crossing between two such steps says nothing of what is learnt. A rate beyond it alone is not
    enough: it holds near zero output, and a run at 1.05 times the rate may be smooth (THEORY §13: 64 ran, 96 oscillated).
    Nor is a high loss alone: mini-batches and noise outputs raise it too.

    Parameters
    ----------
    tau : ndarray, (records,)
        Increasing learning-rate times.
    losses : sequence of ndarray, (records,)
        Mean loss of each kind of example, nats.
    rates : ndarray, (records,)
        Learning rate of the step that leaves each record.
    stable_rate : float
        The largest stable learning rate (`theory_sim.theory.conditions.stable_rate`).
    until : float
        Records after this time do not matter: the later of the two learning times, infinity if a kind is not learnt.
    at_zero : float
        Loss of no output at all, l(0): log 2 for the logistic loss.

    Returns
    -------
    bool
        Whether, in records up to ``until``, a rate exceeds the stable one and a loss exceeds both l(0) and its first value by
        more than `OVERSHOOT`, or is not a number.
    """
    seen = tau <= until
    if not np.any(rates[seen] > stable_rate):
        return False
    return any(not np.all(loss[seen] <= max(float(loss[0]), at_zero) + OVERSHOOT) for loss in losses)


def _crossing(tau: Array, loss: Array, after: int, level: float) -> float:
    """Time at which the loss crosses the level between a record and the one before; the later one if that is not a number."""
    before = after - 1
    step = loss[before] - loss[after]
    share = (loss[before] - level) / step if np.isfinite(step) and step != 0 else 1.0
    return float(tau[before] + share * (tau[after] - tau[before]))
