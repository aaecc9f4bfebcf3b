"""Which kind is learnt first, read off a Trajectory (the decision rule is in docs/reference/trajectory.md).

A kind is learnt at the first tau, interpolated between records, at which its mean training loss is below the level: nothing
that comes later changes it. P is read from P-only examples, Q from Q-only ones. Differences below one record interval are
ties.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np

from theory_sim.errors import InputError
from theory_sim.reading.arguments import accepts
from theory_sim.reading.html import html_table
from theory_sim.storage.plain import make_plain
from theory_sim.theory.crossings import HYSTERESIS, LEVELS, AboveAgain, Order, above_again, learning_time, oscillated
from theory_sim.theory.shown_times import shown_learning_time
from theory_sim.train.losses import Loss, make_loss
from theory_sim.train.stability import stable_rate_of
from theory_sim.trajectory import Trajectory

__all__ = [
    "LearningOrder", "LevelOrder", "has_patterns", "learning_order", "order_of_patterns", "require_level", "times_by_kind",
]

_KINDS: Final = ("P-only", "Q-only")
_NEVER: Final = AboveAgain(math.inf, 0.0, False)


@dataclass(frozen=True)
class LevelOrder:
    """Learning times at one level of the loss.

    Attributes
    ----------
    level : float
        Mean training loss below which a kind counts as learnt, in the unit of the run's own loss (nats of the logistic one).
    logistic_level : float
        The logistic loss at the same margin, nats: 0.45, 0.50 or 0.55, or what was asked for.
    tau_P, tau_Q : float
        Learning times of the first and the second group; infinity where not learnt by ``censored_at``, NaN of a kind without
        examples and where the run has no order (diverged, oscillated).
    order : str
        "P first", "Q first", "tie" or "neither learnt"; "no examples" of one of the kinds; "diverged" or "oscillated", of a
        run that has no order. Of other groups than P-only and Q-only with the group's name: "hard first".
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
    logistic_level: float
    tau_P: float
    tau_Q: float
    order: str
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
        Learning times at the asked level; infinity means not learnt by ``censored_at``, NaN that the kind has no examples or
        the run no order.
    order : str
        As `LevelOrder.order`.
    robust : bool
        Whether one group is first or there is a tie, and it is the same at every level of ``levels``.
    levels : tuple of LevelOrder
        The asked level first, then 0.45, 0.50 and 0.55 (of the logistic loss) where they differ from it.
    censored_at : float
        Last tau recorded.
    """

    tau_P: float
    tau_Q: float
    order: str
    robust: bool
    levels: tuple[LevelOrder, ...] = field(repr=False)
    censored_at: float

    def _repr_html_(self) -> str:
        """Table for a notebook: a row a level."""
        rows = [(each.level, *(shown_learning_time(tau, self.censored_at) for tau in (each.tau_P, each.tau_Q)), each.order,
                 each.other_loss) for each in self.levels]
        return html_table("Learning order", ("level", "tau_P", "tau_Q", "order", "other's loss then"), rows,
                          [f"{self.order}{', robust' if self.robust else ', not robust'}; last record at tau = "
                           f"{self.censored_at:g}"])

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
        A run of any engine.
    level : float
        Mean training loss below which a kind counts as learnt, in (0, log 2). With another loss than the logistic one it names
        the margin at which the logistic loss is the level; a kind is learnt below the run's own loss at that margin.
    groups : pair of str
        Kinds of the run's examples whose times are compared, by default those of the P/Q mixture, P-only and Q-only. Times and
        losses of the first have the names of P, those of the second the names of Q; the order has the groups' own.

    Raises
    ------
    InputError
        If the level is outside (0, log 2): log 2 is the loss of a network that outputs nothing; or the run has no such groups,
        as data other than the P/Q mixture have no P and Q.

    Examples
    --------
    >>> from theory_sim import Experiment, learning_order, simulate
    >>> run = simulate(Experiment(schedule="S"), "closure")
    >>> found = learning_order(run)
    >>> found.order, found.robust, round(found.tau_Q), round(found.tau_P)
    ('Q first', True, 412, 765)
    """
    require_level(level)
    groups = _require_groups(trajectory, tuple(groups))
    return _order_of(tuple(_at_level(trajectory, each, groups) for each in dict.fromkeys((level, *LEVELS))), trajectory)


def has_patterns(trajectory: Trajectory) -> bool:
    """Whether a run's data have the kinds P-only and Q-only, of which an order is read."""
    return set(_KINDS) <= set(trajectory.dataset["kind"].values.tolist())


def order_of_patterns(trajectory: Trajectory) -> LearningOrder:
    """As `learning_order`; the order of data without P and Q is "no examples", its times are NaN."""
    if has_patterns(trajectory):
        return learning_order(trajectory)
    loss = make_loss(trajectory.experiment)
    return _order_of(tuple(_without_order(loss, level, "no examples") for level in LEVELS), trajectory)


def times_by_kind(trajectory: Trajectory, *, level: float = LEVELS[0]) -> dict[str, float]:
    """Learning time of each kind of a run's examples, whatever law the data have.

    Parameters
    ----------
    trajectory, level
        As for `learning_order`.

    Returns
    -------
    dict
        Time by kind; infinity where not learnt by the last record, NaN of a kind without examples, and of every kind where the
        run diverged or its steps overshot before all were learnt.
    """
    require_level(level)
    kinds = tuple(trajectory.dataset["kind"].values.tolist())
    times, fault = _times(trajectory, _of_groups(trajectory, "loss_train", kinds), level)
    return dict.fromkeys(times, math.nan) if fault else times


