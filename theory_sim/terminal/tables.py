"""Terminal tables of runs; numbers come from elsewhere, this file only lays them out."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from theory_sim.experiment.choices import LOSSES
from theory_sim.statistics.intervals import CONFIDENCE, Interval, share_interval
from theory_sim.sweeps.over_seeds import ScheduleSummary
from theory_sim.terminal.sentence import Sentence
from theory_sim.theory.conditions import in_words
from theory_sim.theory.crossings import LEVELS
from theory_sim.theory.shown_times import shown_beyond, shown_learning_time, shown_time

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Column


__all__ = [
    "HeadedTable", "broken_name", "headed_table", "headline", "order_tables", "shown_level", "shown_mean_time",
    "summary_tables",
]

_COLUMNS: Final = 2
_HEADING: Final = 12
"""Letters of a heading above numbers; a longer one is broken between its words."""
_WIDEST: Final = 24
"""Letters of a cell of which two, and the longest name of a quantity, fit into 80 columns."""
_AT_END: Final = ("kernel_error", "spatial_error", "time_error", "seconds")
"""What the limit says of its own accuracy, and the time that it took."""
_GAP: Final = 2
"""Columns between two of a table: its padding, and the edge between them."""
FEWEST_SEEDS: Final = 3
"""Of fewer a table shows the range: the interval of two values is several times as wide, and says nothing."""
_NEVER: Final = {"tau": math.inf}
_MOST_LAYERS: Final = 8
_NAME: Final = 20
"""Letters of an experiment's name side by side."""
_MEANINGS: Final = {
    "loss_train": "mean training loss of the examples of a kind at the end",
    "loss_test": "the same of fresh examples",
    "error_test": "share of wrong signs on the fresh examples of all seeds; [exact interval], given the networks",
    "P_error": "exact error on fresh P examples of the linear part of the signal on x_1",
    "tau_noise": "standard deviation of the accumulated noise of a layer; recursion: what it is on average",
    "pattern_shift": "largest number of patterns by which the signal moved a neuron near a kink; below 1 in the lazy regime",
    "kernel_error": "largest error of the compressed kernel arcsin(rho cos theta)",
    "spatial_error": "root mean square, over probe patches, of what the mean over pairs leaves out of an output",
    "time_error": "sum of the estimated errors of an output by adaptive steps",
    "seconds": "time that a run took, mean (range)",
}


class HeadedTable(Table):
    """A table that is wider than the terminal rather than that it breaks or drops a part of a cell.

    Its heading, a plain text, is broken at the terminal's width, not at its own.
    """

    heading: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.heading:
            yield Sentence(self.heading, style="bold")
        needed = sum(_least_width(column) for column in self.columns) + _GAP * (len(self.columns) - 1)
        if needed > options.max_width:
            options = options.update(width=needed)
        yield from super().__rich_console__(console, options)


def _least_width(column: Column) -> int:
    """Columns that the longest word of a column takes, or of one without breaks its longest line."""
    texts = [Text.from_markup(str(cell)).plain for cell in (column.header, *column.cells)]
    return max(len(part) for text in texts for part in (text.split("\n") if column.no_wrap else text.split() or [""]))


def headed_table(title: str, columns: Sequence[str]) -> Table:
    """A table with a title, which takes the terminal's width, and named columns, the first of them to the left.

    Only the first column's lines are broken where there is no room; a column of texts may be given that, too (``no_wrap``).
    What stands in another column is broken where it has a line's end, so that no number and no interval is. Where even that is
    too much, the table is wider than the terminal.
    """
    table = HeadedTable(header_style="bold", box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, _GAP - 1, 0, 0))
    table.heading = title
    for i, column in enumerate(columns):
        lines = [column] if i == 0 else textwrap.wrap(column, _HEADING, break_long_words=False, break_on_hyphens=False)
        table.add_column(escape("\n".join(lines)), justify="left" if i == 0 else "right", overflow="fold", no_wrap=i > 0)
    return table


