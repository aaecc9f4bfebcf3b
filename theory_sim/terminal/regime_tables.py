"""Terminal tables of a regime: the theory's conditions, what is predicted and by what, and warnings."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from theory_sim.terminal.sentence import Sentence
from theory_sim.terminal.tables import headed_table
from theory_sim.theory.conditions import Condition, in_words
from theory_sim.theory.predicted_order import say_order, without_times
from theory_sim.theory.shown_times import shown_learning_time, shown_time

if TYPE_CHECKING:
    from theory_sim.regimes import Regime

__all__ = ["VERBOSE_HINT", "conditions_table", "order_lines", "regime_table", "shown_factor", "shown_margin"]

_COMPUTED: Final = (
    "The predicted order is computed, not read off these rules: one that FAILS for paper or gap does not change it."
)
_FACTORS: Final = (
    "x3: holds with a factor 3 to spare; x0.4: FAILS, value and bound are apart by a factor 0.4. What it is for: order, the "
    "learning order; paper, the asymptotic theorem, sufficient but not needed; gap, the gap in test error; numerics, the "
    f"soundness of the simulation. {_COMPUTED}"
)
_ROLES: Final = (
    "for: order, the learning order; paper, the asymptotic theorem, sufficient but not needed; gap, the gap in test error; "
    f"numerics, the simulation's soundness. {_COMPUTED} r: half the distance between Q's outer points. §: sections of the "
    "documentation's page on the theory, which explains the symbols."
)
_PREDICTED: Final = (
    "equations for the mean over data sets, at infinite width. tau: the sum of the learning rates of all steps "
    "before; a pattern is learnt when its mean training loss first falls below the level."
)
VERBOSE_HINT: Final = "--verbose says what each condition means, and what to change where one fails"


def conditions_table(regime: Regime, *, verbose: bool = False) -> Group:
    """The conditions, a line each; ``verbose``: with what each means, and what is meant by a factor."""
    table = headed_table("Regime (THEORY §8, §9)", ("condition", "value", "bound", "", "factor", "for"))
    table.columns[-1].justify = "left"
    for each in regime.conditions:
        formula, _, meaning = each.label.partition(": ")
        name = f"{formula}\n  {meaning}".rstrip() if verbose else formula
        table.add_row(name, in_words(each.value), in_words(each.threshold), "holds" if each.holds else "FAILS",
                      shown_margin(each.margin), each.role)
    return Group(table, Sentence(_FACTORS if verbose else _ROLES))


def shown_factor(condition: Condition) -> str:
    """Whether a condition holds, and by what factor."""
    return f"{'holds' if condition.holds else 'FAILS'}, {shown_margin(condition.margin)}"


def shown_margin(margin: float) -> str:
    """A factor to spare, without powers of ten."""
    if math.isnan(margin):
        return "-"
    if not 1e-3 <= margin <= 1e3:
        return "x > 1000" if margin > 1.0 else "x < 0.001"
    return f"x{margin:.0f}" if margin >= 99.5 else f"x{margin:.2g}"


def regime_table(regime: Regime, *, verbose: bool = False) -> Group:
    """The conditions, what is predicted and warnings; ``verbose``: what they mean, closed forms and notes, too."""
    notes = [Sentence(f"note: {note}") for note in regime.notes]
    predicted = regime.predicted_order.values()
    warnings = [Sentence(f"warning: {without_times(warning, predicted)}", style="yellow") for warning in regime.warnings]
    closed = (f"Closed forms at loss {regime.level:g}: tau_Q = {shown_time(regime.tau_Q)} with frozen patterns, "
              f"tau_P = {shown_time(regime.tau_P)}; G(Y(eta_1)) = {regime.G_1:.2f}, G(Y(eta_2)) = {regime.G_2:.2f} "
              "(1 is frozen).")
    if not regime.applies:
        closed = "Nothing is predicted: see the warnings."
    more = [Sentence(closed), *notes] if verbose or not regime.applies else []
    return Group(conditions_table(regime, verbose=verbose), Text(""), *_prediction(regime), *more, *warnings,
                 *([] if verbose else [Sentence(VERBOSE_HINT)]))


def _prediction(regime: Regime) -> list[Table | Text]:
    """Learning times that are predicted, and by what; where single data sets have theirs; and the orders that follow."""
    if not regime.predicted_order:
        return []
    table = headed_table(f"Predicted by the {regime.by}, in tau", ("schedule, loss level", "tau_P", "tau_Q"))
    for name, each in regime.predicted_order.items():
        for level in each.tau_P:
            cells = (shown_learning_time(times[level], each.end_tau) for times in (each.tau_P, each.tau_Q))
            table.add_row(f"{name}  {level:.2f}", *cells)
    said = [Sentence(f"{regime.by.capitalize()}: {_PREDICTED}{f' {regime.instead}' if regime.instead else ''}")]
    return [table, Text(""), *said, Text(""), *_of_data_sets(regime), *map(Sentence, order_lines(regime))]


def _of_data_sets(regime: Regime) -> list[Table | Text]:
    """Where 95 % of single data sets have their learning times and errors; nothing where no run has any."""
    if not regime.intervals:
        return []
    table = headed_table(f"Where 95 % of single data sets lie, around the {regime.by}",
                         ("schedule", *(f"tau_{kind} at {regime.level:.2f}" for kind in "PQ"), "error on P at the end"))
    for name, each in regime.intervals.items():
        end = regime.predicted_order[name].end_tau
        times = (time.shown(partial(shown_learning_time, end=end), "\n") for time in (each.tau_P, each.tau_Q))
        table.add_row(name, *times, each.P_error[-1].shown(in_words, "\n"))
    return [table, Text("")]


def order_lines(regime: Regime, schedules: Collection[str] | None = None) -> list[str]:
    """The order that is predicted under each schedule, or of these alone, and the verdict on it."""
    return [f"{name}: {say_order(each.order, each.expected, each.verdict)}"
            for name, each in regime.predicted_order.items() if schedules is None or name in schedules]
