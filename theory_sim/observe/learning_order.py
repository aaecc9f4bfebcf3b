"""Which kind is learnt first, read off a Trajectory (the decision rule is in docs/trajectory.md).

A kind is learnt at the first tau, interpolated between records, at which its mean training loss is below the level: nothing
that comes later changes it. P is read from P-only examples, Q from Q-only ones. Differences below one record interval are
ties.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.reading.arguments import accepts
from theory_sim.storage.plain import make_plain
from theory_sim.theory.crossings import HYSTERESIS, LEVELS, AboveAgain, Order, above_again, learning_time, oscillated
from theory_sim.train.losses import Loss, make_loss
from theory_sim.train.stability import stable_rate_of
from theory_sim.trajectory import Trajectory

__all__ = ["LearningOrder", "LevelOrder", "learning_order", "require_level"]

_ORDERED: Final = ("P first", "Q first", "tie")
_KINDS: Final = ("P-only", "Q-only")
_NEVER: Final = AboveAgain(math.inf, 0.0, False)


@dataclass(frozen=True)
class LevelOrder:
    """Learning times at one level of the loss.

    Attributes
    ----------
    level : float
        Mean training loss below which a kind counts as learnt, nats. With another loss than the logistic one it names a margin:
        the kind is learnt below its own loss at the margin at which the logistic loss is the level.
    tau_P, tau_Q : float
        Learning times; infinity where not learnt by ``censored_at``, NaN where the run has no order (diverged, oscillated).
    order : str
        "P first", "Q first", "tie" or "neither learnt"; "no examples" of one of the kinds; "diverged" or "oscillated", of a
        run that has no order.
    first_tau : float
        Time of the first of the two, infinity if neither.
    other_loss, other_accuracy : float
        Training loss and share of right signs of the other kind at that time (NaN if neither is learnt).
    first_accuracy : float
        Share of right signs of the kind learnt first, at that time.
    above_P, above_Q : AboveAgain
        When, and for how long, the kind was above the level again after it was learnt, by the end of the run. Such a kind is
        learnt, not censored.
    """

    level: float
    tau_P: float
    tau_Q: float
    order: Order
    first_tau: float
    other_loss: float
    other_accuracy: float
    first_accuracy: float
    above_P: AboveAgain = _NEVER
    above_Q: AboveAgain = _NEVER


@dataclass(frozen=True)
class LearningOrder:
    """Order at the asked level, and whether the levels around it agree.

    Attributes
    ----------
    tau_P, tau_Q : float
        Learning times at ``level``; infinity means not learnt by ``censored_at``, NaN that the run has no order.
    order : str
        "P first", "Q first", "tie" or "neither learnt"; "no examples" of one of the kinds; "diverged" or "oscillated", of a
        run that has no order.
    robust : bool
        Whether the order is "P first", "Q first" or "tie", and the same at every level of ``levels``.
    levels : tuple of LevelOrder
        The asked level first, then 0.45, 0.50 and 0.55 where they differ from it.
    censored_at : float
        Last tau recorded.
    """

    tau_P: float
    tau_Q: float
    order: Order
    robust: bool
    levels: tuple[LevelOrder, ...]
    censored_at: float

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and numbers; infinities become None."""
        plain: dict[str, Any] = make_plain(asdict(self))
        return plain



def require_level(level: float) -> None:
    """Raise InputError unless 0 < level < log 2."""
    if not (isinstance(level, (int, float)) and 0 < level < math.log(2)):
        raise InputError(f"level = {level!r}", "0 < level < log 2, the loss of a zero output", "0.45 is the default")


