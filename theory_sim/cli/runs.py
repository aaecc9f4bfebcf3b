"""Commands on runs: run, resume, show, check."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theory_sim.cli.app import app
from theory_sim.cli.engines import EngineName, WithEngines, chosen_engine
from theory_sim.cli.help import Described
from theory_sim.cli.interrupted import interruptible, say_interrupted, typed
from theory_sim.cli.options import (
    Compare,
    File,
    Observe,
    Preset,
    Quiet,
    Runs,
    RunsOut,
    Seeds,
    Settings,
    Threads,
    make_plan,
)
from theory_sim.terminal.headings import command_on, experiment_heading
from theory_sim.terminal.output import Force, OutFile, Output, Result, TextJsonCsv, Verbose, hanging, with_command
from theory_sim.terminal.wrapping import Steps, say_aside, say_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from theory_sim.engines import Engine
    from theory_sim.regimes import Regime
    from theory_sim.sweeps.over_seeds import ScheduleSummary
    from theory_sim.sweeps.plan import Plan
    from theory_sim.sweeps.run_plan import PreparedPlan
    from theory_sim.trajectory import Trajectory

# A plan that would take longer says so.
_LONG_SECONDS = 60.0
_LONG_SET_UP = 20.0
_MORE = ("theory-sim show has the losses and errors at the end, theory-sim check the theory's conditions; --verbose prints "
         "both")


@app.command(cls=WithEngines)
def run(
    context: typer.Context,
    file: File = None, preset: Preset = None, settings: Settings = None, compare: Compare = None,
    seeds: Seeds = None, engine: EngineName = "finite", observe: Observe = None,
    threads: Threads = None, out: RunsOut = Path("runs"), force: Force = False, quiet: Quiet = False,
    verbose: Verbose = False, form: TextJsonCsv = "text",
) -> None:
    """Simulate an experiment: print the predicted order, run every schedule and seed, save, and print what was learnt when.

    The same command again continues: finished runs are kept, an unfinished one is resumed, the others are begun. Where a folder
    holds another experiment, the runs go to the next free one, -2, -3 and so on, and a line says so.
    """
    from theory_sim.errors import Fault, InputError, gathered
    from theory_sim.sweeps.run_plan import prepare_plan

    faults: list[Fault] = []
    with gathered(faults):
        chosen = chosen_engine(engine, context)
    with gathered(faults):
        plan = make_plan(file, preset, settings, compare, seeds, observe)
    if faults:
        raise InputError.of(faults)
    output = Output(form, quiet=quiet)
    paths: list[Path] = []
    with interruptible(lambda: _how_to_continue(paths, len(plan), force=force)):
        prepared = prepare_plan(plan, out, engine=chosen, existing="replace" if force else "continue", threads=threads)
        paths += prepared.paths.values()
        output.say(experiment_heading(plan.experiment.name, file, preset, changed=bool(settings)))
        findings = _run_and_report(plan, prepared, threads, output, verbose=verbose)
    end(findings)


@app.command()
def resume(
    runs: Annotated[list[Path], typer.Argument(help="Runs that were interrupted, as named by `run`.")],
    threads: Threads = None,
    any_version: Annotated[bool, typer.Option("--any-version", help="Even with other libraries or another processor.")] = False,
    quiet: Quiet = False, verbose: Verbose = False, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Continue with interrupted runs, to the bitwise same result, and print what was learnt when."""
    from theory_sim.engines import resume
    from theory_sim.sweeps.over_seeds import summarise

    output = Output(form, out, force=force, quiet=quiet)
    trajectories: list[Trajectory] = []

    def how() -> Steps:
        left = runs[len(trajectories) :]
        return [("continue with:", f"theory-sim resume {_quoted(left)}") if left else
                ("all are done:", f"theory-sim show {_quoted(runs)}")]

    with interruptible(how):
        for path in runs:
            found = resume(path, threads=threads, any_version=any_version)
            if found.outcome == "interrupted":
                say_interrupted(found.message, how())
                raise typer.Exit(130)
            trajectories.append(found)
    findings = get_findings(trajectories)
    summaries = summarise(trajectories)
    if output.shows_text:
        _say_learnt(summaries, runs, output, verbose=verbose)
    output.put(make_result(summaries, {"findings": findings, "runs": [str(path) for path in runs]}, said=True))
    end(findings)


