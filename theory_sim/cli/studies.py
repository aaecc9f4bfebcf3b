"""The command that answers reviewers' questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from theory_sim.cli.app import app
from theory_sim.cli.interrupted import interruptible, typed
from theory_sim.cli.options import Quiet
from theory_sim.cli.sweeps import AnyVersion, ExecutorName, OwnThreads, WithExecutors, Workers

if TYPE_CHECKING:
    from theory_sim.studies.run_study import StudyResult

FORMATS = ("text", "json", "csv", "markdown")


@app.command("study", cls=WithExecutors)
def study_command(
    name: Annotated[str | None, typer.Argument(help="Study, or all.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Print every study with its question and cost.")] = False,
    size: Annotated[str, typer.Option(help="small (seconds), default (at most 10 minutes on 2 processors), full.")] = "default",
    out: Annotated[Path, typer.Option(help="Folder for studies.")] = Path("studies"),
    workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None,
    form: Annotated[str, typer.Option("--format", help=f"What is printed: {', '.join(FORMATS)}.")] = "text",
    any_version: AnyVersion = False, quiet: Quiet = False,
) -> None:
    """Compute a study into OUT/<name>-<size>, or continue it; table.csv, verdict.json and figure.svg stand beside the runs.

    Exit status 1 if a run failed or the study's statement is refuted; 0 if it is supported or undecided.
    """
    from theory_sim.errors import InputError
    from theory_sim.studies.registry import get_study, study_names
    from theory_sim.studies.study import require_size

    if form not in FORMATS:
        raise InputError(f"--format {form}", f"one of {', '.join(FORMATS)}", "choose one of these")
    if listed:
        if name is not None:
            raise InputError(f"study {name} with --list", "--list describes all of them", "leave one of the two out")
        _list(form)
        return
    if name is None:
        raise InputError("no study", f"one of {', '.join(study_names())}, or all", "theory-sim study --list describes them")
    chosen = study_names() if name == "all" else [name]
    for each in chosen:
        get_study(each)
    require_size(size)
    against = False
    for each in chosen:
        with interruptible(lambda: f"finished runs are kept; continue with: {typed()}"):
            result = _run(each, size, out, workers, threads, executor, any_version, shown=not quiet and form == "text")
        if result.verdict is None:
            total = result.done + result.pending + result.failed
            typer.echo(f"{result.done} of {total} runs done; continue with: {typed()}", err=True)
            raise typer.Exit(130)
        _print(result, form, quiet)
        against |= result.verdict.verdict == "refuted" or result.failed > 0
    raise typer.Exit(1 if against else 0)


def _run(
    name: str, size: str, out: Path, workers: int | None, threads: int | None, executor: str | None, any_version: bool, *,
    shown: bool,
) -> StudyResult:
    from theory_sim.plots.style import save_figure
    from theory_sim.studies.run_study import run_study
    from theory_sim.terminal.progress import sweep_progress

    result = run_study(name, size=size, out=out, workers=workers, threads=threads, executor=executor,
                       any_version=any_version, watch=lambda label, total: sweep_progress(label, total, shown=shown))
    if result.table is not None:
        for suffix in ("svg", "png"):
            save_figure(result.study.plot(result.table), result.folder / f"figure.{suffix}", force=True)
    return result


def _list(form: str) -> None:
    from theory_sim.studies.registry import get_study, study_names
    from theory_sim.studies.study import SIZES

    if form == "json":
        listed_studies = [{"name": study.name, "question": study.question, "source": study.source, "statement": study.statement,
                 "sizes": {size: {"runs": study.runs(size), "seconds": study.seconds[size]} for size in SIZES}}
                for study in map(get_study, study_names())]
        typer.echo(json.dumps(listed_studies, indent=2))
        return
    if form != "text":
        from theory_sim.errors import InputError

        raise InputError(f"--list with --format {form}", "text or json", "choose one of these")
    from theory_sim.terminal.study_tables import studies_table
    from theory_sim.terminal.tables import show

    show(studies_table())


def _print(result: StudyResult, form: str, quiet: bool) -> None:
    assert result.table is not None and result.verdict is not None
    if form == "json":
        typer.echo(json.dumps(result.to_dict(), indent=2))
    elif form == "csv":
        typer.echo(result.table.to_csv(index=False), nl=False)
    elif form == "markdown":
        from theory_sim.terminal.study_tables import markdown

        typer.echo(markdown(result.table, result.verdict), nl=False)
    elif not quiet:
        from theory_sim.terminal.study_tables import study_table
        from theory_sim.terminal.tables import show

        show(study_table(result))
        typer.echo(f"study: {result.folder}")
    if result.failed or result.diverged:
        typer.echo(f"finding: {result.failed} runs failed, {result.diverged} diverged", err=True)
    if result.verdict.verdict == "refuted":
        typer.echo(f"finding: {result.study.name}: its statement is refuted", err=True)
