"""The command that answers reviewers' questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theory_sim.cli.app import app
from theory_sim.cli.interrupted import interruptible, typed
from theory_sim.cli.options import Quiet, parse_seeds_option
from theory_sim.cli.sweeps import AnyVersion, ExecutorName, OwnThreads, Scheduler, WithExecutors, Workers, placed
from theory_sim.terminal.output import Output, Result, format_option
from theory_sim.terminal.wrapping import say_aside, say_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from theory_sim.studies.run_study import StudyResult
    from theory_sim.studies.study import StudyVerdict


@app.command("study", cls=WithExecutors)
def study_command(
    name: Annotated[str | None, typer.Argument(help="Study, as `list studies` names it, or all.")] = None,
    size: Annotated[str, typer.Option(help="small (seconds), default (at most 10 minutes on 2 processors), full.")] = "default",
    seeds: Annotated[str | None, typer.Option(
        "--seeds", metavar="LIST", help="Data sets in place of the study's own, such as 900:910, into a folder of their own.",
    )] = None,
    compare: Annotated[bool, typer.Option(
        "--compare", help="Show, part by part, the stored answer of the default size beside this one.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for studies.")] = Path("studies"),
    workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None, scheduler: Scheduler = None,
    form: Annotated[str, format_option("text", "json", "csv", "markdown")] = "text",
    any_version: AnyVersion = False, quiet: Quiet = False,
    listed: Annotated[bool, typer.Option("--list", help="List the studies, as `list studies` does, and run none.")] = False,
) -> None:
    """Compute a study into OUT/<name>-<size>, or continue it; runs.csv, table.csv, verdict.json and a figure stand there.

    Exit status 1 if a run failed or the study's statement is refuted; 0 if it is supported or undecided.
    """
    from theory_sim.errors import InputError
    from theory_sim.studies.comparison import stored_answer
    from theory_sim.studies.registry import get_study, study_names
    from theory_sim.studies.study import require_size
    from theory_sim.vision.studies.base import IMAGE_STUDIES

    if listed:
        if name is not None:
            raise InputError(f"study {name} with --list", "either of them", "leave one of the two out")
        _list(form, quiet=quiet)
        return
    if name is None:
        raise InputError("no study", f"one of {', '.join(study_names())}, or all", "theory-sim list studies describes them")
    if name in IMAGE_STUDIES.names():
        raise InputError(f"study {name}, which is on images", f"one of {', '.join(study_names())}, or all",
                         f"theory-sim vision study {name}")
    chosen = study_names() if name == "all" else [name]
    for each in chosen:
        get_study(each)
    require_size(size)
    data_sets = parse_seeds_option(seeds)
    answers = {each: stored_answer(get_study(each))[0] for each in chosen} if compare else {}
    if form == "csv" and len(chosen) > 1:
        raise InputError("--format csv with all studies", "one table, and each study has columns of its own",
                         "name one study, or read each one's table.csv")
    output = Output(form, quiet=quiet)
    results: list[StudyResult] = []
    for each in chosen:
        with interruptible(lambda: [("finished runs are kept; continue with:", typed())]):
            result = _run(each, size, data_sets, out, workers, threads, placed(executor, scheduler), any_version,
                          shown=not quiet)
        if result.verdict is None:
            total = result.done + result.pending + result.failed
            say_steps([(f"{result.done} of {total} runs done; continue with:", typed())])
            raise typer.Exit(130)
        _say(result, output, answers.get(each))
        results.append(result)
    output.put(_comparison(results, answers) if compare else _result(results))
    findings = [finding for result in results for finding in _findings(result)]
    for finding in findings:
        say_aside(f"finding: {finding}")
    against = any(result.failed or (result.verdict and result.verdict.verdict == "refuted") for result in results)
    raise typer.Exit(1 if against else 0)


def _list(form: str, *, quiet: bool) -> None:
    from theory_sim.cli.listing import list_studies
    from theory_sim.errors import InputError

    if form == "markdown":
        raise InputError("--list with --format markdown", "text, json or csv", "leave one of the two out")
    Output(form, quiet=quiet).put(list_studies())


def _run(
    name: str, size: str, seeds: list[int] | None, out: Path, workers: int | None, threads: int | None, executor: str | None,
    any_version: bool, *, shown: bool,
) -> StudyResult:
    from theory_sim.plots.style import save_figure
    from theory_sim.studies.run_study import run_study
    from theory_sim.terminal.progress import sweep_progress

    result = run_study(name, size=size, seeds=seeds, out=out, workers=workers, threads=threads, executor=executor,
                       any_version=any_version, watch=lambda label, total: sweep_progress(label, total, shown=shown))
    if result.table is not None:
        for suffix in ("svg", "png"):
            save_figure(result.study.plot(result.table), result.folder / f"figure.{suffix}", force=True)
    return result


def _say(result: StudyResult, output: Output, stored: StudyVerdict | None) -> None:
    if output.shows_text:
        from theory_sim.terminal.study_tables import comparison_lines, study_table

        shown = study_table(result) if stored is None else comparison_lines(result, stored)
        output.say(shown, f"study: {result.folder}")


def _comparison(results: Sequence[StudyResult], answers: Mapping[str, StudyVerdict]) -> Result:
    from theory_sim.storage.plain import make_plain
    from theory_sim.studies.comparison import compare_findings
    from theory_sim.terminal.study_tables import comparison_markdown

    def rows(result: StudyResult) -> list[dict[str, Any]]:
        assert result.verdict is not None
        return [each.to_dict() for each in compare_findings(answers[result.study.name], result.verdict)]

    def fields() -> dict[str, Any]:
        return {"studies": [{"study": each.study.name, "stored verdict": answers[each.study.name].verdict,
                             "fresh verdict": each.verdict.verdict if each.verdict else None, "parts": make_plain(rows(each))}
                            for each in results]}

    return Result("theory-sim.study-comparison", fields, table=lambda: rows(results[0]), others={
        "markdown": lambda: "\n".join(comparison_markdown(each.study.name, each.verdict, answers[each.study.name])
                                      for each in results if each.verdict is not None)})


def _result(results: Sequence[StudyResult]) -> Result:
    def csv() -> str:
        (result,) = results
        assert result.table is not None
        return str(result.table.to_csv(index=False))  # byte for byte the study's table.csv

    def markdown() -> str:
        from theory_sim.terminal.study_tables import markdown

        return "\n".join(markdown(each.table, each.verdict) for each in results if each.table is not None and each.verdict)

    def fields() -> dict[str, Any]:
        return {"studies": [each.to_dict() for each in results]}

    return Result("theory-sim.studies", fields, table=csv, others={"markdown": markdown})


def _findings(result: StudyResult) -> list[str]:
    found = []
    if result.failed or result.diverged:
        found.append(f"{result.study.name}: {result.failed} runs failed, {result.diverged} diverged")
    if result.verdict is not None and result.verdict.verdict == "refuted":
        found.append(f"{result.study.name}: its statement is refuted")
    return found