def _run_and_report(plan: Plan, prepared: PreparedPlan, threads: int | None, output: Output, *, verbose: bool) -> list[str]:
    """Run a plan and print what came of it; the findings."""
    from theory_sim.regimes import regime
    from theory_sim.sweeps.over_seeds import summarise
    from theory_sim.terminal.progress import PREDICTING, run_progress, time_progress

    engine = prepared.engine

    def regime_of(schedule: str) -> Regime:
        return regime(plan.experiment.replace(schedule=schedule), infinite_width=engine.solver.infinite_width)

    for note in prepared.notes:
        output.note(f"note: {note}")
    with time_progress(PREDICTING):
        judged = regime_of(plan.compare[0])
    if output.shows_text:
        from theory_sim.terminal.regime_tables import order_lines, regime_table

        output.say(*([regime_table(judged, verbose=True)] if verbose else
                     map(_line, [*order_lines(judged, plan.compare),
                                  *(f"warning: {warning}" for warning in judged.warnings_of(plan.compare))])))
        for other in plan.compare[1:]:
            output.say(*(_line(f"warning: {each}") for each in regime_of(other).warnings if each not in judged.warnings))
    if not output.quiet and len(prepared.found) < len(plan):
        _announce(plan, engine, threads)
    with run_progress(plan, shown=not output.quiet) as progress:
        results = prepared.run(progress)
    trajectories = [trajectory for _, trajectory in results]
    findings = get_findings(trajectories)
    if trajectories[-1].outcome == "interrupted":
        say_steps(_interrupted(plan, results))
        raise typer.Exit(130)
    summaries = summarise(trajectories)
    if output.shows_text:
        _say_learnt(summaries, [path for path, _ in results], output, verbose=verbose)
    output.put(make_result(summaries, {
        "experiment": plan.experiment.fields(), "engine": engine.label, "regime": judged.to_dict(), "findings": findings,
        "runs": [str(path) for path, _ in results],
    }, said=True))
    return findings


def _say_learnt(summaries: Sequence[ScheduleSummary], paths: Sequence[Path], output: Output, *, verbose: bool) -> None:
    """What was learnt when, and the runs; the state at the end if it is asked for, or where there is no order to show."""
    from theory_sim.terminal.tables import order_tables, summary_tables

    short = not verbose and all(summary.orders for summary in summaries)
    output.say(order_tables(summaries) if short else summary_tables(summaries, verbose=verbose),
               *(f"run: {path}" for path in paths), *([_line(_MORE)] if short else []))


def _line(text: str) -> str:
    """A text in lines of the terminal."""
    return hanging("", text, 0)


def make_result(
    summaries: Sequence[ScheduleSummary], fields: Mapping[str, Any], *, said: bool = False, verbose: bool = False
) -> Result:
    """What runs learnt when: the same document and table for run, demo, resume and show."""
    from theory_sim.sweeps.over_seeds import make_table

    def text() -> list[Any]:
        from theory_sim.terminal.tables import summary_tables

        return [] if said else [summary_tables(summaries, verbose=verbose)]

    return Result("theory-sim.runs", lambda: {**fields, "schedules": [each.to_dict() for each in summaries]}, text,
                  lambda: make_table(summaries))


def end(findings: Sequence[str]) -> None:
    for finding in findings:
        say_aside(f"finding: {finding}")
    raise typer.Exit(1 if findings else 0)