def broken_name(name: str, room: int) -> str:
    """A name in lines of a table's cell, broken behind its hyphens, and within what is longer than a line without one."""
    lines = [""]
    for part in re.findall(f"[^-]{{,{room - 1}}}-|[^-]{{1,{room}}}", name):
        if lines[-1] and len(lines[-1]) + len(part) > room:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def shown_mean_time(interval: Interval, last: float) -> str:
    """Mean, interval and censored runs, a line each: side by side they do not fit a terminal."""
    if interval.n == 0:
        of = f"\n({interval.censored} of {interval.censored})" if interval.censored > 1 else ""
        return f"{shown_beyond(last)}{of}" if interval.censored else "-"
    text = shown_time(interval.value) + _spread(interval, "\n", shown_time)
    if interval.censored:
        text += f"\n{interval.censored} not by {shown_time(last)}"
    return text


def _number(interval: Interval, separator: str = " ") -> str:
    if interval.n == 0:
        return "-"
    return in_words(interval.value) + _spread(interval, separator)


def _spread(interval: Interval, separator: str, shown: Callable[[float], str] = in_words) -> str:
    """The interval; of so few seeds that it would say nothing, the range, in other brackets."""
    if 1 < interval.n < FEWEST_SEEDS and interval.largest > interval.smallest:
        return f"{separator}({shown(interval.smallest)}-{shown(interval.largest)})"
    if interval.n >= FEWEST_SEEDS and interval.high > interval.low:
        return f"{separator}[{shown(interval.low)}, {shown(interval.high)}]"
    return ""


def order_tables(summaries: Sequence[ScheduleSummary]) -> Group:
    """Of `summary_tables` what tells the order: learning times, seed by seed, and how many seeds learnt what first."""
    return Group(_learning_times(summaries, _span_of(summaries)), Text(""), _orders(summaries), Text(""), *_notes(summaries),
                 *(Sentence(headline(summary)) for summary in summaries))


def _span_of(summaries: Sequence[ScheduleSummary], interval: str = "Student interval") -> str:
    """Over what a table's numbers are means; an engine that computes averages draws no data set, and knows no seed."""
    seeds = [len(summary.seeds) for summary in summaries if not summary.averages]
    n = max(seeds, default=0)
    many = f"mean (range) over {n} seeds" if n < FEWEST_SEEDS else f"mean [{CONFIDENCE:.0%} {interval}] over {n} seeds"
    of_seeds = ["one seed" if n == 1 else many] if seeds else []
    return "; ".join([*of_seeds, *(["means over data sets"] if len(seeds) < len(summaries) else [])])


def summary_tables(summaries: Sequence[ScheduleSummary], *, verbose: bool = False) -> Group:
    """Learning times, orders seed by seed, and the state at the end, for each schedule; of data without P and Q by kind.

    ``verbose``: with what the quantities at the end mean.
    """
    span = _span_of(summaries)
    of_patterns = bool(summaries[0].orders)
    tables = [_learning_times(summaries, span), _orders(summaries)] if of_patterns else _times_by_kind(summaries, span)
    at_end = _span_of(summaries, "interval")
    # A few columns a table: more would not be readable in a terminal.
    ends = [part for i in range(0, len(summaries), _COLUMNS) for part in (_ends(summaries[i : i + _COLUMNS], at_end), Text(""))]
    notes = [Sentence(f"{name}: {text}") for name, text in (_MEANINGS if verbose else {}).items()
             if any(name == key.partition(" ")[0] for s in summaries for key in s.end)]
    notes += _notes(summaries)
    headlines = [Sentence(headline(summary)) for summary in summaries if summary.orders]
    return Group(*(part for table in tables for part in (table, Text(""))), *ends, *notes, *headlines)


def _notes(summaries: Sequence[ScheduleSummary]) -> list[Sentence]:
    """What the levels are of another loss, which kind was above its level again, and what the engine says."""
    notes = [line for summary in summaries for line in _above_again(summary)]
    if not LOSSES[summaries[0].loss].in_theory:
        notes.insert(0, f"Levels are those of the {summaries[0].loss} loss at the margins at which the logistic loss is "
                        f"{_either(LEVELS)}.")
    return [Sentence(note) for note in (*notes, *dict.fromkeys(summary.note for summary in summaries)) if note]


