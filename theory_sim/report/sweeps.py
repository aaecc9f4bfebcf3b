"""What a report says of a sweep: how far it is, what was learnt where, and a row a run."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.errors import InputError, StoreError
from theory_sim.plots.phase_diagram import PHASE_COLOURS
from theory_sim.plots.style import COLOURS
from theory_sim.report.content import Block, Grid, Lines, Listing, Problem, Section, Series
from theory_sim.report.figures import Axis, Drawn, chart
from theory_sim.report.runs import LONG
from theory_sim.report.stores import problem_of
from theory_sim.report.tables import blocks_of
from theory_sim.statistics.intervals import CONFIDENCE, share_interval
from theory_sim.sweeps.collect import SUMMARY, Summary, collect
from theory_sim.sweeps.phase import PhaseDiagram, phase_diagram
from theory_sim.sweeps.phase_agreement import PHASES
from theory_sim.sweeps.phase_boundaries import MEANINGS, cell_edges
from theory_sim.sweeps.spacing import logarithmic
from theory_sim.sweeps.status import SweepStatus
from theory_sim.sweeps.store import SweepStore
from theory_sim.terminal.sweep_tables import agreement_table, saved_lines, status_line, status_table, summary_table
from theory_sim.theory.crossings import LEVELS
from theory_sim.theory.shown_times import shown_learning_time

if TYPE_CHECKING:
    import pandas

__all__ = ["check_runs", "describe_sweep", "environment_grid"]

_MARKERS: Final = ("circle", "square", "diamond", "hex", "star")
_LINES: Final = ("solid", "dashed", "dotted")
_FAR: Final = 1e3
_NOT_LEARNT: Final = "inverted_triangle"
_ALWAYS: Final = ("engine", "schedule", "seed")
_SHOWN: Final = 5
_TAU: Final = "learning-rate time tau"
_MOST_ROWS: Final = 10_000
_INTERVALS: Final = "Median learning times with their exact intervals over the seeds stand in the table of each place."


def describe_sweep(store: SweepStore) -> tuple[Section, list[Problem]]:
    """What a sweep shows, and what of it is damaged or not done.

    Parameters
    ----------
    store : SweepStore
        Nothing is written into it.
    """
    status = store.status()
    problems = list(check_runs(store, status))
    try:
        summary = _summary(store, status)
    except StoreError as error:
        summary = None
        problems = problems or [problem_of(store.folder, error)]
    name = store.sweep.name
    blocks: list[Block] = list(blocks_of(status_table(status)))
    blocks += [Lines(tuple(lines))] if (lines := saved_lines(store.sweep)) else []
    seen = [status_line(status)]
    if summary is not None and status.done:
        frame = summary.frame
        seen += _orders(frame, _averaging(summary), replicates=not _varied(summary))
        diagram, at = _diagram(summary)
        table = list(_searchable(summary_table(summary, most_rows=_MOST_ROWS)))
        seen += [_INTERVALS] if any("[" in cell for part in table if isinstance(part, Grid) for row in part.rows
                                    for cell in row[1:]) else []
        blocks += [*_figure(summary, frame, diagram, at), *table]
        if diagram is not None and diagram.agreements:
            blocks += blocks_of(agreement_table(diagram))
        blocks.append(_runs(summary, frame))
    blocks += [Listing(f"The sweep, as {name}.toml", store.sweep.to_toml()),
               Listing("Computes it again", shlex.join(["theory-sim", "sweep", "run", f"{name}.toml"])),
               environment_grid(store)]
    limits = _limits(status, summary)
    return Section(f"Sweep {name}", _asked(summary, store), seen, list(limits), blocks), problems


def check_runs(store: SweepStore, status: SweepStatus) -> Iterator[Problem]:
    """Runs that are damaged, failed or not done."""
    damaged = {id: found for id, state in store.states().items() if state == "done" and (found := store.damage_of(id))}
    again = f"theory-sim sweep resume {shlex.quote(str(store.folder))} computes them again"
    for found in list(damaged.values())[:_SHOWN]:
        yield Problem(str(store.folder), found, again, damaged=True)
    if len(damaged) > _SHOWN:
        yield Problem(str(store.folder), f"{len(damaged) - _SHOWN} more damaged runs", again, damaged=True)
    if status.done < status.total:
        yield Problem(str(store.folder), f"unfinished: {status_line(status)}",
                      f"theory-sim sweep resume {shlex.quote(str(store.folder))} continues it", damaged=False)


def environment_grid(store: SweepStore) -> Grid:
    """Versions with which the runs of a sweep were computed."""
    rows = [(str(name), str(value)) for name, value in store.manifest.environment.items()]
    return Grid("Computed with", ("library or machine", "version"), rows, folded=True)


def _summary(store: SweepStore, status: SweepStatus) -> Summary:
    """The stored summary, if it is of these runs, else a new one, which reads every run."""
    try:
        stored = Summary.load(store.folder / SUMMARY)
        if stored.sweep.table() == store.sweep.table() and _done(stored) == status.done:
            return stored
    except StoreError:
        pass
    return collect(store, save=False)


def _done(summary: Summary) -> int:
    data = summary.dataset
    return len(np.unique(data["run"].values[data["state"].values == "done"]))


def _varied(summary: Summary) -> list[str]:
    """Fields that a block of the sweep varies."""
    return [field for axis in summary.sweep.varied_axes() if len(axis) > 1 for field in axis.fields]


def _numbers(summary: Summary, frame: pandas.DataFrame) -> list[str]:
    return [name for name in _varied(summary) if frame[name].dtype.kind in "iuf"]


def _asked(summary: Summary | None, store: SweepStore) -> str:
    varied = _varied(summary) if summary is not None else []
    over = f", as {_listed(varied)} var{'ies' if len(varied) == 1 else 'y'}" if varied else ""
    schedules = [str(each) for each in summary.dataset["schedule"].values] if summary is not None else []
    under = f" under {' and '.join(schedules)}" if schedules else ""
    total = store.status().total  # places may share a run
    return f"What is learnt first{under}{over}, in {total} run{'s' * (total != 1)}?"


def _listed(words: list[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])


def _averaging(summary: Summary) -> set[str]:
    """Labels of the engines whose runs are means over data sets."""
    return {engine.label for engine in summary.sweep.engines if not engine.knows_seeds}


def _orders(frame: pandas.DataFrame, averaging: set[str], *, replicates: bool) -> Iterator[str]:
    """How many runs learnt what first; with exact intervals of the shares where nothing but the drawn data vary."""
    column = f"order {LEVELS[0]}"
    done = frame[frame["state"] == "done"].drop_duplicates("run")
    for (engine, schedule), rows in done.groupby(["engine", "schedule"], sort=False):
        means = engine in averaging
        counts = [(order or "no order", count, share_interval(count, len(rows)) if replicates and not means else None)
                  for order, count in Counter(rows[column]).most_common()]
        told = ", ".join(f"{order} on {count}" + (f" (share {share.low:.2f} to {share.high:.2f})" if share else "")
                         for order, count, share in counts)
        how = (", of means over data sets" if means else
               f", exact {CONFIDENCE:.0%} interval{'s' * (len(counts) > 1)}" if replicates else "")
        yield f"{schedule}, engine {engine}: {told} of {len(rows)} run{'s' * (len(rows) != 1)}{how}"


def _limits(status: SweepStatus, summary: Summary | None) -> Iterator[str]:
    if summary is not None and _varied(summary):
        yield "Runs at different places are no replicates: counts over the whole sweep have no interval."
    if summary is not None and (averaging := _averaging(summary)):
        which = f"Runs of the engine{'s' * (len(averaging) > 1)} {_listed(sorted(averaging))}"
        yield f"{which} are means over data sets, computed and not drawn: single data sets scatter about them."
    yield "What is learnt is not proved, and says nothing of parameters between and beyond those that were run."
    if status.done < status.total:
        yield f"{status.total - status.done} of {status.total} runs are missing."


def _searchable(part: Any) -> Iterator[Block]:
    for each in blocks_of(part):
        yield replace(each, filtered=True) if isinstance(each, Grid) and len(each.rows) > LONG else each


def _runs(summary: Summary, frame: pandas.DataFrame) -> Grid:
    """A row a place."""
    level = LEVELS[0]
    fields = [*_varied(summary), *_ALWAYS]
    times = [name for name in map(str, frame.columns) if name.startswith("tau_") and name.split(" ")[1:2] == [str(level)]]
    rest = [name for name in (f"order {level}", "robust", *times, "P_error", "outcome", "state") if name in frame]
    rows = []
    for row in frame[[*dict.fromkeys([*fields, *rest, "censored_at"])]].to_dict("records"):
        rows.append([shown_learning_time(row[name], row["censored_at"]) if name in times else _cell(row[name])
                     for name in (*fields, *rest)])
    return Grid("Every run", [*fields, *rest], rows, filtered=len(rows) > LONG, folded=len(rows) > LONG)


def _cell(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.4g}"
    return str(value)


def _diagram(summary: Summary) -> tuple[PhaseDiagram | None, str]:
    """Phase diagram over the first two fields that a product varies, where there is one; and of what slice it is."""
    fields = summary.sweep.adaptive
    numbers = [fields.x, fields.y] if fields is not None else _numbers(summary, summary.frame)
    if len(numbers) < 2:
        return None, ""
    others = {str(dim): values.values[0] for dim, values in summary.dataset.coords.items()
              if dim in ("engine", *numbers[2:]) and values.size > 1}
    at = ", ".join(f"{name} = {_cell(value)}" for name, value in others.items() if name != "engine")
    try:
        return phase_diagram(summary, numbers[0], numbers[1], select=others), at
    except InputError:  # not both schedules, or its blocks are no product
        return None, ""


def _figure(summary: Summary, frame: pandas.DataFrame, diagram: PhaseDiagram | None, at: str) -> Iterator[Block]:
    if diagram is not None:
        yield _cells(summary, diagram, at)
    else:
        yield from _times(summary, frame)


def _cells(summary: Summary, diagram: PhaseDiagram, at: str) -> Block:
    engine, *more = map(str, summary.dataset["engine"].values)
    one_of = f" (not shown: {_listed(more)})" if more else ""
    edges = [cell_edges(values) for values in (diagram.x, diagram.y)]
    counts = Counter(int(value) for value in diagram.values[~np.isnan(diagram.values)])
    drawn = []
    for phase in sorted(counts):
        rows, columns = np.nonzero(diagram.values == phase)
        drawn.append(Drawn(Series(PHASES[phase], PHASE_COLOURS[phase]), {
            diagram.x_label: diagram.x[columns], diagram.y_label: diagram.y[rows], "left": edges[0][columns],
            "right": edges[0][columns + 1], "bottom": edges[1][rows], "top": edges[1][rows + 1],
            "all seeds agree": ["yes" if each else "no" for each in diagram.unanimous[rows, columns]],
        }, how="cells"))
    drawn += _boundaries(diagram)
    seeds = f"{diagram.seeds} seed{'s' * (diagram.seeds > 1)} a cell"
    slice_ = f" at {at}, one slice of the sweep" if at else ""
    title = f"What is learnt first over {diagram.x_label} and {diagram.y_label}{slice_}, engine {engine}{one_of}, {seeds}"
    told = "; ".join(f"{PHASES[phase]} in {count} cell{'s' * (count != 1)}" for phase, count in sorted(counts.items()))
    lines = " Lines are the theory's boundaries." if any(each.how == "boundary" for each in drawn) else ""
    return chart(title, f"{title}: {told}.{lines} The tables below have every cell.", drawn, (
        Axis(diagram.x_label, logarithmic(diagram.x)), Axis(diagram.y_label, logarithmic(diagram.y))))


def _boundaries(diagram: PhaseDiagram) -> Iterator[Drawn]:
    """Predicted boundaries that cross the diagram."""
    for number, each in enumerate(diagram.boundaries):
        margin = np.nan_to_num(each.margin, nan=np.nan, neginf=-_FAR, posinf=_FAR)
        if np.nanmin(margin) < 0 < np.nanmax(margin):
            series = Series(f"predicted: {MEANINGS[each.id]}", COLOURS["noise"], _LINES[number % len(_LINES)])
            yield Drawn(series, {"x": each.x, "y": each.y, "z": margin}, how="boundary", thick=2.5)


def _times(summary: Summary, frame: pandas.DataFrame) -> Iterator[Block]:
    """Learning times of every run against the first number that varies, or the seed."""
    numbers = _numbers(summary, frame)
    name, level = (numbers[0] if numbers else "seed"), LEVELS[0]
    done = frame[frame["state"] == "done"].drop_duplicates("run")
    at = done[name].to_numpy()
    numbered = not numbers and max(map(abs, at.tolist()), default=0) > _FAR  # of drawn seeds the digits say nothing
    done = done.assign(place=np.searchsorted(np.unique(at), at) if numbered else at)
    ways = list(dict.fromkeys(zip(done["engine"], done["schedule"], strict=True)))
    drawn = []
    for kind in "PQ":
        for number, (engine, schedule) in enumerate(ways):
            rows = done[(done["engine"] == engine) & (done["schedule"] == schedule)]
            tau, ends = rows[f"tau_{kind} {level}"].to_numpy(float), rows["censored_at"].to_numpy(float)
            series = Series(f"{kind}, {schedule}, {engine}", COLOURS[kind])
            for learnt, how in ((np.isfinite(tau), _MARKERS[number % len(_MARKERS)]), (np.isposinf(tau), _NOT_LEARNT)):
                if learnt.any():
                    told = {field: rows[field].to_numpy()[learnt].tolist() for field in dict.fromkeys((name, "seed"))}
                    columns = {"x": rows["place"].to_numpy(float)[learnt], "y": np.where(np.isfinite(tau), tau, ends)[learnt]}
                    drawn.append(Drawn(series, {**columns, **told}, how=how, thick=10))
    if not drawn:
        return
    title = f"Learning times of P and Q against {'the number of the ' * numbered}{name}, level {level}"
    alt = f"{title}, a point a run. A triangle that points down stands at the end of a run that had not learnt the kind."
    along = Axis(f"{'number of the ' * numbered}{name}", bool(numbers) and logarithmic(np.unique(done[name].to_numpy(float))))
    yield chart(title, alt, drawn, (along, Axis(_TAU)))
