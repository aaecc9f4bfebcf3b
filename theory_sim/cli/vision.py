"""Commands on real images with a patch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theory_sim.cli.app import vision
from theory_sim.cli.interrupted import interruptible, typed
from theory_sim.cli.options import Quiet, RunsOut
from theory_sim.cli.sweeps import AnyVersion
from theory_sim.terminal.output import Output, Result, TextJsonCsv, format_option, hanging
from theory_sim.terminal.wrapping import say_aside

if TYPE_CHECKING:
    from theory_sim.vision.one_run import Progress

Processes = Annotated[int, typer.Option("--workers", help="Processes, each with one thread; they change no result.")]
StudyName = Annotated[str | None, typer.Argument(help="images or mitigation-on-images.")]
SizeOption = Annotated[str, typer.Option(help="small (a minute, drawn images), default (12 minutes), full (1.5 hours).")]
Source = Annotated[str | None, typer.Option(help="Form of the images (default: cifar-10).")]
DataPath = Annotated[Path | None, typer.Option("--path", metavar="PATH", help="Where the images lie.")]


@vision.command("run")
def run_command(
    file: Annotated[Path, typer.Argument(help="Arms in TOML.")], workers: Processes = 1, any_version: AnyVersion = False,
    out: RunsOut = Path("runs"), quiet: Quiet = False, form: TextJsonCsv = "text",
) -> None:
    """Train every arm of a file with every seed into OUT/<name>-<arm>-seed<k>, and print accuracies on held-out images.

    Interrupted or killed, the same command continues, to the same numbers.
    """
    from theory_sim.vision import VisionPlan

    plan = VisionPlan.from_toml(file)
    from theory_sim.vision import run_arms

    output = Output(form, quiet=quiet)
    with interruptible(lambda: [("epochs that were stored are kept; continue with:", typed())]):
        runs = run_arms(plan, out=out, workers=workers, any_version=any_version, progress=_progress(quiet=quiet))
    pairs = [(arm, seed) for arm in plan.arms for seed in plan.seeds]
    rows = [_row(plan.run_name(arm, seed), arm.name, seed, run) for (arm, seed), run in zip(pairs, runs, strict=True)]
    if output.shows_text:
        output.say(_table(f"{plan.name}: accuracy on the images to {plan.data.evaluate}", rows), f"runs: {out}")
    output.put(Result("theory-sim.vision_runs", lambda: {"runs": rows}, table=lambda: rows))
    diverged = [row["run"] for row in rows if row["diverged"]]
    for name in diverged:
        say_aside(f"finding: {name} diverged")
    raise typer.Exit(1 if diverged else 0)


@vision.command("study")
def study_command(
    name: StudyName = None, size: SizeOption = "default", source: Source = None, path: DataPath = None,
    workers: Processes = 2, any_version: AnyVersion = False,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for studies.")] = Path("studies"),
    quiet: Quiet = False, form: Annotated[str, format_option("text", "json", "csv")] = "text",
) -> None:
    """Compute a study on images into OUT/<name>-<size>, or continue it; table.csv, verdict.json and figure.svg are there.

    Exit status 1 if the study's statement is refuted; 0 if it is supported or undecided.
    """
    from theory_sim.errors import InputError
    from theory_sim.studies.study import require_size
    from theory_sim.vision.studies.base import IMAGE_STUDIES

    if name is None:
        raise InputError("no study", f"one of {', '.join(IMAGE_STUDIES.names())}", "such as theory-sim vision study images")
    _ = IMAGE_STUDIES[name]
    require_size(size)
    from theory_sim.plots.style import save_figure
    from theory_sim.vision import run_image_study

    output = Output(form, quiet=quiet)
    with interruptible(lambda: [("epochs that were stored are kept; continue with:", typed())]):
        result = run_image_study(name, size=size, source=source, path=path, out=out, workers=workers,
                                 any_version=any_version, progress=_progress(quiet=quiet))
    for suffix in ("svg", "png"):
        save_figure(result.study.figure(result.table), result.folder / f"figure.{suffix}", force=True)
    if output.shows_text:
        verdict = result.verdict
        lines = [f"{result.study.name}: {result.study.question}",
                 *(f"  {each.verdict}: {each.statement}: {each.reason}" for each in verdict.findings),
                 f"{verdict.verdict} at {verdict.level:.0%}", f"limits: {result.study.limits}"]
        output.say(*(hanging("", line.lstrip(), len(line) - len(line.lstrip())) for line in lines), f"study: {result.folder}")
    output.put(Result("theory-sim.image_study", result.to_dict, table=lambda: str(result.table.to_csv(index=False))))
    refuted = result.verdict.verdict == "refuted"
    if refuted:
        say_aside(f"finding: {name}: its statement is refuted")
    raise typer.Exit(1 if refuted else 0)


def _progress(*, quiet: bool) -> Progress | None:
    def say(name: str, done: int, of: int) -> None:
        typer.echo(f"{name}: {done} of {of} epochs", err=True)

    return None if quiet else say


def _row(name: str, arm: str, seed: int, run: Any) -> dict[str, Any]:
    noted = run.experiment.recorded
    accuracies = {kind: noted[f"accuracy {kind}"] for kind in ("clean", "mixed", "patch-only")}
    return {"run": name, "arm": arm, "seed": seed, **accuracies, "diverged": noted["diverged"]}


def _table(title: str, rows: list[dict[str, Any]]) -> Any:
    from rich.markup import escape

    from theory_sim.terminal.tables import headed_table

    table = headed_table(title, ("arm", "seed", "clean", "mixed", "patch-only"))
    for row in rows:
        table.add_row(escape(row["arm"]), str(row["seed"]), *(f"{row[kind]:.3f}" for kind in ("clean", "mixed", "patch-only")))
    return table