def _require_groups(trajectory: Trajectory, groups: tuple[str, ...]) -> tuple[str, str]:
    kinds = trajectory.dataset["kind"].values.tolist()
    if groups == _KINDS and not has_patterns(trajectory):
        fix = (f"name two of them: groups=({', '.join(map(repr, kinds[:2]))})" if len(kinds) > 1
               else "theory_sim.observe.learning_order.times_by_kind(run) gives the time of each kind")
        raise InputError(f"a run of data_law = {trajectory.experiment.data_law!r}, whose data have no P and Q but the "
                         f"kind{'s' if len(kinds) > 1 else ''} {', '.join(kinds)}",
                         "an order of two kinds of examples, by default P-only and Q-only", fix)
    if len(set(groups)) != 2 or not set(groups) <= set(kinds):
        raise InputError(f"groups = {groups!r}", f"two kinds of the run: {', '.join(kinds)}", "choose two of these")
    first, second = groups
    return first, second


def _order_of(levels: tuple[LevelOrder, ...], trajectory: Trajectory) -> LearningOrder:
    first, tau = levels[0], trajectory.dataset["tau"].values
    ordered = first.order == "tie" or first.order.endswith(" first")
    return LearningOrder(first.tau_P, first.tau_Q, first.order, len({each.order for each in levels}) == 1 and ordered, levels,
                         float(tau[-1]) if len(tau) else 0.0)


def _times(
    trajectory: Trajectory, losses: dict[str, Any], level: float
) -> tuple[dict[str, float], Literal["diverged", "oscillated"] | None]:
    """Learning time of each kind, and why the run has none, if so."""
    tau, loss = trajectory.dataset["tau"].values, make_loss(trajectory.experiment)
    own_level = loss.at_level(level)
    times = {kind: math.nan if np.isnan(of_kind).all() else learning_time(tau, of_kind, own_level)
             for kind, of_kind in losses.items()}
    if trajectory.dataset.attrs.get("outcome") == "diverged":
        return times, "diverged"
    present = [of_kind for of_kind in losses.values() if not np.isnan(of_kind).all()]
    over = oscillated(tau, present, trajectory.history("rate"), stable_rate=stable_rate_of(trajectory.experiment),
                      until=max((time for time in times.values() if not math.isnan(time)), default=math.inf),
                      at_zero=loss.at_zero)
    return times, "oscillated" if over else None


def _at_level(trajectory: Trajectory, level: float, groups: tuple[str, str]) -> LevelOrder:
    tau = trajectory.dataset["tau"].values
    losses, accuracies = (_of_groups(trajectory, name, groups) for name in ("loss_train", "accuracy_train"))
    loss = make_loss(trajectory.experiment)
    own_level = loss.at_level(level)
    times, fault = _times(trajectory, losses, level)
    tau_P, tau_Q = times.values()
    if any(np.isnan(of_kind).all() for of_kind in losses.values()):  # a kind that the data do not hold has no order
        first_tau = min((time for time in (tau_P, tau_Q) if not math.isnan(time)), default=math.nan)
        return replace(_without_order(loss, level, "no examples"), tau_P=tau_P, tau_Q=tau_Q, first_tau=first_tau)
    if fault is not None:
        return _without_order(loss, level, fault)
    first_tau = min(tau_P, tau_Q)
    if math.isinf(first_tau):
        return replace(_without_order(loss, level, "neither learnt"), tau_P=tau_P, tau_Q=tau_Q, first_tau=first_tau)
    interval = float(np.diff(tau)[max(0, int(np.searchsorted(tau, first_tau)) - 1)]) if len(tau) > 1 else 0.0
    own, other = groups if tau_P <= tau_Q else groups[::-1]
    order = "tie" if abs(tau_P - tau_Q) < interval else f"{own.removesuffix('-only') if groups == _KINDS else own} first"
    return LevelOrder(
        own_level, level, tau_P, tau_Q, order, first_tau,
        float(np.interp(first_tau, tau, losses[other])),
        float(np.interp(first_tau, tau, accuracies[other])),
        float(np.interp(first_tau, tau, accuracies[own])),
        *(above_again(tau, losses[kind], own_level, hysteresis=_hysteresis(loss)) for kind in groups),
    )


def _of_groups(trajectory: Trajectory, name: str, groups: tuple[str, ...]) -> dict[str, Any]:
    """Histories of a variable by group; NaN for one that the run does not have."""
    found = trajectory.dataset[name].reindex(kind=list(groups))
    return {group: found.sel(kind=group).values for group in groups}


def _without_order(loss: Loss, level: float, order: Order) -> LevelOrder:
    return LevelOrder(loss.at_level(level), level, math.nan, math.nan, order, math.nan, math.nan, math.nan, math.nan)


def _hysteresis(loss: Loss) -> float:
    """The same share of the distance between two levels as `HYSTERESIS` is of the logistic loss's."""
    first, second = LEVELS[:2]
    return HYSTERESIS * ((loss.at_level(second) - loss.at_level(first)) / (second - first))
