"""Terminal tables of sweeps: how far they are, what was learnt where, and comparisons."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from theory_sim.statistics.censored import MedianTime, median_time
from theory_sim.statistics.intervals import CONFIDENCE
from theory_sim.statistics.paired import LEAST_PAIRS, RESAMPLES
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.liveness import in_letters
from theory_sim.sweeps.outcomes import TIMES_BY_KIND
from theory_sim.sweeps.phase import PhaseDiagram
from theory_sim.sweeps.refinement import get_saved
from theory_sim.sweeps.status import SweepStatus
from theory_sim.terminal.sentence import Sentence
from theory_sim.terminal.tables import headed_table, shown_level
from theory_sim.theory.conditions import in_words
from theory_sim.theory.crossings import LEVELS
from theory_sim.theory.shown_times import shown_beyond, shown_time
from theory_sim.train.losses import make_loss

if TYPE_CHECKING:
    import pandas

__all__ = ["agreement_table", "comparison_table", "duration", "saved_lines", "status_line", "status_table", "summary_table"]

_MOST_ROWS: Final = 60
_EXAMPLES: Final = 3


def status_line(status: SweepStatus) -> str:
    """How far a sweep is, in one line."""
    parts = [f"{status.done} of {status.total} runs done"]
    parts += [f"{count} {name}" for name, count in (("running", status.running), ("failed", status.failed),
                                                   ("pending", status.pending)) if count]
    if status.pid is not None:
        left = "" if math.isnan(status.seconds_left) else f", about {duration(status.seconds_left)} left"
        workers = "one process" if status.slots == 1 else f"{status.slots} at a time"
        if status.elsewhere:
            parts.append(f"process {status.pid} on {in_letters(status.host or '')} has the lock, {workers}{left} if it still "
                         "runs, which cannot be told from this machine")
        else:
            parts.append(f"process {status.pid} is at it, {workers}{left}")
    elif status.stale:
        parts.append("the process that worked on it has died: theory-sim sweep resume continues")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def status_table(status: SweepStatus) -> Group:
    """The line, and below it the failures by their cause."""
    parts: list[Table | Text] = [Sentence(status_line(status))]
    if status.failures:
        table = headed_table("Failed runs by cause", ("cause", "runs", "first of them, and what it said"))
        table.columns[-1].justify, table.columns[-1].no_wrap = "left", False
        for cause, ids in sorted(status.failures.items(), key=lambda item: -len(item[1])):
            shown = ", ".join(ids[:_EXAMPLES]) + (", ..." if len(ids) > _EXAMPLES else "")
            said = status.examples[cause].strip().splitlines()
            text = "\n".join(said[:3]) if len(said) <= 3 else said[-1]
            table.add_row(escape(cause), str(len(ids)), escape(f"{shown}\n{text}"))
        parts.append(table)
    return Group(*parts)


def saved_lines(sweep: Sweep) -> list[str]:
    """Of an adaptive sweep, how much of the full grid it has; of another one nothing."""
    saved = get_saved(sweep)
    if saved is None:
        return []
    return [f"adaptive: {saved.points} of the {saved.full_points} points of the full grid, {saved.runs} of {saved.full_runs} "
            f"runs: {saved.share:.0%} saved"]


def summary_table(summary: Summary, *, most_rows: int = _MOST_ROWS) -> Group:
    """Order and learning times at the first level at each place of the sweep, over its seeds; of many places the first."""
    axes = [axis for axis in summary.sweep.axes() if not axis.is_seed]
    # A schedule's label has its fields.
    fields = [field for axis in axes for field in (
        [axis.name] if axis.is_schedule else axis.fields if len(axis) > 1 else [])]
    level = _level(summary.sweep)
    data = summary.dataset
    title = (f"Over the seeds, level {level}, {CONFIDENCE:.0%}: median times [exact interval], mean error (range)"
             if data.sizes["seed"] > 1 else f"One run a line, level {level}")
    one = data.sizes["seed"] == 1
    by_kind = TIMES_BY_KIND in data
    columns = ("kind", "tau", "error") if by_kind else ("order", "robust", "tau_P", "tau_Q", "error on P")
    table = headed_table(title, (", ".join(fields), "runs", *columns))
    rows = 0
    for place in itertools.product(*(range(len(axis)) for axis in axes)):
        at = data.isel({axis.name: i for axis, i in zip(axes, place, strict=True)})
        first = np.unique(at["run"].values, return_index=True)[1]  # seeds that share a run count once
        at = at.isel(seed=np.sort(first))
        at = at.isel(seed=np.flatnonzero(at["state"].values == "done"))
        rows += 1
        if rows > most_rows:
            continue
        label = ", ".join(_short(axis.points[i][k]) for axis, i in zip(axes, place, strict=True)
                          for k, field in enumerate(axis.fields) if field in fields and axis.points[i][k] is not None)
        if not at.sizes["seed"]:
            table.add_row(label, "0", *("-" for _ in columns))
            continue
        if by_kind:
            _add_kinds(table, label, at)
            continue
        ends = at["censored_at"].values
        times = [_median(median_time(at[name].isel(level=0).values, ends), float(ends.min())) for name in ("tau_P", "tau_Q")]
        orders = Counter(at["order"].isel(level=0).values.tolist()).most_common()
        robust = int(at["robust"].values.sum())
        counted = "\n".join(_two_lines(order) + ("" if one else f" {count}") for order, count in orders)
        table.add_row(label, str(at.sizes["seed"]), counted, ("no", "yes")[robust] if one else str(robust), *times,
                      _mean(at["P_error"].values))
    notes = [Sentence(f"{rows - most_rows} more rows in the summary's files")] if rows > most_rows else []
    return Group(table, *notes, *_above_again(data, level))


def _add_kinds(table: Table, label: str, at: Any) -> None:
    """A line a kind that any run of a place has, with its median time, and its mean error on fresh examples."""
    ends = at["censored_at"].values
    for kind in at["kind"].values:
        of_kind = at.sel(kind=kind)
        error = of_kind["error_test"].values
        if np.isnan(of_kind["loss_train"].values).all() and np.isnan(error).all():
            continue
        time = _median(median_time(of_kind[TIMES_BY_KIND].isel(level=0).values, ends), float(ends.min()))
        table.add_row(label, str(at.sizes["seed"]), escape(str(kind)), time, _mean(error))


def _two_lines(order: str) -> str:
    """An order, broken between its words where it is long."""
    return order.replace(" ", "\n") if len(order) > len("P first") else order


def _mean(error: Any) -> str:
    if np.isnan(error).all():  # the closure has no fresh examples
        return "-"
    span = f"\n{in_words(error.min(), '.2g')}\nto {in_words(error.max(), '.2g')}" if len(error) > 1 else ""
    return f"{in_words(error.mean(), '.2g')}{span}"


def _level(sweep: Sweep) -> str:
    """The first level: of the runs' own loss, with its name if it is not the logistic one, or of that one if losses differ."""
    losses = {run.experiment.loss: make_loss(run.experiment) for run in sweep}
    if len(losses) > 1:
        return f"{shown_level(LEVELS[0])} of the logistic loss, or of another loss that at the same margin"
    ((name, loss),) = losses.items()
    return f"{shown_level(loss.at_level(LEVELS[0]))} {'' if loss.unit == 'nat' else f'of the {name} loss'}".rstrip()


