"""Commands on runs: run, resume, demo, show, check, presets."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from theory_sim.cli.app import app
from theory_sim.cli.engines import EngineName, WithEngines, chosen_engine
from theory_sim.cli.help import Described
from theory_sim.cli.interrupted import interruptible, typed
from theory_sim.cli.options import (
    Compare,
    File,
    Force,
    Json,
    Observe,
    Out,
    Preset,
    Quiet,
    Runs,
    Seeds,
    Settings,
    Threads,
    make_plan,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from theory_sim.engines import Engine
    from theory_sim.regimes import Regime
    from theory_sim.sweeps.plan import Plan
    from theory_sim.sweeps.run_plan import Existing
    from theory_sim.trajectory import Trajectory

# A plan that would take longer says so.
_LONG_SECONDS = 60.0


@app.command(cls=WithEngines)
def run(
    context: typer.Context,
    file: File = None, preset: Preset = None, settings: Settings = None, compare: Compare = None,
    seeds: Seeds = None, engine: EngineName = "finite", observe: Observe = None,
    threads: Threads = None, out: Out = Path("runs"), force: Force = False, quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Simulate an experiment: print its regime, run every schedule and seed, save, and print what was learnt when.

    Interrupted, the same command goes on: finished runs are kept, the unfinished one is resumed, the others are begun.
    """
    from theory_sim.errors import Fault, InputError, gathered

    faults: list[Fault] = []
    with gathered(faults):
        chosen = chosen_engine(engine, context)
    with gathered(faults):
        plan = make_plan(file, preset, settings, compare, seeds, observe)
    if faults:
        raise InputError.of(faults)
    paths = [out / chosen.run_name(experiment) for experiment in plan]
    with interruptible(lambda: _how_to_continue(paths, force=force)):
        status = _run_and_report(plan, chosen, out, "replace" if force else "continue", threads, quiet, as_json)
    raise typer.Exit(status)