def _said_need(plan: Plan, engine: Engine) -> str:
    """What the largest run of a plan takes, as estimated: memory, with the parts that take most, and time if it is known."""
    from theory_sim.engines.resources import needed_parts
    from theory_sim.errors import size_in_words
    from theory_sim.memory import largest_parts, total
    from theory_sim.numeric.pool import default_threads
    from theory_sim.terminal.sweep_tables import duration

    used = default_threads()
    needs = [needed_parts(engine.solver, each, engine.all_options, used) for each in plan]
    largest = max(needs, key=lambda parts: total(parts.values()))
    seconds = max(engine.estimated_seconds(each, threads=used) for each in plan)
    lasting = "" if math.isnan(seconds) else f" and {duration(seconds)} on an idle machine"
    return f"a run takes about {size_in_words(total(largest.values()))} of memory ({largest_parts(largest)}){lasting}"


def _announce(plan: Plan, engine: Engine, threads: int | None) -> None:
    """Say so before a plan that takes long; what the number of steps of a schedule comes to is easily overlooked."""
    from theory_sim.numeric.pool import default_threads
    from theory_sim.terminal.sweep_tables import duration

    used = threads or default_threads()
    longest = max(engine.set_up_seconds(each, threads=used) for each in plan)
    if longest >= _LONG_SET_UP:
        say_aside(f"note: before its first step a run takes about {duration(longest)}: pairs of patches at small angles, many "
                  "in low dimension, are looked at one by one (--spatial mean, a larger --tolerance, or a larger d takes less)")
    seconds = sum(engine.estimated_seconds(each, threads=used) for each in plan)
    if not seconds >= _LONG_SECONDS:  # or not known, NaN
        return
    if engine.all_options.get("time") == "flow":
        say_aside(f"note: about {duration(seconds)} in all on an idle machine; a smaller max_tau takes less")
        return
    steps = max(each.most_steps for each in plan)
    say_aside(f"note: up to about {_round_number(steps)} steps a run, about {duration(seconds)} in all on an idle machine; a "
              "larger rate, fewer cuts or a smaller max_tau takes fewer, gradient flow none (--engine limit --time flow)")


def _round_number(count: float) -> str:
    """Two digits that count, in full: 2000, 1 300 000."""
    return f"{float(f'{count:.2g}'):,.0f}".replace(",", " " if count >= 10_000 else "")


def _interrupted(plan: Plan, results: Sequence[tuple[Path, Trajectory]]) -> Steps:
    """What is done, what is not, and what to type: the command that was typed, which replaces nothing."""
    path, last = results[-1]
    alone = f"theory-sim resume {_quoted([path])}"
    if len(plan) == 1:
        return [(f"{last.message}; resume with:", alone)]
    done = f"{len(results) - 1} of {len(plan)} runs done, {len(plan) - len(results)} not begun"
    return [(f"{last.message}; {done}; continue all of them:", typed(without=("--force",))), ("or with this one alone:", alone)]


def _how_to_continue(paths: Sequence[Path], total: int, *, force: bool) -> Steps:
    """The same between two runs, and before and after all of them; no paths before it is known where they go."""
    there = [path for path in paths if path.exists()]
    if len(there) == total and not force:
        return [("all runs are done:", f"theory-sim show {_quoted(paths)}")]
    if force and there:  # which of them this command replaced, nobody has noted
        return [("finished runs are kept; begin anew with:", typed())]
    return [(f"{len(there)} of {total} runs done; continue with:", typed(without=("--force",)))]


def _quoted(paths: Sequence[Path]) -> str:
    return shlex.join(map(str, paths))


