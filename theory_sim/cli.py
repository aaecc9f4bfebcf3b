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

    from theory_sim.regime import Regime
    from theory_sim.study.engine import Engine
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
EngineName = Annotated[str, typer.Option("--engine", help="finite: finite width; limit: infinite width; closure: its closure.")]
Kernel = Annotated[str | None, typer.Option(help="Limit: patterns moving (default), frozen (NTK), independent.")]
NoiseOutput = Annotated[str | None, typer.Option("--noise", help="Limit: noise output vanishing (default), sampled.")]
Time = Annotated[str | None, typer.Option("--time", help="Limit: the run's own steps (default), flow (adaptive).")]
Spatial = Annotated[str | None, typer.Option(help="Limit: exact (default), every pair of patches; mean, O(N d) a step.")]
Tolerance = Annotated[float | None, typer.Option(help="Limit: largest error of the compressed kernel (default 1e-8).")]
TimeTolerance = Annotated[float | None, typer.Option(help="Limit, flow: largest error a step (default 1e-4).")]
Observe = Annotated[list[str] | None, typer.Option(
    metavar="NAME[:TIMES[,probes=n]]",
    help="Record more; repeatable. NAME: patterns, kernels, gradients. "
         "TIMES: every_steps=n, log_steps=n, every_tau=x, at_tau=x/y/z.",
)]
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


def _observe(texts: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    from theory_sim.errors import InputError

    observe: dict[str, dict[str, Any]] = {}
    for text in texts or ():
        name, _, options = text.partition(":")
        fields: dict[str, Any] = {}
        for option in filter(None, options.split(",")):
            key, equals, value = option.partition("=")
            try:
                if key == "at_tau":
                    fields[key] = [float(part) for part in value.split("/")]
                else:
                    fields[key] = float(value) if key == "every_tau" else int(value)
            except ValueError:
                equals = ""
            if not equals:
                raise InputError(f"--observe {text}", "NAME, or NAME:key=value,key=value with numbers",
                                 "such as --observe kernels:every_tau=25,probes=100")
        observe[name.strip()] = fields
    return observe


def _engine(name: str, **options: Any) -> Engine:
    from theory_sim.study.engine import Engine

    return Engine(name, {key: value for key, value in options.items() if value is not None})


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
    file: Path | None, preset: str | None, settings: Sequence[str] | None, compare: str | None, seeds: str | None,
    observe: Sequence[str] | None = None,
) -> Plan:
    from theory_sim.errors import InputError
    from theory_sim.experiment import Experiment
    from theory_sim.study.plan import Plan

    changes = _settings(settings)
    if observe:
        changes["observe"] = _observe(observe)
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
    seeds: Seeds = None, engine: EngineName = "finite", kernel: Kernel = None, noise: NoiseOutput = None, time: Time = None,
    spatial: Spatial = None, tolerance: Tolerance = None, time_tolerance: TimeTolerance = None, observe: Observe = None,
    threads: Threads = None, out: Out = Path("runs"), force: Force = False, quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Simulate an experiment: print its regime, run every schedule and seed, save, and print what was learnt when.

    Interrupted, a run can be gone on with: theory-sim resume.
    """
    chosen = _engine(engine, kernel=kernel, noise=noise, time=time, spatial=spatial, tolerance=tolerance,
                     time_tolerance=time_tolerance)
    plan = _plan(file, preset, settings, compare, seeds, observe)
    raise typer.Exit(_run_and_report(plan, chosen, out, "replace" if force else "refuse", threads, quiet, as_json))


@app.command()
def resume(
    runs: Annotated[list[Path], typer.Argument(help="Runs that were interrupted, as named by `run`.")],
    threads: Threads = None,
    any_version: Annotated[bool, typer.Option("--any-version", help="Even with other libraries or another processor.")] = False,
    quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Go on with interrupted runs, to the bitwise same result, and print what was learnt when."""
    from theory_sim.resume import resume
    from theory_sim.study.over_seeds import summarise

    trajectories = []
    for path in runs:
        trajectories.append(resume(path, threads=threads, any_version=any_version))
        if trajectories[-1].outcome == "interrupted":
            typer.echo(f"{trajectories[-1].message}; go on with: theory-sim resume {path}", err=True)
            raise typer.Exit(130)
    if as_json:
        typer.echo(json.dumps([summary.to_dict() for summary in summarise(trajectories)], indent=2, allow_nan=False))
    elif not quiet:
        from theory_sim.tables import show, summary_tables

        show(summary_tables(summarise(trajectories)))
    findings = _findings(trajectories)
    for finding in findings:
        typer.echo(f"finding: {finding}", err=True)
    raise typer.Exit(1 if findings else 0)


