"""``theory-sim``: parses, calls one public function, prints.

Exit status: 0 done, 1 a negative finding, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from theory_sim.study.plan import Plan
    from theory_sim.study.run_plan import Existing
    from theory_sim.trajectory import Trajectory

__all__ = ["app", "main"]

app = typer.Typer(
    help="Simulate noisy two-layer networks under large, annealed and small learning rates.",
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
)
plot = typer.Typer(help="Draw figures of saved runs.", no_args_is_help=True)
app.add_typer(plot, name="plot")

File = Annotated[Path | None, typer.Argument(help="Experiment in TOML; left out, the preset.")]
Runs = Annotated[list[Path], typer.Argument(help="Folders of saved runs.")]
Preset = Annotated[str | None, typer.Option(help="Preset to start from instead of a file (default: default).")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a field; repeatable.")]
Compare = Annotated[str | None, typer.Option(help="Schedules on the same data, such as L-S,S.")]
Seeds = Annotated[str | None, typer.Option(help="Seeds: 0,1,2 or a range 0:5 (without its end).")]
Threads = Annotated[int | None, typer.Option(help="Threads a run; any number gives the same result.")]
Out = Annotated[Path, typer.Option(help="Folder for runs.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no tables, no warnings of the regime.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Figure file: .png, .svg or .pdf.")]


def _settings(pairs: Sequence[str] | None) -> dict[str, Any]:
    import tomllib

    from theory_sim.errors import InputError

    changes: dict[str, Any] = {}
    for pair in pairs or ():
        field, equals, text = pair.partition("=")
        if not equals or not field.strip():
            raise InputError(f"--set {pair}", "FIELD=VALUE", "such as --set d=400 or --set schedule=S")
        try:
            changes[field.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            changes[field.strip()] = text.strip()  # a bare word: --set schedule=S
    return changes


def _seeds(text: str | None) -> list[int] | None:
    from theory_sim.errors import InputError

    if text is None:
        return None
    try:
        if ":" in text:
            start, stop = (int(part) for part in text.split(":"))
            seeds = list(range(start, stop))
        else:
            seeds = [int(part) for part in text.split(",")]
    except ValueError:
        seeds = []
    if not seeds or min(seeds) < 0:
        raise InputError(f"--seeds {text}", "whole numbers from 0: 0,1,2 or a range 0:5", "mend the list")
    return seeds


def _plan(
    file: Path | None, preset: str | None, settings: Sequence[str] | None, compare: str | None, seeds: str | None
) -> Plan:
    from theory_sim.errors import InputError
    from theory_sim.experiment import Experiment
    from theory_sim.study.plan import Plan

    changes = _settings(settings)
    if file is not None and preset is not None:
        raise InputError(f"the file {file} and --preset {preset}", "a run starts from one of them", "leave one of the two out")
    if file is not None:
        plan = Plan.from_toml(file, changes)
    else:
        plan = Plan.of(Experiment.preset(preset or "default").replace(**changes))
    schedules = [part.strip() for part in compare.split(",")] if compare is not None else None
    return Plan.of(plan.experiment, schedules or plan.compare, _seeds(seeds) or plan.seeds)


@app.command()
def run(
    file: File = None, preset: Preset = None, settings: Settings = None, compare: Compare = None,
    seeds: Seeds = None, threads: Threads = None, out: Out = Path("runs"), force: Force = False,
    quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Simulate an experiment: print its regime, run every schedule and seed, save, and print what was learnt when."""
    plan = _plan(file, preset, settings, compare, seeds)
    raise typer.Exit(_run_and_report(plan, out, "replace" if force else "refuse", threads, quiet, as_json))


@app.command()
def demo(
    seeds: Seeds = "0:5", threads: Threads = None, out: Out = Path("runs"),
    figures: Annotated[Path, typer.Option(help="Folder for figures.")] = Path("figures"), force: Force = False,
    quiet: Quiet = False, as_json: Json = False,
) -> None:
    """The main job: the default preset under L-S and S on the same data, tables and figures.

    Runs that are already there are read, not run again; figures that are there are replaced.
    """
    from theory_sim.plots.decomposition import plot_decomposition
    from theory_sim.plots.learning_order import plot_learning_order
    from theory_sim.plots.style import save_figure

    plan = _plan(None, None, None, "L-S,S", seeds)
    status = _run_and_report(plan, out, "replace" if force else "reuse", threads, quiet, as_json)
    if status == 130:
        raise typer.Exit(status)
    from theory_sim.trajectory import Trajectory

    trajectories = [Trajectory.load(out / experiment.run_name) for experiment in plan]
    for name, draw in (("learning-order", plot_learning_order), ("decomposition", plot_decomposition)):
        for suffix in ("png", "svg", "pdf"):
            path = save_figure(draw(trajectories), figures / f"{name}.{suffix}", force=True)
            if not (quiet or as_json):
                typer.echo(f"figure: {path}")
    raise typer.Exit(status)