def get_findings(trajectories: Sequence[Trajectory]) -> list[str]:
    """Diverged and oscillating runs, and orders that are not as predicted although the regime holds."""
    from theory_sim.engines import Engine
    from theory_sim.experiment.choices import OPTIMISERS
    from theory_sim.observe.learning_order import order_of_patterns
    from theory_sim.regimes import regime

    findings = []
    for trajectory in trajectories:
        engine = Engine.of(trajectory)
        name = engine.run_name(trajectory.experiment)
        if trajectory.outcome == "diverged":
            findings.append(f"{name} diverged: {trajectory.message}")
            continue
        seen = order_of_patterns(trajectory)
        if seen.order == "oscillated":
            findings.append(f"{name} oscillated: a rate above the largest stable one, and a kind's loss above that of no "
                            "output; it has no order; lower the rate")
            continue
        expected = regime(trajectory.experiment, infinite_width=engine.solver.infinite_width)
        predicted = expected.predicted_order.get(trajectory.experiment.schedule)
        # The prediction is for moving patterns; what only a finite width gets wrong does not excuse the limit.
        e = trajectory.experiment
        if not engine.as_described or not e.moving_patterns or e.has_placed_noise:
            continue
        if e.shared_filters or not OPTIMISERS[e.optimiser].in_theory:
            continue
        numerics = any(not c.holds for c in expected.conditions if c.role == "numerics")
        if trajectory.outcome == "interrupted" or predicted is None or not predicted.holds or predicted.thin or numerics:
            continue
        if seen.order == "no examples":  # of one of the kinds: nothing is found of the order, neither way
            continue
        if seen.order != predicted.expected or not seen.robust:
            findings.append(f"{name}: {seen.order}{'' if seen.robust else ', not robust'}, although the {expected.by} predicts "
                            f"{predicted.expected}")
    return findings


@app.command()
def show(
    runs: Runs, verbose: Verbose = False, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False
) -> None:
    """Print the tables of saved runs, of one experiment or several."""
    from theory_sim.sweeps.over_seeds import summarise_each
    from theory_sim.trajectory import Trajectory

    output = Output(form, out, force=force)
    summaries = summarise_each([Trajectory.load(path) for path in runs])
    output.put(make_result(summaries, {"runs": [str(path) for path in runs]}, verbose=verbose))


@app.command(cls=Described)
def check(
    file: File = None, preset: Preset = None, settings: Settings = None, compare: Compare = None,
    seeds: Seeds = None, verbose: Verbose = False, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Validate an experiment and say which of the theory's conditions it meets and what order is predicted, without running it.

    Warnings do not change the exit status.
    """
    from theory_sim.engines import Engine
    from theory_sim.regimes import regime
    from theory_sim.terminal.progress import PREDICTING, time_progress

    output = Output(form, out, force=force)
    plan = make_plan(file, preset, settings, compare, seeds)
    for experiment in plan:
        Engine().require_described(experiment)
    with time_progress(PREDICTING):
        judged, names = regime(plan.experiment), [each.run_name for each in plan]

    def text() -> list[Any]:
        from theory_sim.terminal.regime_tables import regime_table

        valid = f"valid: {len(plan)} run{'s' if len(plan) > 1 else ''}, {', '.join(names)}"
        return [f"{experiment_heading(plan.experiment.name, file, preset, changed=bool(settings))}\n",
                regime_table(judged, verbose=verbose), hanging("", valid, 0),
                *([hanging("", _said_need(plan, Engine()), 0)] if verbose else []), *further()]

    def further() -> Iterator[str]:
        given = [word for setting in settings or () for word in ("--set", setting)]
        given += ["--seeds", seeds] if seeds is not None else []
        chosen = len(plan.compare) > 1 or "schedule" in {each.partition("=")[0].strip() for each in settings or ()}
        both = None if chosen or not judged.predicted_order else ",".join(judged.predicted_order)
        if (schedules := compare or both) is not None:
            given += ["--compare", schedules]
        yield with_command("run it:", command_on("theory-sim run", file, preset, given))
        if judged.predicted_order and not settings:
            yield with_command("to see what to change:" if judged.warnings else "whether the theorem's mechanism applies:",
                               command_on("proofs-check check", file, preset))

    output.put(Result("theory-sim.check", lambda: {"experiment": plan.experiment.fields(), "runs": names,
                                                   "regime": judged.to_dict()}, text, judged.table))