def _learning_times(summaries: Sequence[ScheduleSummary], span: str) -> Table:
    times = headed_table(f"Learning times in tau, {span}",
                         (_level_head(summaries), "tau_P", "tau_Q", "other's loss then",
                          "its accuracy" if all(summary.averages for summary in summaries) else "its accuracy (range)"))
    for summary in summaries:
        last = summary.end["tau"].smallest
        for level, row in sorted(summary.levels.items()):
            times.add_row(f"{_label(summary)}  {shown_level(level)}",
                          *(shown_mean_time(row[name], last) for name in ("tau_P", "tau_Q")),
                          _number(row["other_loss"], "\n"), _range(row["other_accuracy"]))
    return times


def _times_by_kind(summaries: Sequence[ScheduleSummary], span: str) -> list[Table]:
    """A line a kind: there may be any number, of any names."""
    times = headed_table(f"Learning times in tau, {span}", (_level_head(summaries), "kind", "tau"))
    heads = (_seed_head(summaries), "kind", "tau", "annealed", "end")
    seeds = headed_table(f"Learning times at {_first_level(summaries)}", heads)
    for summary in summaries:
        for level, row in sorted(summary.levels.items()):
            for kind in summary.kinds:
                times.add_row(f"{_label(summary)}  {shown_level(level)}", escape(kind),
                              shown_mean_time(row[f"tau {kind}"], summary.end["tau"].smallest))
        for each in summary.per_seed:
            for kind in summary.kinds:
                seeds.add_row(_of_seed(summary, each), escape(kind),
                              shown_learning_time(each[f"tau {kind}"], each["final_tau"]), *_end_cells(each))
    return [times, seeds]


def shown_level(level: float) -> str:
    """A level of a loss: two digits as 0.45 has, three if it is not so round."""
    return f"{level:.2f}" if math.isclose(level, round(level, 2), rel_tol=1e-9) else f"{level:.3g}"


def _label(summary: ScheduleSummary) -> str:
    """What a summary is of, in lines that leave room for numbers."""
    return "\n".join(filter(None, [broken_name(summary.experiment, _NAME), summary.way]))


def _of_seed(summary: ScheduleSummary, row: Mapping[str, Any]) -> str:
    """What a row of one seed is of; averages are of none."""
    return _label(summary) if summary.averages else f"{_label(summary)}  {row['seed']}"


def _seed_head(summaries: Sequence[ScheduleSummary]) -> str:
    return "schedule" if all(summary.averages for summary in summaries) else "schedule, seed"


def _level_head(summaries: Sequence[ScheduleSummary]) -> str:
    loss = summaries[0].loss
    return "schedule, loss level" if LOSSES[loss].in_theory else f"schedule, level of the {loss} loss"


def _first_level(summaries: Sequence[ScheduleSummary]) -> str:
    return shown_level(next(iter(summaries[0].levels)))


def _either(levels: Sequence[float], word: str = "and") -> str:
    *others, last = (shown_level(level) for level in levels)
    return f"{', '.join(others)} {word} {last}"


def _above_again(summary: ScheduleSummary) -> list[str]:
    """One line a kind that was learnt and above the level again later."""
    lines = []
    for kind in "PQ":
        found = [above for row in summary.per_seed if math.isfinite((above := row.get(f"above_{kind}", _NEVER))["tau"])]
        if found:
            since, lasted = (_span([above[name] for above in found]) for name in ("tau", "duration"))
            lines.append(f"{summary.label}: {kind} was learnt and its loss above {_first_level([summary])} again later on "
                         f"{len(found)} of {len(summary.seeds)} seeds, from tau = {since} on, for {lasted} in all, at the end "
                         f"on {sum(above['at_end'] for above in found)}; such runs count as learnt")
    return lines


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.0f}", f"{max(values):.0f}"
    return low if low == high else f"{low} to {high}"