def _above_again(data: Any, level: str) -> list[Text]:
    """How many runs learnt a kind whose loss was above the level again later."""
    _, first = np.unique(data["run"].values, return_index=True)  # places that share a run count once
    done = data["state"].values.ravel()[first] == "done"
    lines: list[Text] = []
    for kind in "PQ":
        since = data[f"above_again_{kind}"].isel(level=0).values.ravel()[first][done]
        again = int(np.isfinite(since).sum())
        if again:
            lines.append(Sentence(
                f"{kind} was learnt and its loss above {level} again later in {again} of {len(since)} runs; they count as "
                f"learnt (above_again_{kind} in the summary's files)"))
    return lines


def comparison_table(frame: pandas.DataFrame, title: str, *, verbose: bool = False) -> Group:
    """Rows of `compare_sweep`; ``verbose``: with how the intervals and p-values are made."""
    places = list(frame.columns[: frame.columns.get_loc("estimate")])
    varied = [name for name in places if frame[name].nunique() > 1] or places[:1]
    medians = [str(name) for name in frame.columns if str(name).startswith("median ")]
    heads = (", ".join(map(str, varied)), "estimate [interval]", "larger in [share]", "p", "p (Holm)", *medians)
    table = headed_table(title, heads)
    for _, row in frame.iterrows():
        estimate = "-" if math.isnan(row["estimate"]) else in_words(row["estimate"], ".4g")
        if not math.isnan(row["low"]):
            estimate += f"\n[{in_words(row['low'], '.4g')}, {in_words(row['high'], '.4g')}]"
        larger = f"{round(row['larger'] * row['decided'])} of {row['decided']}" if row["decided"] else "none decided"
        larger += f"\n[{row['larger_low']:.2f}, {row['larger_high']:.2f}]"
        larger += f"\n{row['undecided']} undecided" if row["undecided"] else ""
        table.add_row(", ".join(_short(row[name]) for name in varied), estimate, larger,
                      in_words(row["p_value"], ".2g"), in_words(row["p_holm"], ".2g"),
                      *("not reached" if math.isinf(row[name]) else in_words(row[name], ".4g") for name in medians))
    notes = Sentence(
        f"Intervals at {CONFIDENCE:.0%} each: of differences bias-corrected and accelerated bootstrap from {LEAST_PAIRS} pairs "
        f"on ({RESAMPLES} resamples), of ratios Student's of their logarithms, exact for shares. p: exact sign test of the "
        f"decided pairs, adjusted over the {len(frame)} rows by Holm's rule. A pair of which one is censored is decided by "
        "the other; of which both are, undecided; then "
        "there is no estimate, but medians."
    )
    return Group(table, notes) if verbose else Group(table)


def agreement_table(diagram: PhaseDiagram) -> Group:
    """In how many cells predictions and runs, which may be the closure's own, agree."""
    table = headed_table("Cells in which prediction and runs agree",
                         ("prediction", "statement", "agree", "predicted only", "seen only"))
    for each in diagram.agreements:
        table.add_row(each.predictor, each.statement, f"{each.agree} of {each.cells}", str(each.predicted_only),
                      str(each.simulated_only))
    if diagram.seeds == 1:
        return Group(table)
    return Group(table, Sentence(
        f"A statement counts as seen in a cell if it holds on more than half of its {diagram.seeds} seeds."
    ))


def _median(found: MedianTime, last: float) -> str:
    def shown(value: float) -> str:
        return "-" if math.isnan(value) else shown_beyond(last) if math.isinf(value) else shown_time(value)

    span = "" if math.isnan(found.low) else f"\n[{shown(found.low)}, {shown(found.high)}]"
    return shown(found.median) + span


def _short(value: Any) -> str:
    return in_words(value, ".4g") if isinstance(value, float) else str(value)
