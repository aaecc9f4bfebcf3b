"""What a report says of single runs: one section an experiment, as `theory-sim show` has it."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import tomli_w

from theory_sim.engines import Engine
from theory_sim.experiment.recorded import RecordedRun
from theory_sim.plots.style import COLOURS
from theory_sim.report.content import Block, Grid, Listing, Section, Series
from theory_sim.report.figures import Axis, Drawn, chart
from theory_sim.report.tables import blocks_of
from theory_sim.statistics.curves import mean_curve
from theory_sim.statistics.intervals import CONFIDENCE
from theory_sim.sweeps.over_seeds import ScheduleSummary, summarise
from theory_sim.terminal.tables import headline, shown_level, shown_mean_time, summary_tables
from theory_sim.theory.crossings import LEVELS
from theory_sim.train.losses import make_loss
from theory_sim.trajectory import Trajectory

__all__ = ["LONG", "TAU", "describe_runs", "say_what_was_seen", "shown_value"]

LONG: Final = 12
"""Rows from which on a table can be searched."""
TAU: Final = "learning-rate time tau (sum of the learning rates of all steps)"
_MOST_CURVES: Final = 40
_OTHER_COLOURS: Final = tuple(COLOURS.values())
_KINDS: Final = {"P-only": COLOURS["P"], "Q-only": COLOURS["Q"], "both": COLOURS["signal"]}
_LINES: Final = {"Q-only": "dashed", "both": "dotted"}


def describe_runs(runs: Sequence[Trajectory]) -> Section:
    """What runs of one experiment show.

    Parameters
    ----------
    runs : sequence of Trajectory
        They differ in schedule, engine and seed alone.

    Raises
    ------
    InputError
        If two of them are the same run.
    """
    summaries = summarise(runs)
    name = runs[0].experiment.name
    return Section(f"Runs of {name}", _asked(summaries), list(say_what_was_seen(summaries)), list(_limits(summaries)),
                   [*_charts(runs), *_tables(summaries), *_origin(runs)])


def shown_value(value: object) -> str:
    """A field's value, as a file has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _asked(summaries: Sequence[ScheduleSummary]) -> str:
    names = list(dict.fromkeys(each.way for each in summaries))
    ways = ("; " if any("," in name for name in names) else " and ").join(names)
    if summaries[0].orders:
        return f"Under {ways}: which of the patterns P and Q is learnt first?"
    return f"Under {ways}: when is each kind of examples learnt?"


def say_what_was_seen(summaries: Sequence[ScheduleSummary]) -> Iterator[str]:
    """Learning times and orders of runs of one experiment, a line each."""
    for summary in summaries:
        level, row = next(iter(summary.levels.items()))
        last = summary.end["tau"].smallest
        times = ", ".join(f"{name} {shown_mean_time(row[name], last)}" for name in row if name.startswith("tau"))
        what = "mean learning times" if summary.averages or len(summary.seeds) > 1 else "learning times"
        spans = f", with {CONFIDENCE:.0%} Student intervals" if "\n[" in times else ""
        yield f"{summary.label}: {what}{spans}, at the level {shown_level(level)}: {times}".replace("\n", " ")
        if summary.orders:
            yield from headline(summary).split("\n")
        yield from (f"{summary.label}: {warning}" for warning in summary.warnings)


def _limits(summaries: Sequence[ScheduleSummary]) -> Iterator[str]:
    seeds = max((len(summary.seeds) for summary in summaries if not summary.averages), default=0)
    if not seeds:
        yield "These are means over data sets, computed and not drawn: single data sets scatter about them."
    else:
        yield ("What is learnt is observed on one seed, so its times have no interval, and is not proved." if seeds == 1 else
               f"What is learnt is observed on {seeds} seeds of one experiment, and is not proved.")
    yield "Other parameters, widths and data may show another order. An order of learning is not yet a gap in test error."


def _tables(summaries: Sequence[ScheduleSummary]) -> list[Block]:
    return [replace(each, filtered=True) if isinstance(each, Grid) and len(each.rows) > LONG else each
            for each in blocks_of(summary_tables(summaries))]


