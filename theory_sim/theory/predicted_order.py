"""The learning order that a predicted course shows, and how safely (THEORY §8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from theory_sim.theory.closure import Closure
from theory_sim.theory.crossings import LEVELS, Order, learning_time, oscillated
from theory_sim.theory.shown_times import shown_learning_time

__all__ = [
    "EXPECTED", "Ended", "OrderPrediction", "Requirement", "judge", "log_margin", "order_requirements", "order_warnings",
    "say_order", "without_times",
]  # fmt: skip

EXPECTED: Final[Mapping[str, Order]] = {"L-S": "P first", "S": "Q first"}
"""What the theorem says of each schedule of which it says anything."""
Ended = Literal["max_tau", "max_steps", "epsilon_2"]
"""Field that ends a run."""
_HOLDS, _THIN, _CLOSE = "holds", "holds, margin thin", "too close to call"
_UNORDERED = ("no examples", "diverged", "oscillated")

# Relative standard deviations: learning times over data sets (THEORY §13's table, at most 0.05 for
# Q and 0.08 for P) and the closure's own error (0.06; at most 0.07 measured, the limit's scatter
# included, docs/explanation/closure.md). Two of them are allowed for. The mean field's own error is far smaller; there is one
# rule for both, so that a search by the closure ends where the verdict holds.
_SCATTER_Q = 2.0 * math.hypot(0.05, 0.06)
_SCATTER_P = 2.0 * math.hypot(0.08, 0.06)
_SCATTER_RATIO = 2.0 * math.sqrt(0.05**2 + 0.08**2 + 0.06**2)
# Q's plateau under a large rate scatters by about 0.015 between data sets (THEORY §13's tables).
_SCATTER_LOSS = 0.03


@dataclass(frozen=True)
class Requirement:
    """What a safe order, or a sound simulation, asks of an experiment.

    Attributes
    ----------
    id : str
        What it is known by.
    label : str
        The requirement in words.
    slack : float
        Logarithm of the factor to spare: it is met exactly if that is not negative.
    """

    id: str
    label: str
    slack: float


@dataclass(frozen=True)
class OrderPrediction:
    """Predicted learning order of one schedule at infinite width.

    Attributes
    ----------
    schedule : {"S", "L-S"}
    order : {"Q first", "P first", "neither learnt", "no examples", "diverged", "oscillated"}
        Predicted at the level 0.45. There is none without examples of both kinds, where the run diverges, and where its steps
        overshoot (`theory_sim.theory.crossings.oscillated`).
    expected : {"Q first", "P first"}
        What the theorem says of the schedule.
    holds : bool
        Whether ``expected`` is predicted at every level.
    thin : bool
        Whether the scatter over data sets, the closure's error or the width could undo that verdict.
    margin : float
        Factor to spare of the tightest of `order_requirements`: at least 1 exactly where the order holds and is not thin.
    tau_Q, tau_P : dict
        Learning time for each level: the first crossing; infinity where there is none before the run ends, NaN where the
        run diverges or its steps overshoot, or the data hold no such examples.
    Q_loss_at_tau_P : float
        Q-only training loss when P-only is learnt (level 0.45), or at the end if it is not.
    Q_loss_end : float
        Q-only training loss at the end.
    annealed_tau, end_tau : float
        Time of annealing (NaN if never) and the run's last time.
    """

    schedule: str
    order: Order
    expected: Order
    holds: bool
    thin: bool
    margin: float
    tau_Q: dict[float, float]
    tau_P: dict[float, float]
    Q_loss_at_tau_P: float
    Q_loss_end: float
    annealed_tau: float
    end_tau: float

    @property
    def has_times(self) -> bool:
        """Whether learning times mean anything: not where the run diverges, or where its steps overshoot."""
        return self.order not in ("diverged", "oscillated")

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        if self.holds:
            return _THIN if self.thin else _HOLDS
        return _CLOSE if self.thin else "not as in the theorem"


def say_order(order: str, expected: str, verdict: str) -> str:
    """A predicted order in words, and how it compares with the theorem's; the arguments are those of `OrderPrediction`."""
    unsafe = ", but with a thin margin" if verdict == _THIN else ""
    if verdict in (_HOLDS, _THIN):
        return f"{order} is predicted, the theorem's order{unsafe}"
    close = f": {verdict}" if verdict == _CLOSE else ""
    if order == expected:
        return f"{order} is predicted at the level {LEVELS[0]}, but not at every level{close}"
    said = ("neither pattern is predicted to be learnt" if order == "neither learnt" else
            f"no order is predicted ({order})" if order in _UNORDERED else f"{order} is predicted")
    return f"{said}; the theorem's order is {expected}{close}"