@app.command()
def demo(
    seeds: Seeds = "0:5", threads: Threads = None, out: Out = Path("runs"),
    figures: Annotated[Path, typer.Option(help="Folder for figures.")] = Path("figures"), force: Force = False,
    quiet: Quiet = False, as_json: Json = False,
) -> None:
    """The main job: the default preset under L-S and S on the same data, tables and figures.

    Runs that are already there are read, not run again, and unfinished ones gone on with; figures that are there are
    replaced. Last comes the same preset in the infinite-width limit.
    """
    from theory_sim.plots.decomposition import plot_decomposition
    from theory_sim.plots.learning_order import plot_learning_order
    from theory_sim.plots.style import save_figure
    from theory_sim.study.engine import Engine

    plan = _plan(None, None, None, "L-S,S", seeds)
    status = _run_and_report(plan, Engine(), out, "replace" if force else "reuse", threads, quiet, as_json)
    if status == 130:
        raise typer.Exit(status)
    from theory_sim.trajectory import Trajectory

    trajectories = [Trajectory.load(out / experiment.run_name) for experiment in plan]
    for name, draw in (("learning-order", plot_learning_order), ("decomposition", plot_decomposition)):
        for suffix in ("png", "svg", "pdf"):
            path = save_figure(draw(trajectories), figures / f"{name}.{suffix}", force=True)
            if not (quiet or as_json):
                typer.echo(f"figure: {path}")
    if not (quiet or as_json):
        _demo_in_the_limit(plan, threads)
    raise typer.Exit(status)


def _demo_in_the_limit(plan: Plan, threads: int | None) -> None:
    """One line: what the same runs learn when the width is infinite, and how long that took."""
    from theory_sim.limit.solve import solve_limit
    from theory_sim.observe.learning_order import learning_order

    said, seconds = [], 0.0
    for schedule in plan.compare:
        runs = [solve_limit(each, time="flow" if schedule == "S" else "steps", threads=threads)
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
    from theory_sim.progress import run_progress
    from theory_sim.regime import regime
    from theory_sim.study.over_seeds import summarise
    from theory_sim.study.run_plan import run_plan

    def regime_of(schedule: str) -> Regime:
        return regime(plan.experiment.replace(schedule=schedule), infinite_width=engine.name != "finite")

    judged = regime_of(plan.compare[0])
    if not (quiet or as_json):
        from theory_sim.tables import regime_table, show, summary_tables

        show(regime_table(judged))
        for other in plan.compare[1:]:
            for warning in regime_of(other).warnings:
                if warning not in judged.warnings:
                    show(f"warning: {warning}")
    with run_progress(plan, shown=not (quiet or as_json)) as progress:
        results = run_plan(plan, out, engine=engine, existing=existing, threads=threads, progress=progress)
    trajectories = [trajectory for _, trajectory in results]
    findings = _findings(trajectories)
    if trajectories[-1].outcome == "interrupted":
        typer.echo(f"{trajectories[-1].message}; go on with: theory-sim resume {results[-1][0]}", err=True)
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


def _findings(trajectories: Sequence[Trajectory]) -> list[str]:
    """Diverged runs, and orders that are not as predicted although the regime holds."""
    from theory_sim.observe.learning_order import learning_order
    from theory_sim.regime import regime
    from theory_sim.study.engine import Engine

    findings = []
    for trajectory in trajectories:
        engine = Engine.of(trajectory)
        name = engine.run_name(trajectory.experiment)
        if trajectory.outcome == "diverged":
            findings.append(f"{name} diverged: {trajectory.message}")
            continue
        expected = regime(trajectory.experiment, infinite_width=engine.name != "finite")
        predicted = expected.predicted_order.get(trajectory.experiment.schedule)
        # The prediction is for moving patterns; what only a finite width gets wrong does not excuse the limit.
        if engine.options.get("kernel", "moving") != "moving" or trajectory.experiment.network != "split":
            continue
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


@plot.command("width")
def plot_width_command(runs: Runs, output: Output = Path("width.png"), force: Force = False) -> None:
    """Difference between finite widths and the limit on the same data, against the width."""
    from theory_sim.plots.style import save_figure
    from theory_sim.plots.width import plot_width
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_width([Trajectory.load(p) for p in runs]), output, force=force))


@plot.command("kernel-drift")
def plot_kernel_drift_command(
    runs: Runs, output: Output = Path("kernel-drift.png"), feature: str = "Q", force: Force = False
) -> None:
    """Drift of the kernel over pairs of times: equal-time beside two-time, measured beside predicted."""
    from theory_sim.plots.kernel_drift import plot_kernel_drift
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_kernel_drift([Trajectory.load(p) for p in runs], feature=feature), output, force=force))


@plot.command("patterns")
def plot_patterns_command(runs: Runs, output: Output = Path("patterns.png"), force: Force = False) -> None:
    """Share of activation patterns that have flipped, measured and predicted, against tau."""
    from theory_sim.plots.patterns import plot_patterns
    from theory_sim.plots.style import save_figure
    from theory_sim.trajectory import Trajectory

    typer.echo(save_figure(plot_patterns([Trajectory.load(p) for p in runs]), output, force=force))


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