def _charts(runs: Sequence[Trajectory]) -> Iterator[Block]:
    groups: dict[tuple[str, str], list[Trajectory]] = {}
    for run in runs:
        groups.setdefault((run.experiment.schedule, Engine.of(run).label), []).append(run)
    for (schedule, engine), group in groups.items():
        loss = make_loss(group[0].experiment)
        level = loss.at_level(LEVELS[0])
        drawn_data = Engine.of(group[0]).knows_seeds
        seeds = f"{len(group)} seed{'s' if len(group) > 1 else ''}" if drawn_data else "means over data sets"
        title = f"Training loss of each kind of examples under {schedule}, engine {engine}, {seeds}"
        kinds = [str(kind) for kind in group[0].dataset["kind"].values]
        alt = (f"{title}, against learning-rate time. {_lines_of(len(group))} counts as learnt where its line first falls "
               f"below {shown_level(level)}; the tables below have these times.")
        drawn = [part for number, kind in enumerate(kinds) for part in _curves(group, kind, number)]
        ends = [float(run.dataset["tau"][-1]) for run in group]
        drawn.append(Drawn(Series(f"learnt below {shown_level(level)}", COLOURS["noise"], "dotted"),
                           {"x": [0.0, max(ends)], "y": [level, level]}, thick=1.5))
        annealed = sorted(run.annealed_tau for run in group if math.isfinite(run.annealed_tau))
        if annealed:
            drawn.append(Drawn(Series("rate annealed", COLOURS["signal"]),
                               {"x": annealed, "y": [level] * len(annealed)}, how="inverted_triangle", thick=9))
        unit = " (nats)" if loss.unit == "nat" else ""
        yield chart(title, alt, drawn, (Axis(TAU), Axis(f"training loss{unit}")))


def _lines_of(runs: int) -> str:
    """What `_curves` draws of so many runs, and whose line it is that tells a learning time."""
    if runs == 1:
        return "A kind"
    if runs > _MOST_CURVES:
        return f"Each line is the mean of {runs} runs, which are not drawn. In a run a kind"
    return "Thin lines are single runs, the thick one is their mean. In a run a kind"


def _curves(group: Sequence[Trajectory], kind: str, number: int) -> Iterator[Drawn]:
    """Each run in a thin line, up to a number of them, and their mean in a thick one."""
    series = Series(kind, _KINDS.get(kind, _OTHER_COLOURS[number % len(_OTHER_COLOURS)]), _LINES.get(kind, "solid"))
    curves = [(run.dataset["tau"].values, run.history("loss_train", kind=kind)) for run in group]
    curves = [(tau, values) for tau, values in curves if not all(map(math.isnan, values))]
    if not curves:
        return
    if 1 < len(curves) <= _MOST_CURVES:
        for tau, values in curves:
            yield Drawn(series, {"x": tau, "y": values}, thick=0.8)
    tau, values = mean_curve(curves)
    yield Drawn(series, {"x": tau, "y": values}, thick=2.5)


def _origin(runs: Sequence[Trajectory]) -> Iterator[Block]:
    """Parameters, and what computes the runs again."""
    if isinstance(runs[0].experiment, RecordedRun):
        yield Grid("Noted of the training loop", ("what", "value"), [
            (name, ", ".join(dict.fromkeys(str(each.experiment.recorded[name]) for each in runs
                                           if isinstance(each.experiment, RecordedRun))))
            for name in runs[0].experiment.recorded])
        yield Listing("Not made by a command", "Recorded in a training loop of a program's own, by theory_sim.probe.")
        return
    fields = [run.experiment.fields() for run in runs]
    names = list(dict.fromkeys(name for each in fields for name in each))
    values = {name: list(dict.fromkeys(shown_value(each[name]) for each in fields if name in each)) for name in names}
    yield Grid("Parameters", ("field", "value"), [(name, ", ".join(found)) for name, found in values.items()], folded=True,
               filtered=True)
    file = f"{runs[0].experiment.name}.toml"
    common = {name: value for each in reversed(fields) for name, value in each.items()}
    del common["schedule"], common["seed"]  # the plan lists them
    plan = {"compare": list(dict.fromkeys(run.experiment.schedule for run in runs)),
            "seeds": list(dict.fromkeys(run.experiment.seed for run in runs))}
    yield Listing(f"The experiment, as {file}", tomli_w.dumps({**common, **plan}))
    given = sorted({name for run in runs for name in json.loads(run.dataset.attrs.get("given", "{}"))})
    if given:
        yield Listing("Not made by a command", f"Given from Python, and not in the file: {', '.join(given)}.")
        return
    engines = {Engine.of(run).label: Engine.of(run) for run in runs}
    yield Listing("Computes these runs again", "\n".join(_command(file, engine) for engine in engines.values()))


def _command(file: str, engine: Engine) -> str:
    flags = {option.name: option.flag for option in engine.solver.options}
    chosen = [word for name, value in engine.options.items() for word in (flags[name], str(value))]
    return shlex.join(["theory-sim", "run", file, *([] if engine.is_default else ["--engine", engine.name]), *chosen])