def judge(course: Closure, schedule: str, deficit: float, *, stable_rate: float = math.inf) -> OrderPrediction:
    """Return the order that a closure's course shows, and how safely.

    ``deficit`` is the lazy deficit, by which finite width may delay Q; ``stable_rate`` the largest stable learning rate.
    """
    end = float(course.tau[-1])
    learnt_q, learnt_p, orders = {}, {}, []
    for level in LEVELS:
        learnt_p[level], learnt_q[level], order = _at_level(course, level, stable_rate)
        orders.append(order)
    expected = EXPECTED[schedule]
    unordered = any(order in _UNORDERED for order in orders)
    holds = all(order == expected for order in orders)
    slack = -math.inf if unordered else min(each.slack for each in order_requirements(course, schedule, deficit))
    thin = slack < 0.0 if holds else not unordered and _could_hold(course, schedule)
    at_p = learnt_p[LEVELS[0]]
    never = math.isinf(at_p) or np.isnan(course.loss_P).all()
    q_loss = course.loss_Q[-1] if never else np.interp(at_p, course.tau, course.loss_Q)
    return OrderPrediction(
        schedule, orders[0], expected, holds, thin, math.exp(slack),
        learnt_q, learnt_p, float(q_loss), float(course.loss_Q[-1]), course.annealed_tau, end,
    )


def _at_level(course: Closure, level: float, stable_rate: float) -> tuple[float, float, Order]:
    """Learning times of P and Q at one level, and the order that they show."""
    losses = (course.loss_P, course.loss_Q)
    tau_p, tau_q = (learning_time(course.tau, loss, level) for loss in losses)
    if course.outcome == "diverged":
        return math.nan, math.nan, "diverged"
    missing = [bool(np.isnan(loss).all()) for loss in losses]
    if any(missing):
        tau_p, tau_q = (math.nan if none else tau for none, tau in zip(missing, (tau_p, tau_q), strict=True))
        return tau_p, tau_q, "no examples"
    if oscillated(course.tau, losses, course.rate, stable_rate=stable_rate, until=max(tau_p, tau_q)):
        return math.nan, math.nan, "oscillated"
    return tau_p, tau_q, _order(tau_p, tau_q)


def order_requirements(course: Closure, schedule: str, deficit: float) -> list[Requirement]:
    """By how much each requirement of a safe order holds, as the logarithm of a factor.

    Parameters
    ----------
    course : Closure
    schedule : {"S", "L-S"}
    deficit : float
        Lazy deficit, by which finite width may delay Q.

    Returns
    -------
    list of Requirement
        The theorem's order holds at every level, the allowed scatter included, exactly if every one is met. Slack is
        continuous in the course, but infinite once the other kind is not learnt by the end.
    """
    end = float(course.tau[-1])
    losses = {"P": course.loss_P, "Q": course.loss_Q}
    if course.outcome == "diverged" or any(np.isnan(loss).all() for loss in losses.values()):
        label = f"{schedule}: a run that does not diverge, on examples of both kinds"
        return [Requirement(f"{schedule}-has-an-order", label, -math.inf)]
    found = []
    p_first = EXPECTED[schedule] == "P first"
    kind, other = ("P", "Q") if p_first else ("Q", "P")
    spread = _SCATTER_P if p_first else _SCATTER_Q + deficit
    for level in LEVELS:
        first, second = (learning_time(course.tau, losses[each], level) for each in (kind, other))
        # Learnt exactly at the end and not learnt at all are one case, seen from two sides.
        missing = math.log(max(float(losses[kind][-1]) / level, 1.0)) if math.isinf(first) else 0.0
        first = min(first, end)
        latest = first * (1.0 + spread)
        label = f"{schedule}: {kind} is learnt by max_tau at {level:g}"
        found.append(Requirement(f"{schedule}-learns-{kind}-at-{level:g}", label, log_margin(end, latest) - missing))
        apart = math.inf if math.isinf(second) else log_margin(second, first * (1.0 + _SCATTER_RATIO + deficit))
        label = f"{schedule}: {other} is learnt after {kind} at {level:g}"
        found.append(Requirement(f"{schedule}-order-at-{level:g}", label, apart))
        # Where P is first, Q must stay unlearnt until the slowest data set allowed for has learnt P.
        if p_first:
            least = float(course.loss_Q[course.tau <= latest].min())
            label = f"{schedule}: Q's loss stays above {level:g} until P is learnt"
            found.append(Requirement(f"{schedule}-keeps-Q-at-{level:g}", label, log_margin(least, level + _SCATTER_LOSS)))
    return found


def log_margin(found: float, needed: float) -> float:
    """Logarithm of found / needed, neither of them negative; its sign is that of found - needed to the last digit."""
    if needed <= 0.0:
        return math.inf
    ratio = math.log(found / needed) if 0.0 < found and needed < math.inf else -math.inf
    return max(ratio, 0.0) if found >= needed else min(ratio, -1e-16)