def headline(summary: ScheduleSummary) -> str:
    """What a reader takes home: how many seeds learnt what first, with the exact interval of that share."""
    n = len(summary.seeds)
    if summary.averages:
        return f"{summary.label}: {next(iter(summary.orders))}{'' if summary.robust else ', not robust'} (means over data sets)"
    order, count = max(summary.orders.items(), key=lambda item: item[1])
    if order == "no examples":
        return f"{summary.label}: no order: there are no P-only or no Q-only examples on {count} of {n} seed{'s' * (n > 1)}"
    share = share_interval(count, n)
    return (f"{summary.label}: {order} on {count} of {n} seed{'s' if n > 1 else ''} (exact {CONFIDENCE:.0%} interval of the "
            f"share: {share.low:.2f} to {share.high:.2f}); robust at three levels on {summary.robust} of {n}{_lazy(summary)}")


def _lazy(summary: ScheduleSummary) -> str:
    shift = summary.end.get("pattern_shift V")
    if shift is None or not shift.largest >= 1:
        return ""
    return (f"\nwarning: {summary.label} is not in the lazy regime: the signal moved {shift.largest:.2g} patterns per V "
            "neuron near a kink; raise m_V, or tau_0 as far as `theory-sim check` allows")


def _range(interval: Interval) -> str:
    # A share near 1 has no normal interval: show what was seen.
    if interval.n == 0:
        return "-"
    span = f"\n({in_words(interval.smallest)}-{in_words(interval.largest)})" if interval.largest > interval.smallest else ""
    return f"{in_words(interval.value)}{span}"


def _orders(summaries: Sequence[ScheduleSummary]) -> Table:
    levels = list(summaries[0].levels)
    table = headed_table(f"Order at {shown_level(levels[0])}, and whether {_either(levels)} agree (robust)",
                   (_seed_head(summaries), "tau_P", "tau_Q", "order", "robust", "annealed", "end"))
    for summary in summaries:
        for row in summary.per_seed:
            last = row["final_tau"]
            table.add_row(
                _of_seed(summary, row),
                *(shown_learning_time(row[key], last) for key in ("tau_P", "tau_Q")),
                row["order"].removesuffix(" learnt"), "yes" if row["robust"] else "no", *_end_cells(row),
            )
    return table


def _end_cells(row: Mapping[str, Any]) -> tuple[str, str]:
    """When the rate fell, and how the run ended."""
    annealed = shown_time(row["annealed_tau"]) if math.isfinite(row["annealed_tau"]) else "-"
    return annealed, row["outcome"].replace("_", " ")


def _layers(summaries: Sequence[ScheduleSummary]) -> list[str]:
    """W, V and U; of a network recorded in a training loop its own, as many as a table can show."""
    prefix = "pattern_shift "
    found = dict.fromkeys(name.removeprefix(prefix) for summary in summaries for name in summary.end if name.startswith(prefix))
    return sorted(found, key="WVU".find)[:_MOST_LAYERS]


def _ends(summaries: Sequence[ScheduleSummary], span: str) -> Table:
    title = f"At the end of the run, {span}"
    table = headed_table(title, ("quantity", *map(_label, summaries)))
    wanted = ["tau", "train_loss"]
    wanted += [f"{name} {kind}" for name in ("loss_train", "loss_test", "error_test") for kind in summaries[0].kinds]
    layers = _layers(summaries)
    wanted += ["P_error"] if summaries[0].orders else []
    wanted += [*(f"tau_noise {layer}" for layer in layers), "tau_noise recursion"]
    wanted += [f"{name} {layer}" for name in ("tau_noise / recursion", "pattern_shift") for layer in layers]
    wanted += [name for name in _AT_END if any(name in summary.end for summary in summaries)]
    for name in wanted:
        cells = [summary.end.get(name) for summary in summaries]
        table.add_row(escape(name), *("-" if cell is None else _end_cell(name, cell) for cell in cells))
    return table


def _end_cell(name: str, cell: Interval) -> str:
    if name == "tau":
        return shown_mean_time(cell, cell.largest).replace("\n", " ")
    if name == "seconds":  # of the machine: no sample of anything
        return in_words(cell.value) + (f" ({in_words(cell.smallest)}-{in_words(cell.largest)})" if cell.n > 1 else "")
    text = _number(cell)
    return text if len(text) <= _WIDEST else _number(cell, "\n")