@accepts(trajectory="Trajectory", level="a number", groups="a list of texts")
def learning_order(
    trajectory: Trajectory, *, level: float = LEVELS[0], groups: tuple[str, str] = _KINDS
) -> LearningOrder:
    """Learning times of P and Q and their order.

    A run that learns both has the same answer however much longer it continues; a run that diverged, or whose steps overshot
    before both were learnt (`theory_sim.theory.crossings.oscillated`), has none.

    Parameters
    ----------
    trajectory : Trajectory
        A run of either engine.
    level : float
        Mean training loss below which a kind counts as learnt, in (0, log 2). With another loss than the logistic one it names
        the margin at which the logistic loss is the level; a kind is learnt below the run's own loss at that margin.

    groups : pair of str
        Kinds of the run's examples that P and Q stand for in the answer; by default those of the P/Q mixture, P-only and
        Q-only. Of a run without those the order is "no examples".

    Raises
    ------
    InputError
        If the level is outside (0, log 2): log 2 is the loss of a network that outputs nothing; or the run has no such groups.
    """
    require_level(level)
    kinds = trajectory.dataset["kind"].values.tolist()
    if groups != _KINDS and not (len(groups) == 2 and set(groups) <= set(kinds)):
        raise InputError(f"groups = {groups!r}", f"two kinds of the run: {', '.join(kinds)}", "choose two of these")
    levels = tuple(_at_level(trajectory, each, groups) for each in dict.fromkeys((level, *LEVELS)))
    first = levels[0]
    tau = trajectory.dataset["tau"].values
    return LearningOrder(
        first.tau_P, first.tau_Q, first.order,
        len({each.order for each in levels}) == 1 and first.order in _ORDERED, levels,
        float(tau[-1]) if len(tau) else 0.0,
    )


def _at_level(trajectory: Trajectory, level: float, groups: tuple[str, str]) -> LevelOrder:
    tau = trajectory.dataset["tau"].values
    losses, accuracies = (_of_groups(trajectory, name, groups) for name in ("loss_train", "accuracy_train"))
    loss = make_loss(trajectory.experiment)
    own_level = loss.at_level(level)
    tau_P, tau_Q = (learning_time(tau, losses[kind], own_level) for kind in groups)
    first_tau = min(tau_P, tau_Q)
    order: Order
    if any(np.isnan(of_kind).all() for of_kind in losses.values()):  # a kind that the data do not hold has no order
        return LevelOrder(level, tau_P, tau_Q, "no examples", first_tau, math.nan, math.nan, math.nan)
    if trajectory.dataset.attrs.get("outcome") == "diverged":
        return _without_order(level, "diverged")
    if oscillated(tau, list(losses.values()), trajectory.history("rate"), stable_rate=stable_rate_of(trajectory.experiment),
                  until=max(tau_P, tau_Q), at_zero=loss.at_zero):
        return _without_order(level, "oscillated")
    if math.isinf(first_tau):
        return LevelOrder(level, tau_P, tau_Q, "neither learnt", first_tau, math.nan, math.nan, math.nan)
    interval = float(np.diff(tau)[max(0, int(np.searchsorted(tau, first_tau)) - 1)]) if len(tau) > 1 else 0.0
    if abs(tau_P - tau_Q) < interval:
        order = "tie"
    else:
        order = "P first" if tau_P < tau_Q else "Q first"
    own, other = groups if tau_P <= tau_Q else groups[::-1]
    return LevelOrder(
        level, tau_P, tau_Q, order, first_tau,
        float(np.interp(first_tau, tau, losses[other])),
        float(np.interp(first_tau, tau, accuracies[other])),
        float(np.interp(first_tau, tau, accuracies[own])),
        *(above_again(tau, losses[kind], own_level, hysteresis=_hysteresis(loss)) for kind in groups),
    )


def _of_groups(trajectory: Trajectory, name: str, groups: tuple[str, str]) -> dict[str, Any]:
    """Histories of a variable by group; NaN for one that the run does not have."""
    found = trajectory.dataset[name].reindex(kind=list(groups))
    return {group: found.sel(kind=group).values for group in groups}


def _without_order(level: float, order: Order) -> LevelOrder:
    return LevelOrder(level, math.nan, math.nan, order, math.nan, math.nan, math.nan, math.nan)


def _hysteresis(loss: Loss) -> float:
    """The same share of the distance between two levels as `HYSTERESIS` is of the logistic loss's."""
    first, second = LEVELS[:2]
    return HYSTERESIS * ((loss.at_level(second) - loss.at_level(first)) / (second - first))