def _could_hold(course: Closure, schedule: str) -> bool:
    """Whether the order would be predicted if both losses were off by the allowed scatter."""
    expected = EXPECTED[schedule]
    shift = _SCATTER_LOSS if expected == "P first" else -_SCATTER_LOSS
    return all(
        _order(
            learning_time(course.tau, course.loss_P, level + shift), learning_time(course.tau, course.loss_Q, level - shift)
        )
        == expected
        for level in LEVELS
    )


def _order(tau_p: float, tau_q: float) -> Order:
    if math.isinf(tau_p) and math.isinf(tau_q):
        return "neither learnt"
    return "P first" if tau_p < tau_q else "Q first"


def order_warnings(
    p: OrderPrediction, *, kept_tau_0: float | None = None, by: str = "closure", ended_by: Ended = "max_tau",
    moving: bool = True, requirements: Sequence[Requirement] = (),
) -> list[str]:
    """What puts a predicted order at stake, and what to move; nothing where it holds with a factor to spare.

    ``kept_tau_0`` is the level of the start's noise that a larger eta_1 would move along, and must not; ``by`` is what
    predicted, in words; ``ended_by`` the field that ended the run, and ``moving`` whether patterns move. ``requirements`` are
    `order_requirements`: by them a margin that the run's end alone makes thin is known, and a longer run advised.
    """
    if not p.has_times:
        what = "diverges" if p.order == "diverged" else "has steps that overshoot"
        return [f"{p.schedule}: the {by} {what}; no order; lower the rate"]
    if p.order == "no examples":
        return [f"{p.schedule}: no examples of P-only, or of Q-only; no order; give p0 and q0 above 0"]
    if p.holds and not p.thin:
        return []
    how = {_THIN: "is predicted with a thin margin", _CLOSE: "is too close to call"}.get(p.verdict, "is not predicted")
    return [f"{p.schedule}: predicted {_predicted_times(p)}; the theorem's order, {p.expected} at every level, "
            f"{how} by the {by}; {_advice(p, kept_tau_0, ended_by, moving, requirements)}"]


def without_times(text: str, predicted: Iterable[OrderPrediction]) -> str:
    """A text that holds `order_warnings`, without the predicted times in them: for where a table has these."""
    for each in predicted:
        text = text.replace(f"predicted {_predicted_times(each)}; ", "")
    return text


def _predicted_times(p: OrderPrediction) -> str:
    """Both kinds' times, a level after the other; what ``>`` means, where one stands there."""
    levels = ", ".join(f"{level:.2f}" for level in p.tau_P)
    times = [f"{name} ({', '.join(shown_learning_time(tau, p.end_tau) for tau in learnt.values())})"
             for name, learnt in (("tau_P", p.tau_P), ("tau_Q", p.tau_Q))]
    missing = any(map(math.isinf, (*p.tau_P.values(), *p.tau_Q.values())))
    return f"{' and '.join(times)} at levels {levels}{' (>: not by the end of the run)' if missing else ''}"


def _advice(
    p: OrderPrediction, kept_tau_0: float | None, ended_by: Ended, moving: bool, requirements: Iterable[Requirement]
) -> str:
    """What to move; of an order that holds, the run's end alone where nothing else makes its margin thin.

    Whether the margin is wide in a longer run is not known here: what is learnt after this one's end would have to be.
    """
    failing = [each.id for each in requirements if each.slack < 0.0]
    late = [each for each in failing if each.startswith(f"{p.schedule}-learns-")] if p.holds else []
    longer = f"{p.expected[0]} is learnt too near the run's end: {'lower' if ended_by == 'epsilon_2' else 'raise'} {ended_by}"
    if late and late == failing:
        return longer
    return f"{_what_to_move(p, kept_tau_0, ended_by, moving)}{f'; and {longer}' if late else ''}"


def _what_to_move(p: OrderPrediction, kept_tau_0: float | None, ended_by: Ended, moving: bool) -> str:
    first, second = (p.tau_P, p.tau_Q) if p.expected == "P first" else (p.tau_Q, p.tau_P)
    swapped = any(second[level] < first[level] for level in first)
    if not swapped and any(map(math.isinf, first.values())):
        at_loss, of_q = ended_by == "epsilon_2", ["r"] if p.expected == "Q first" else []
        moves = {"raise": of_q if at_loss else [*of_q, ended_by], "lower": ["epsilon_2", "lambda"] if at_loss else ["lambda"]}
        return ", or ".join(f"{verb} {' or '.join(names)}" for verb, names in moves.items() if names)
    if p.expected == "Q first":
        return "raise r or d, lower eta_2, or several of these"
    if not moving:
        return "set patterns = 'moving': it is moving patterns that keep Q from being learnt"
    kept = "" if kept_tau_0 is None else f" with tau_0 = {kept_tau_0:.3g}, its present value,"
    return f"lower r, raise lambda, raise eta_1{kept} or several of these".replace("eta_1 or", "eta_1, or")
