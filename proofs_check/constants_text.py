"""A report on an experiment's constants as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from proofs_check.constants import Arm, ConstantsReport
from theory_sim.closure.mean_field.scatter import STATED
from theory_sim.theory.closure.accuracy import out_of_range, stated, within
from theory_sim.theory.conditions import in_words
from theory_sim.theory.predicted_order import say_order, without_times

if TYPE_CHECKING:
    from rich.console import Group

    from theory_sim.closure.mean_field.scatter import Interval, Intervals

__all__ = ["heading", "places_table", "write_lines", "write_prediction"]


def heading(report: ConstantsReport, title: str = "") -> str:
    """Which experiment a report is of: its name, or the ``title`` given for it, and what the conditions turn on."""
    e = report.experiment
    values = {"d": e.d, "N": e.n_examples, "r": e.r, "lambda": e.lambda_, "eta_1": e.eta_1, "eta_2": e.eta_2,
              "tau_xi": e.tau_xi, "m_V": e.m_V}
    return f"{title or f'experiment {e.name}'}: {', '.join(f'{name} = {_shown(value)}' for name, value in values.items())}"


def places_table(name: str, varied: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Group:
    """The places of a sweep, a row each: what varies there, the factors to spare of both orders, and what fails."""
    from rich.console import Group
    from rich.markup import escape

    from theory_sim.terminal.regime_tables import shown_margin
    from theory_sim.terminal.sentence import Sentence
    from theory_sim.terminal.tables import headed_table

    margins = ("margin L-S", "margin S")
    table = headed_table(f"Where the mechanism applies, of the {len(rows)} places of {name}",
                         (", ".join(varied) or "place", "applies", *(key.removeprefix("margin ") for key in margins), "fails"))
    table.columns[-1].justify, table.columns[-1].no_wrap = "left", False
    for row in rows:
        place = ", ".join(_shown(row[field]) for field in varied)
        factors = ("-" if row[key] is None else shown_margin(row[key]) for key in margins)
        table.add_row(escape(place), "yes" if row["applies"] else "no", *factors, row["fails"].replace(" ", ", "))
    applying = sum(bool(row["applies"]) for row in rows)
    return Group(table, Sentence(f"The mechanism applies at {applying} of {len(rows)} places. L-S, S: factor to spare of the "
                                 "predicted order, above 1 where it is safe."))


def write_prediction(report: ConstantsReport) -> Iterator[str]:
    """Yield what is predicted of both schedules, a line each, by what, and the verdict."""
    judged = report.regime
    if report.arms:
        yield " ".join(filter(None, (judged.instead, f"By the {judged.by}; in brackets, where 95 % of single data sets lie:")))
    for arm in report.arms:
        found = report.intervals.get(arm.schedule)
        parts = [f"{arm.schedule}: {_order(arm)}"]
        if not judged.order_warnings.get(arm.schedule):  # the verdict has these warnings, and they have the times
            parts += [f"tau_{kind}: {_at_levels(times, spread)}" for kind, times, spread in _by_kind(arm, found)]
        if found:
            parts.append(f"error on P at the end: {found.P_error[-1].shown(in_words)}")
        yield "; ".join(parts)
    yield f"\n{report.verdict}"


def _by_kind(arm: Arm, found: Intervals | None) -> list[tuple[str, Mapping[float, float], Interval | None]]:
    spreads = (found.tau_P, found.tau_Q) if found else (None, None)
    return [("P", arm.tau_P, spreads[0]), ("Q", arm.tau_Q, spreads[1])]


def _order(arm: Arm) -> str:
    return say_order(arm.order, arm.expected, arm.verdict)


def _at_levels(times: Mapping[float, float], found: Interval | None = None) -> str:
    """Times at each level, the first with where single data sets have theirs."""
    (first, time), *rest = times.items()
    spread = ""
    if found is not None and math.isfinite(found.middle):
        spread = f" ({found.low:.0f} to {'the end' if math.isinf(found.high) else f'{found.high:.0f}'})"
    return ", ".join([f"{_time(time)} at {first:g}{spread}", *(f"{_time(other)} at {level:g}" for level, other in rest)])


def write_lines(report: ConstantsReport) -> Iterator[str]:
    """Yield what the report says besides the conditions, line by line, the verdict last."""
    judged, noise, samples = report.regime, report.noise, report.samples
    yield "\npattern motion"
    yield "  " + "; ".join(f"Y({name}) = {in_words(motion)}, G = {in_words(factor)}" for name, motion, factor in (
        ("eta_1", judged.Y_1, judged.G_1), ("eta_2", judged.Y_2, judged.G_2)))
    yield f"  lazy deficit at m_V: {in_words(judged.lazy_deficit)}"
    yield f"\nlearning times at loss {judged.level:g}, closed forms with frozen patterns"
    yield f"  tau_Q = {in_words(judged.tau_Q, '.4g')}, tau_P = {in_words(judged.tau_P, '.4g')}"
    if judged.instead:
        yield f"\n{judged.instead}"
    for arm in report.arms:
        yield from _write_arm(arm, report)
    if len(report.arms) == 2 and report.arms[0].test_error > 0:
        yield f"\nerror of S over that of L-S: {in_words(report.arms[1].test_error / report.arms[0].test_error)}"
    if report.arms:
        yield f"\n{stated() if judged.approximate else STATED}"
        outside = _outside(report)
        if outside:
            yield f"not measured at these parameters, outside the range: {', '.join(outside)}"
    yield "\nnoise under L-S (standard deviation, exact recursion)"
    annealed = f"at annealing {in_words(noise.at_annealing)}, at the end {in_words(noise.end)}"
    yield f"  start {in_words(noise.start)}, {annealed if noise.followed else noise.not_followed}"
    yield f"  stable level of eta_1 {in_words(noise.stable_before)}, of eta_2 {in_words(noise.stable_after)}"
    if noise.followed:
        drop = f"{in_words(noise.decorrelation_before)}, then {in_words(noise.decorrelation_after)}"
        yield f"  decorrelation a unit of tau, at annealing: {drop}"
    yield "\nexamples"
    yield f"  P-only {samples.P_only:.0f}: averaging them errs on {_value(samples.error_P_only)} of fresh P examples"
    yield f"  holding P {samples.holding_P:.0f}: averaging them errs on {_value(samples.error_holding_P)}"
    yield f"  an error of 1 % needs: at least {samples.needed:.0f}; averaging has it with {samples.enough:.0f}"
    yield f"  holding Q {samples.holding_Q:.0f}: a direction is missing with probability {samples.Q_unseen:.2g}"
    yield f"\n{without_times(report.verdict, judged.predicted_order.values())}"


def _write_arm(arm: Arm, report: ConstantsReport) -> Iterator[str]:
    """One schedule: order, times, Q's loss and the error, each with what is known of its accuracy."""
    judged, found = report.regime, report.intervals.get(arm.schedule)
    yield f"\n{arm.schedule}, {judged.by} at infinite width: {_order(arm)}"

    def near(quantity: str) -> str:
        return f" ({within(quantity)})" if judged.approximate else ""

    for kind, times, spread in reversed(_by_kind(arm, found)):
        yield f"  tau_{kind}: {_at_levels(times, spread)}{near(f'tau_{kind}')}"
    learnt = math.isfinite(next(iter(arm.tau_P.values())))
    then = f"{_value(arm.Q_loss_at_tau_P)} when P is learnt" if learnt else "P is not learnt"
    yield f"  Q-only loss: {then}; {_value(arm.Q_loss_end)} at the end{near('loss')}"
    error = found.P_error[-1].shown(in_words) if found else "-"
    yield f"  error on fresh P examples at the end {error}{near('P_error')}"


def _shown(value: object) -> str:
    return in_words(value, ".4g") if isinstance(value, float) else str(value)


def _value(number: float) -> str:
    return "-" if math.isnan(number) else in_words(number)


def _outside(report: ConstantsReport) -> list[str]:
    e = report.experiment
    return out_of_range(d=e.d, kappa=e.kappa_value, q0=e.q0, g0=e.g0, r=e.r, lambda_=e.lambda_, eta_1=e.eta_1,
                        max_tau=e.max_tau)  # fmt: skip


def _time(time: float) -> str:
    return "-" if math.isnan(time) else "not by the end" if math.isinf(time) else f"{time:.0f}"