@app.command()
def resume(
    runs: Annotated[list[Path], typer.Argument(help="Runs that were interrupted, as named by `run`.")],
    threads: Threads = None,
    any_version: Annotated[bool, typer.Option("--any-version", help="Even with other libraries or another processor.")] = False,
    quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Go on with interrupted runs, to the bitwise same result, and print what was learnt when."""
    from theory_sim.engines import resume
    from theory_sim.sweeps.over_seeds import summarise

    trajectories: list[Trajectory] = []

    def how() -> str:
        left = runs[len(trajectories) :]
        return f"continue with: theory-sim resume {_quoted(left)}" if left else f"all are done: theory-sim show {_quoted(runs)}"

    with interruptible(how):
        for path in runs:
            found = resume(path, threads=threads, any_version=any_version)
            if found.outcome == "interrupted":
                typer.echo(f"{found.message}; {how()}", err=True)
                raise typer.Exit(130)
            trajectories.append(found)
    if as_json:
        typer.echo(json.dumps([summary.to_dict() for summary in summarise(trajectories)], indent=2, allow_nan=False))
    elif not quiet:
        from theory_sim.terminal.tables import show, summary_tables

        show(summary_tables(summarise(trajectories)))
    findings = _findings(trajectories)
    for finding in findings:
        typer.echo(f"finding: {finding}", err=True)
    raise typer.Exit(1 if findings else 0)


@app.command(cls=Described)
def demo(
    seeds: Seeds = "0:5", threads: Threads = None, out: Out = Path("runs"),
    figures: Annotated[Path, typer.Option(help="Folder for figures.")] = Path("figures"), force: Force = False,
    quiet: Quiet = False, as_json: Json = False,
) -> None:
    """The main job: the default preset under L-S and S on the same data, tables and figures.

    Runs that are already there are read, not run again, and unfinished ones gone on with; figures of its own that
    are there are replaced. Last comes the same preset in the infinite-width limit.
    """
    from theory_sim.engines import Engine
    from theory_sim.plots.decomposition import plot_decomposition
    from theory_sim.plots.learning_order import plot_learning_order
    from theory_sim.plots.style import FORMATS, require_own_figure, save_figure

    drawn = {"learning-order": plot_learning_order, "decomposition": plot_decomposition}
    paths = {figures / f"{name}.{suffix}": draw for name, draw in drawn.items() for suffix in FORMATS}
    for path in paths:
        require_own_figure(path)
    plan = make_plan(None, None, None, "L-S,S", seeds)
    with interruptible(lambda: f"finished runs are kept; continue with: {typed(without=('--force',))}"):
        status = _run_and_report(plan, Engine(), out, "replace" if force else "reuse", threads, quiet, as_json)
        if status == 130:
            raise typer.Exit(status)
        from theory_sim.trajectory import Trajectory

        trajectories = [Trajectory.load(out / experiment.run_name) for experiment in plan]
        for path, draw in paths.items():
            save_figure(draw(trajectories), path, force=True)
            if not (quiet or as_json):
                typer.echo(f"figure: {path}")
        if not (quiet or as_json):
            _demo_in_the_limit(plan, threads)
    raise typer.Exit(status)


def _demo_in_the_limit(plan: Plan, threads: int | None) -> None:
    """One line: what the same runs learn when the width is infinite, and how long that took."""
    from theory_sim.engines import simulate
    from theory_sim.observe.learning_order import learning_order

    said, seconds = [], 0.0
    for schedule in plan.compare:
        runs = [simulate(each, "limit", time="flow" if schedule == "S" else "steps", threads=threads)
                for each in plan if each.schedule == schedule]
        orders = [learning_order(run).order for run in runs]
        seconds += sum(float(run.dataset.attrs["seconds"]) for run in runs)
        most = max(set(orders), key=lambda order: (orders.count(order), order))
        said.append(f"{schedule} {most} on {orders.count(most)} of {len(orders)}")
    typer.echo(f"the same preset in the infinite-width limit: {', '.join(said)}; {len(plan)} runs in {seconds:.1f} s")


def _run_and_report(
    plan: Plan, engine: Engine, out: Path, existing: Existing, threads: int | None, quiet: bool, as_json: bool
) -> int:
    """Run a plan and print what came of it; the exit status."""
    from theory_sim.regimes import regime
    from theory_sim.sweeps.over_seeds import summarise
    from theory_sim.sweeps.run_plan import prepare_plan
    from theory_sim.terminal.progress import run_progress

    def regime_of(schedule: str) -> Regime:
        return regime(plan.experiment.replace(schedule=schedule), infinite_width=engine.solver.infinite_width)

    prepared = prepare_plan(plan, out, engine=engine, existing=existing, threads=threads)
    judged = regime_of(plan.compare[0])
    if not (quiet or as_json):
        from theory_sim.terminal.tables import regime_table, show, summary_tables

        show(regime_table(judged))
        for other in plan.compare[1:]:
            for warning in regime_of(other).warnings:
                if warning not in judged.warnings:
                    show(f"warning: {warning}")
        _announce(plan, engine, threads)
    with run_progress(plan, shown=not (quiet or as_json)) as progress:
        results = prepared.run(progress)
    trajectories = [trajectory for _, trajectory in results]
    findings = _findings(trajectories)
    if trajectories[-1].outcome == "interrupted":
        typer.echo(_interrupted(plan, results), err=True)
        return 130
    summaries = summarise(trajectories)
    if as_json:
        report = {"experiment": plan.experiment.fields(), "engine": engine.label, "regime": judged.to_dict(),
                  "findings": findings, "schedules": [summary.to_dict() for summary in summaries],
                  "runs": [str(path) for path, _ in results]}
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    elif not quiet:
        show(summary_tables(summaries))
        for path, _ in results:
            typer.echo(f"run: {path}")
    for finding in findings:
        typer.echo(f"finding: {finding}", err=True)
    return 1 if findings else 0


def _announce(plan: Plan, engine: Engine, threads: int | None) -> None:
    """Say so before a plan that takes long; what the number of steps of a schedule comes to is easily overlooked."""
    from theory_sim.numeric.pool import default_threads
    from theory_sim.terminal.sweep_tables import duration

    seconds = sum(engine.estimated_seconds(each, threads=threads or default_threads()) for each in plan)
    if seconds < _LONG_SECONDS:
        return
    steps = max(each.most_steps for each in plan)
    typer.echo(f"note: up to about {steps:.2g} steps a run, about {duration(seconds)} in all on an idle machine; a larger "
               "rate, fewer cuts or a smaller max_tau takes fewer, gradient flow none (--engine limit --time flow)", err=True)


def _interrupted(plan: Plan, results: Sequence[tuple[Path, Trajectory]]) -> str:
    """What is done, what is not, and what to type: the command that was typed, which replaces nothing."""
    path, last = results[-1]
    if len(plan) == 1:
        return f"{last.message}; resume with: theory-sim resume {_quoted([path])}"
    return (f"{last.message}; {len(results) - 1} of {len(plan)} runs done, {len(plan) - len(results)} not begun; continue "
            f"all of them: {typed(without=('--force',))}, or with this one alone: theory-sim resume {_quoted([path])}")


def _how_to_continue(paths: Sequence[Path], *, force: bool) -> str:
    """The same between two runs, and before and after all of them."""
    there = [path for path in paths if path.exists()]
    if len(there) == len(paths) and not force:
        return f"all runs are done: theory-sim show {_quoted(paths)}"
    if force and there:  # which of them this command replaced, nobody has noted
        return f"finished runs are kept; begin anew with: {typed()}"
    return f"{len(there)} of {len(paths)} runs done; continue with: {typed(without=('--force',))}"


def _quoted(paths: Sequence[Path]) -> str:
    return shlex.join(map(str, paths))


def _findings(trajectories: Sequence[Trajectory]) -> list[str]:
    """Diverged and oscillating runs, and orders that are not as predicted although the regime holds."""
    from theory_sim.engines import Engine
    from theory_sim.observe.learning_order import learning_order
    from theory_sim.regimes import regime

    findings = []
    for trajectory in trajectories:
        engine = Engine.of(trajectory)
        name = engine.run_name(trajectory.experiment)
        if trajectory.outcome == "diverged":
            findings.append(f"{name} diverged: {trajectory.message}")
            continue
        seen = learning_order(trajectory)
        if seen.order == "oscillated":
            findings.append(f"{name} oscillated: a rate above the largest stable one, and a kind's loss above that of no "
                            "output; it has no order; lower the rate")
            continue
        expected = regime(trajectory.experiment, infinite_width=engine.solver.infinite_width)
        predicted = expected.predicted_order.get(trajectory.experiment.schedule)
        # The prediction is for moving patterns; what only a finite width gets wrong does not excuse the limit.
        e = trajectory.experiment
        if not engine.as_described or e.patterns != "moving" or e.noise_placement != "none":
            continue
        if e.network != "split":
            continue
        numerics = any(not c.holds for c in expected.conditions if c.role == "numerics")
        if trajectory.outcome == "interrupted" or predicted is None or not predicted.holds or predicted.thin or numerics:
            continue
        if seen.order == "no examples":  # of one of the kinds: nothing is found of the order, neither way
            continue
        if seen.order != predicted.expected or not seen.robust:
            findings.append(f"{name}: {seen.order}{'' if seen.robust else ', not robust'}, although the closure predicts "
                            f"{predicted.expected}")
    return findings


@app.command()
def show(runs: Runs, as_json: Json = False) -> None:
    """Print the tables of saved runs."""
    from theory_sim.sweeps.over_seeds import summarise
    from theory_sim.trajectory import Trajectory

    summaries = summarise([Trajectory.load(path) for path in runs])
    if as_json:
        typer.echo(json.dumps([summary.to_dict() for summary in summaries], indent=2, allow_nan=False))
        return
    from theory_sim.terminal.tables import show, summary_tables

    show(summary_tables(summaries))


@app.command()
def presets(
    toml: Annotated[str | None, typer.Option(help="Print this preset as a file to start from.")] = None,
    as_json: Json = False,
) -> None:
    """List the presets, or print one as TOML."""
    from theory_sim.experiment import Experiment
    from theory_sim.experiment.presets import PRESETS

    if toml is not None and as_json:
        typer.echo(json.dumps(Experiment.preset(toml).fields(), indent=2))
    elif toml is not None:
        import tomli_w

        typer.echo(tomli_w.dumps(Experiment.preset(toml).fields()), nl=False)
    elif as_json:
        typer.echo(json.dumps({name: Experiment.preset(name).fields() for name in PRESETS}, indent=2))
    else:
        for name, preset in PRESETS.items():
            typer.echo(f"{name:10} {preset.summary}")


@app.command(cls=Described)
def check(
    file: File = None, preset: Preset = None, settings: Settings = None, compare: Compare = None,
    seeds: Seeds = None, as_json: Json = False,
) -> None:
    """Validate an experiment and print its regime, without running it. Warnings do not change the exit status."""
    from theory_sim.engines import Engine
    from theory_sim.regimes import regime

    plan = make_plan(file, preset, settings, compare, seeds)
    for experiment in plan:
        Engine().require(experiment)
    judged = regime(plan.experiment)
    if as_json:
        typer.echo(json.dumps({"experiment": plan.experiment.fields(), "runs": [e.run_name for e in plan],
                               "regime": judged.to_dict()}, indent=2, allow_nan=False))
        return
    from theory_sim.terminal.tables import regime_table, show

    show(regime_table(judged), f"valid: {len(plan)} run{'s' if len(plan) > 1 else ''}, {', '.join(e.run_name for e in plan)}")
