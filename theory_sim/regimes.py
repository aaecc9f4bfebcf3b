"""Which pattern should a run learn first, and by how much: ``regime(experiment)``.

Two kinds of prediction stand side by side. The paper's rules (THEORY §8, §9) say where frozen and
moving patterns begin; the mean field of §16, or the finite-d closure where that cannot, says when each
kind is learnt. The order is judged by it, with the scatter over data sets allowed for.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from theory_sim.closure.names import IN_WORDS
from theory_sim.closure.of_experiment import get_closure
from theory_sim.closure.predicted import APPROXIMATE, Predicted, Predicting, predict
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.precision import finest_decay, float64_for, largest_noise
from theory_sim.reading.arguments import accepts
from theory_sim.reading.html import html_table
from theory_sim.scope import has_order, outside_of_theory, uncovered
from theory_sim.storage.plain import make_plain
from theory_sim.theory import learning_times as times
from theory_sim.theory.arc_cosine import RELU
from theory_sim.theory.closure import Closure
from theory_sim.theory.conditions import NOISE_OF_START, OF_ANY_RUN, PAIR_NEURONS, Condition, conditions, in_words
from theory_sim.theory.crossings import LEVELS
from theory_sim.theory.predicted_order import (
    OrderPrediction,
    Requirement,
    judge,
    log_margin,
    order_requirements,
    order_warnings,
    say_order,
)
from theory_sim.theory.separation import J, frozen_fraction, pattern_motion
from theory_sim.train.losses import make_loss
from theory_sim.train.optimisers import make_optimiser
from theory_sim.train.stability import knows_curvature, lengths_of_curvature, stable_rate_of

if TYPE_CHECKING:
    from theory_sim.closure.mean_field.scatter import Intervals

__all__ = ["Regime", "each_requirement", "get_conditions", "is_within_theory", "regime", "regime_of", "verdict_requirements"]

# Widths, of which the closure reads none: experiments that differ in them alone have one closure.
_ONE_WIDTH: Final = {"m_W": 2, "m_V": 2}


@dataclass(frozen=True)
class Regime:
    """Where an experiment stands in the parameter regime (THEORY §8, §9).

    Attributes
    ----------
    level : float
        Loss at which a kind counts as learnt.
    tau_Q, tau_P : float
        Closed-form learning times with frozen patterns (learning-rate time).
    Y_1, Y_2 : float
        Y(eta_1) and Y(eta_2): motion of the patterns within tau_Q, at the noise level tau_0.
    G_1, G_2 : float
        Factor by which that motion reduces the separation.
    rd, rd_needed : float
        r d, and the value from which S learns Q first: (c_Q/c_P)(1 - q0)/(1 - p0), about
        90 (1 - q0)/(1 - p0) for the paper's law of alpha.
    plateau : float
        J(r)/lambda: separation per unit residual that stationary moving patterns keep.
    lazy_deficit : float
        Share by which width m_V lowers the separation (THEORY §2).
    conditions : tuple of Condition
        THEORY §9 with value, threshold and margin.
    predicted_order : dict
        ``OrderPrediction`` for "S" and "L-S".
    schedule : str
        The experiment's own schedule.
    warnings : list of str
        What puts the predicted order or the simulation at stake: value found, rule, what to move.
    notes : list of str
        Conditions of the asymptotic theorem that fail without deciding the order.
    applies : bool
        Whether there is a prediction: the closed forms hold (`outside_of_theory`), and the schedule is S or L-S. If not, they
        are NaN, and of the conditions only those stand here that rest on none of them.
    order_warnings : dict
        Those of the warnings that are on the order of "S" or "L-S".
    engine : {"mean-field", "closure", ""}
        What gave the predicted orders and times; "" where nothing is predicted.
    instead : str
        Why it is the closure, where the mean field was asked for. Why nothing is predicted is one of the warnings.
    intervals : dict
        `Intervals` of "S" and "L-S": learning times at ``level`` and the error on fresh P examples at the end, each with the
        ends between which 95 % of single data sets have theirs. None of a run that diverges, or whose steps overshoot.
    """

    level: float
    tau_Q: float
    tau_P: float
    Y_1: float
    Y_2: float
    G_1: float
    G_2: float
    rd: float
    rd_needed: float
    plateau: float
    lazy_deficit: float
    conditions: tuple[Condition, ...]
    predicted_order: dict[str, OrderPrediction]
    schedule: str
    warnings: list[str]
    notes: list[str]
    applies: bool = True
    order_warnings: dict[str, list[str]] = field(default_factory=dict)
    engine: Predicting | Literal[""] = ""
    instead: str = ""
    intervals: dict[str, Intervals] = field(default_factory=dict)

    @property
    def by(self) -> str:
        """What gave the predicted numbers, in words: "mean field" or "closure"; "" where nothing is predicted."""
        return IN_WORDS[self.engine] if self.engine else ""

    @property
    def approximate(self) -> bool:
        """Whether the closure predicted, whose accuracy is measured apart."""
        return self.engine in APPROXIMATE

    @property
    def holds(self) -> bool:
        """Whether the theorem's order is predicted for both schedules and no warning is raised."""
        return not self.warnings

    def warnings_of(self, schedules: Collection[str]) -> list[str]:
        """Warnings without those on the order of other schedules than these."""
        others = [each for name, found in self.order_warnings.items() if name not in schedules for each in found]
        return [each for each in self.warnings if each not in others]

    def __repr__(self) -> str:
        orders = ", ".join(f"{name}: {each.order}" for name, each in self.predicted_order.items())
        failing = [each.id for each in self.conditions if not each.holds]
        by = f", by the {self.by}" if self.by else ""
        return f"Regime(holds={self.holds}, predicted=({orders}{by}), failing={failing}, warnings={len(self.warnings)})"

    def _repr_html_(self) -> str:
        """Table for a notebook: a row a condition, and the warnings."""
        rows = [(each.label, each.value, each.threshold, "holds" if each.holds else "FAILS", each.margin, each.role)
                for each in self.conditions]
        notes = [f"{name}: {say_order(each.order, each.expected, each.verdict)}{self._error(name)}"
                 for name, each in self.predicted_order.items()]
        if self.by:
            notes.append(f"Predicted by the {self.by}.{f' {self.instead}' if self.instead else ''} In brackets: 95 % of single "
                         "data sets.")
        return html_table("Regime", ("condition", "value", "bound", "", "factor to spare", "rests on it"), rows,
                          [*notes, *(f"warning: {each}" for each in self.warnings)])

    def _error(self, schedule: str) -> str:
        found = self.intervals.get(schedule)
        return f"; error on fresh P examples at the end: {found.P_error[-1].shown(in_words)}" if found else ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values (NaN and infinity become None)."""
        plain = make_plain({**asdict(self), "holds": self.holds})
        assert isinstance(plain, dict)
        return plain

    def table(self) -> list[dict[str, Any]]:
        """A row a condition: id, label, value, threshold, holds, margin, role, fix."""
        names = ("id", "label", "value", "threshold", "holds", "margin", "role", "fix")
        return [{name: getattr(each, name) for name in names} for each in self.conditions]


@accepts(experiment="Experiment", infinite_width="True or False", engine="a text")
def regime(experiment: Experiment, *, infinite_width: bool = False, engine: Predicting = "mean-field") -> Regime:
    """Predict the learning order of an experiment and check the conditions it rests on.

    Parameters
    ----------
    experiment : Experiment
        Any valid experiment. Predictions are for S and L-S with its rates.
    infinite_width : bool
        Judge a run of the limit: conditions on the widths do not apply.
    engine : {"mean-field", "closure"}
        What predicts. Where the mean field would take too many nodes it is the closure, and ``instead`` says so; where that
        cannot either, nothing is predicted, and a warning says why.

    Returns
    -------
    Regime
        Closed forms of THEORY §8, predictions of §16, conditions of §2 and §9. Takes about 0.5 s by the mean field and 0.1 s by
        the closure; what was predicted is kept. Where they do not apply, a warning names the field that is why.

    Raises
    ------
    InputError
        If the engine is not one of the two.

    Examples
    --------
    >>> from theory_sim import Experiment, regime
    >>> found = regime(Experiment(), engine="closure")
    >>> [condition.id for condition in found.conditions if not condition.holds]
    ['S-is-frozen', 'L-S-cannot-learn-Q', 'separation-kept', 'error-gap']
    """
    if engine not in IN_WORDS:
        raise InputError(f"engine = {engine!r}", f"one of {', '.join(map(repr, IN_WORDS))}", "leave it out")
    if not is_within_theory(experiment):
        return _without_theory(experiment, infinite_width)
    return regime_of(experiment, predict(experiment, engine), infinite_width=infinite_width)


def is_within_theory(experiment: Experiment) -> bool:
    """Whether the closed forms hold, and an order is looked for: S or L-S."""
    return not outside_of_theory(experiment) and has_order(experiment)


def regime_of(experiment: Experiment, found: Predicted, *, infinite_width: bool = False) -> Regime:
    """`regime` by courses that are known."""
    if not is_within_theory(experiment):
        return _without_theory(experiment, infinite_width)
    e, level, p0, tau_0 = experiment, LEVELS[0], experiment.p0_value, experiment.tau_0_value
    law = {"alpha_min": e.alpha_min, "alpha_max": e.alpha_max}
    rows = get_conditions(e)
    by_id = {c.id: c for c in rows}
    deficit = by_id["lazy-deficit"].value
    if infinite_width:
        deficit, rows = 0.0, tuple(c for c in rows if not c.of_width)
    time_q = times.tau_Q(level, r=e.r, p0=p0, **law)
    motion = [pattern_motion(eta, e.tau_xi, tau_0, e.r, time_q) for eta in (e.eta_1, e.eta_2)]
    predicted = {name: judge(course, name, deficit, stable_rate=stable_rate_of(e)) for name, course in found.courses.items()}
    kept = tau_0 if e.tau_0 == "stationary" else None
    of_order = {
        name: order_warnings(each, kept_tau_0=kept, by=found.by, ended_by=found.ended_by(e, name), moving=not e.frozen_patterns,
                             requirements=order_requirements(found.courses[name], name, deficit))
        for name, each in predicted.items()
    }
    warnings = [warning for each in of_order.values() for warning in each]
    warnings += [found.why_not] if found.why_not else []
    warnings += uncovered(e)
    warnings += [] if infinite_width else _decay_warnings(e)
    # What decides the order is judged by what is predicted; its rules of thumb are only noted.
    warnings += [_failed(c) for c in rows if not c.holds and c.role == "numerics"]
    notes = [_failed(c) for c in rows if not c.holds and c.role != "numerics"]
    return Regime(
        level=level, tau_Q=time_q, tau_P=times.tau_P(level, d=e.d, q0=e.q0, g0=e.g0),
        Y_1=motion[0], Y_2=motion[1],
        G_1=_reduction(motion[0]), G_2=_reduction(motion[1]),
        rd=e.r * e.d, rd_needed=by_id["S-learns-Q-first"].threshold,
        plateau=J(e.r) / e.lambda_ if e.lambda_ > 0 else math.inf,
        lazy_deficit=deficit, conditions=rows, predicted_order=predicted, schedule=e.schedule,
        warnings=warnings, notes=notes, order_warnings=of_order,
        engine=found.engine, instead=found.instead,
        intervals={name: found.intervals(e, name) for name, each in predicted.items() if each.has_times},
    )


def _without_theory(e: Experiment, infinite_width: bool) -> Regime:
    """Regime of an experiment to which the closed forms do not apply."""
    rows = tuple(c for c in get_conditions(e) if c.id in OF_ANY_RUN and not (infinite_width and c.of_width))
    warnings = uncovered(e) + ([] if infinite_width else _decay_warnings(e))
    if not knows_curvature(e):
        warnings.append("the largest stable rate and the output that the noise causes are not known for this network or data; "
                        "a run says if it diverges, and --observe sharpness (finite width) records the largest curvature")
    warnings += [_failed(c) for c in rows if not c.holds]
    return Regime(
        level=LEVELS[0], tau_Q=math.nan, tau_P=math.nan, Y_1=math.nan, Y_2=math.nan, G_1=math.nan, G_2=math.nan, rd=e.r * e.d,
        rd_needed=math.nan, plateau=math.nan, lazy_deficit=math.nan, conditions=rows, predicted_order={}, schedule=e.schedule,
        warnings=warnings, notes=[], applies=False,
    )


def _failed(c: Condition) -> str:
    return f"{c.label}: found {in_words(c.value)}, bound {in_words(c.threshold)}; {c.fix}"


@accepts(experiment="Experiment")
def get_conditions(experiment: Experiment) -> tuple[Condition, ...]:
    """Return the conditions of THEORY §9 for an experiment, with value, threshold and margin at the level 0.45.

    Of an experiment outside of the theory only those are returned that rest on no closed form of the learning times; with
    leaky ReLU or a linear network none of rounding either, whose size was measured on ReLU. There are none at all for other
    data than the P/Q mixture, or another network (`knows_curvature`), of which neither the curvature nor the output that the
    noise causes is known.
    """
    e = experiment
    if not knows_curvature(e):
        return ()
    rows = _all_conditions(e)
    if e.noise_neurons != e.neurons:
        rows = tuple(_of_split_pairs(row) for row in rows)
    if not e.of_theory:
        rows = tuple(row for row in rows if row.id != "noise-resolved")
    return tuple(row for row in rows if row.id in OF_ANY_RUN) if outside_of_theory(e) else rows


def _all_conditions(e: Experiment) -> tuple[Condition, ...]:
    least, most = lengths_of_curvature(e)
    return conditions(
        d=e.d, kappa=e.kappa_value, p0=e.p0_value, q0=e.q0, g0=e.g0, r=e.r, alpha_min=least, alpha_max=most,
        m_V=e.m_V, neurons=e.noise_neurons, eta_1=e.eta_1, eta_2=e.eta_2, lambda_=e.lambda_, tau_xi=e.tau_xi,
        tau_0=e.tau_0_value, stability=make_optimiser(e).stability,
        level=LEVELS[0], dtype=e.dtype, tau_largest=largest_noise(e),
        rates=_rates(e), loss_curvature=make_loss(e).curvature_at_zero, constants=e.kernel_constants or RELU,
    )


def _rates(e: Experiment) -> dict[str, float]:
    """Rates of its steps; of S and L-S both have a say, since each is compared with the other."""
    return {"eta_1": e.eta_1, "eta_2": e.eta_2} if has_order(e) else e.rates()


def _of_split_pairs(row: Condition) -> Condition:
    """A condition on noise that pairs no longer cancel: they begin alike, and are balanced once their noises differ."""
    return replace(row, label=row.label.replace(NOISE_OF_START, "output noise once pairs' noises differ"),
                   fix=row.fix.replace(PAIR_NEURONS, "set preconditioner = 'pair'"))


def verdict_requirements(experiment: Experiment, *, fineness: float = 1.0) -> list[Requirement]:
    """Everything that `Regime.holds` asks of the parameters, each with its slack.

    Parameters
    ----------
    experiment : Experiment
        Its d and m_V may be real numbers. What the predictions do not cover (`uncovered`) is not looked at.
    fineness : float
        Of the closure: less than 1 is faster and coarser than what `regime` takes.

    Returns
    -------
    list of Requirement
        All are met exactly if `regime` raises no warning on an experiment that the predictions cover. The orders are left out
        where a rate times lambda is 1 or more: none is predicted there.

    Raises
    ------
    InputError
        If the closed forms do not apply to the experiment.
    """
    return list(each_requirement(experiment, fineness=fineness))


def each_requirement(experiment: Experiment, *, fineness: float = 1.0) -> Iterator[Requirement]:
    """One after the other, what `verdict_requirements` lists: the closure of a schedule is computed once it is asked for."""
    e, outside = experiment, outside_of_theory(experiment)
    if outside:
        raise InputError.of(outside)
    rows = get_conditions(e)
    yield from (Requirement(c.id, c.label, log_margin(c.margin, 1.0)) for c in rows if c.role == "numerics")
    for name, rate in e.rates().items():
        if rate * e.lambda_ > 0.0:
            yield Requirement(f"decay-resolved-{name}", f"{name} x lambda in {e.dtype}",
                              log_margin(rate * e.lambda_, finest_decay(e.dtype)))
    largest = max(e.eta_1, e.eta_2) * e.lambda_
    yield Requirement("decay-below-one", "rate x lambda below 1", log_margin(1.0, math.nextafter(largest, math.inf)))
    if largest < 1.0:
        deficit = next(c.value for c in rows if c.id == "lazy-deficit")
        for schedule in ("L-S", "S"):
            yield from order_requirements(_course(_Asked.of(e, exact=fineness >= 1.0), schedule, fineness), schedule, deficit)


@dataclass(frozen=True)
class _Asked:
    """An experiment of one width, compared by what it holds: its own comparison validates, and warns of a real d."""

    text: str
    experiment: Experiment = field(compare=False)

    @classmethod
    def of(cls, e: Experiment, *, exact: bool) -> _Asked:
        # Kernels hold at any level of the noise (THEORY §6); where U_0 has that of tau_xi, this changes rounding alone.
        one_level = {} if exact or e.tau_0 != "stationary" or e.tau_xi == 0.0 else {"tau_xi": 1.0}
        narrow = e.model_copy(update={**_ONE_WIDTH, **one_level})
        return cls(repr(vars(narrow)), narrow)


@lru_cache(maxsize=32)
def _course(asked: _Asked, schedule: str, fineness: float) -> Closure:
    """The closure; a search asks for it again where it moves a field that the closure does not read."""
    return get_closure(asked.experiment, schedule, fineness=fineness, adds_up=fineness >= 1.0)


def _decay_warnings(e: Experiment) -> list[str]:
    finest = finest_decay(e.dtype)
    return [
        f"{field} x lambda = {rate * e.lambda_:.3g} in {e.dtype}: the decay 1 - rate x lambda is rounded to a multiple of "
        f"{finest / 100:.0e}, more than 0.5 % of it below {finest:.2g}; "
        f"{float64_for(e.dtype, rate * e.lambda_, finest_decay('float64'))}raise the rate or lambda"
        for field, rate in e.rates().items() if 0.0 < rate * e.lambda_ < finest
    ]


def _reduction(motion: float) -> float:
    return float(frozen_fraction(motion)) if math.isfinite(motion) else 0.0