def _run_and_report(
    plan: Plan, out: Path, existing: Existing, threads: int | None, quiet: bool, as_json: bool
) -> int:
    """Run a plan and print what came of it; the exit status."""
    from theory_sim.progress import run_progress
    from theory_sim.regime import regime
    from theory_sim.study.over_seeds import summarise
    from theory_sim.study.run_plan import run_plan

    judged = regime(plan.experiment.replace(schedule=plan.compare[0]))
    if not (quiet or as_json):
        from theory_sim.tables import regime_table, show, summary_tables

        show(regime_table(judged))
        for other in plan.compare[1:]:
            for warning in regime(plan.experiment.replace(schedule=other)).warnings:
                if warning not in judged.warnings:
                    show(f"warning: {warning}")
    with run_progress(plan, shown=not (quiet or as_json)) as progress:
        results = run_plan(plan, out, existing=existing, threads=threads, progress=progress)
    trajectories = [trajectory for _, trajectory in results]
    findings = _findings(trajectories)
    if trajectories[-1].outcome == "interrupted":
        typer.echo(f"{trajectories[-1].message}; what was recorded is in {results[-1][0]}", err=True)
        return 130
    summaries = summarise(trajectories)
    if as_json:
        report = {"experiment": plan.experiment.fields(), "regime": judged.to_dict(), "findings": findings,
                  "schedules": [summary.to_dict() for summary in summaries], "runs": [str(path) for path, _ in results]}
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    elif not quiet:
        show(summary_tables(summaries))
        for path, _ in results:
            typer.echo(f"run: {path}")
    for finding in findings:
        typer.echo(f"finding: {finding}", err=True)
    return 1 if findings else 0


def _findings(trajectories: Sequence[Trajectory]) -> list[str]:
    """Diverged runs, and orders that are not as predicted although the regime holds."""
    from theory_sim.observe.learning_order import learning_order
    from theory_sim.regime import regime

    findings = []
    for trajectory in trajectories:
        name = trajectory.experiment.run_name
        if trajectory.outcome == "diverged":
            findings.append(f"{name} diverged: {trajectory.message}")
            continue
        expected = regime(trajectory.experiment)
        predicted = expected.predicted_order.get(trajectory.experiment.schedule)
        numerics = any(not c.holds for c in expected.conditions if c.role == "numerics")
        if trajectory.outcome == "interrupted" or predicted is None or not predicted.holds or predicted.thin or numerics:
            continue
        seen = learning_order(trajectory)
        if seen.order != predicted.expected or not seen.robust:
            findings.append(f"{name}: {seen.order}{'' if seen.robust else ', not robust'}, though the regime holds and "
                            f"predicts {predicted.expected}")
    return findings


@app.command()
def show(runs: Runs, as_json: Json = False) -> None:
    """Print the tables of saved runs."""
    from theory_sim.study.over_seeds import summarise
    from theory_sim.trajectory import Trajectory

    summaries = summarise([Trajectory.load(path) for path in runs])
    if as_json:
        typer.echo(json.dumps([summary.to_dict() for summary in summaries], indent=2, allow_nan=False))
        return
    from theory_sim.tables import show, summary_tables

    show(summary_tables(summaries))


@plot.command("learning-order")
def plot_learning_order_command(
    runs: Runs, output: Output = Path("learning-order.png"), level: float = 0.45, force: Force = False
) -> None:
    """Training loss of each kind against tau, one panel a schedule."""
    from theory_sim.plots.learning_order import plot_learning_order
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_learning_order([Trajectory.load(p) for p in runs], level=level), output, force=force))


@plot.command("decomposition")
def plot_decomposition_command(runs: Runs, output: Output = Path("decomposition.png"), force: Force = False) -> None:
    """Norms of signal and accumulated noise against tau, and the noise beside its exact recursion."""
    from theory_sim.plots.decomposition import plot_decomposition
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_decomposition([Trajectory.load(p) for p in runs]), output, force=force))


@app.command()
def presets(
    toml: Annotated[str | None, typer.Option(help="Print this preset as a file to start from.")] = None,
    as_json: Json = False,
) -> None:
    """List the presets, or print one as TOML."""
    from theory_sim.experiment import Experiment
    from theory_sim.presets import PRESETS

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


@app.command()
def check(
    file: File = None, preset: Preset = None, settings: Settings = None, compare: Compare = None,
    seeds: Seeds = None, as_json: Json = False,
) -> None:
    """Validate an experiment and print its regime, without running it. Warnings do not change the exit status."""
    from theory_sim.regime import regime

    plan = _plan(file, preset, settings, compare, seeds)
    judged = regime(plan.experiment)
    if as_json:
        typer.echo(json.dumps({"experiment": plan.experiment.fields(), "runs": [e.run_name for e in plan],
                               "regime": judged.to_dict()}, indent=2, allow_nan=False))
        return
    from theory_sim.tables import regime_table, show

    show(regime_table(judged), f"valid: {len(plan)} run(s), {', '.join(e.run_name for e in plan)}")


def main() -> None:
    """Entry point: errors of ours become one message and exit status 2."""
    try:
        app(standalone_mode=True)
    except MemoryError as error:
        typer.echo(f"theory-sim: {error or 'out of memory'}\n  rule: data (N x d) and weights (m x d) are held in memory\n"
                   "  mend: lower d, N, m_W, m_V or n_test", err=True)
        sys.exit(2)
    except Exception as error:
        from theory_sim.errors import TheorySimError

        if not isinstance(error, TheorySimError):
            raise
        typer.echo(f"theory-sim: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
