"""Commands on a user's experiment: check, suggest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofs_check.cli.app import app
from proofs_check.cli.described import Described, describe
from theory_sim.terminal.headings import command_on, experiment_heading
from theory_sim.terminal.output import (
    Force,
    OutFile,
    Output,
    Part,
    Result,
    TextJsonCsv,
    Verbose,
    format_option,
    hanging,
    with_command,
)
from theory_sim.terminal.wrapping import filled

if TYPE_CHECKING:
    from proofs_check.constants import ConstantsReport
    from theory_sim.experiment import Experiment

File = Annotated[Path | None, typer.Argument(help="Experiment in TOML; left out, the preset.")]
AnyFile = Annotated[Path | None, typer.Argument(help="Experiment, plan or sweep in TOML; left out, the preset.")]
PresetName = Annotated[str | None, typer.Option("--preset", help="Preset to start from instead of a file (default: default).")]


@app.command()
def check(
    file: AnyFile = None, preset: PresetName = None, verbose: Verbose = False, form: TextJsonCsv = "text", out: OutFile = None,
    force: Force = False,
) -> None:
    """Hold an experiment against the theorem's conditions; exit status 1 if its mechanism does not apply.

    Of a sweep each place, a line each; status 1 unless it applies at all of them.
    """
    from proofs_check.constants import check_constants
    from theory_sim.terminal.progress import count_progress

    output = Output(form, out, force=force)
    described = describe(file, preset)
    reports = []
    with count_progress(f"checking {described.name}", len(described.places)) as begin:
        for place, experiment in described.places:
            begin(", ".join(f"{field} = {value}" for field, value in place.items()) or experiment.schedule)
            reports.append(check_constants(experiment))
    output.put(_of_sweep(described, reports, file) if described.sweep else _of_one(reports[0], file, preset, verbose=verbose))
    raise typer.Exit(0 if all(report.applies for report in reports) else 1)


def _of_one(report: ConstantsReport, file: Path | None, preset: str | None, *, verbose: bool) -> Result:
    """One experiment: the conditions, what is predicted, and what to change."""
    from proofs_check.suggestion.changes import changes
    from proofs_check.suggestion.single import single_change
    from theory_sim.terminal.progress import time_progress

    with time_progress(f"looking for one change of {report.experiment.name} that makes the mechanism apply"):
        there = None if report.applies else single_change(report.experiment)
    moved = [] if there is None else changes(report.experiment, there)

    def text() -> list[Part]:
        from proofs_check.constants_text import heading, write_lines, write_prediction
        from theory_sim.terminal.regime_tables import conditions_table

        lines = [*(write_lines(report) if verbose else write_prediction(report)), *_advice(report, moved)]
        title = experiment_heading(report.experiment.name, file, preset)
        return [hanging("", f"{heading(report, title)}\n", 0), conditions_table(report.regime, verbose=verbose),
                *(hanging("", line, 0) for line in ("", *lines)), *_further(report, file, preset)]

    fields = {"suggestion": [{"field": each.field, "before": each.before, "after": each.after} for each in moved]}

    return Result("proofs-check.check", lambda: {**report.to_dict(), **fields}, text, report.regime.table)


def _further(report: ConstantsReport, file: Path | None, preset: str | None) -> Iterator[str]:
    """Which command to type next."""
    from theory_sim.scope import uncovered

    if not report.applies and not uncovered(report.experiment):
        yield with_command("to try several changes at once, which may find none:",
                           command_on("proofs-check suggest", file, preset, ["--conditions", "deciding"]))
    if report.arms:
        both = ",".join(arm.schedule for arm in report.arms)
        yield with_command("to see it in a simulation:", command_on("theory-sim run", file, preset, ["--compare", both]))


def _advice(report: ConstantsReport, moved: list[Any]) -> Iterator[str]:
    """What to change, which has been tried."""
    if report.applies:
        return
    from proofs_check.suggestion.single import tried
    from theory_sim.scope import uncovered

    if left_out := uncovered(report.experiment):
        yield f"\nno parameter that is moved makes it apply: {'; '.join(left_out)}"
        return
    if moved:
        yield f"\nit applies with {' and '.join(map(str, moved))}; this was tried"
    else:
        yield f"\nno single change was found that makes it apply. Tried: {tried(report.experiment)}"


def _of_sweep(described: Described, reports: list[ConstantsReport], file: Path | None) -> Result:
    """A row a place: what varies there, whether the mechanism applies, and what fails."""
    varied = list(dict.fromkeys(field for place, _ in described.places for field in place))
    rows = [{**{field: place.get(field) for field in varied}, "applies": report.applies,
             **{f"margin {name}": report.regime.predicted_order[name].margin if name in report.regime.predicted_order else None
                for name in ("L-S", "S")},
             "fails": " ".join(row.id for row in report.regime.conditions if not row.holds)}
            for (place, _), report in zip(described.places, reports, strict=True)]

    def text() -> list[Part]:
        from proofs_check.constants_text import places_table

        return [places_table(described.name, varied, rows),
                with_command("to see it in simulations:", command_on("theory-sim sweep run", file))]

    applies = all(report.applies for report in reports)
    return Result("proofs-check.check", lambda: {"sweep": described.name, "applies": applies, "places": [
        {"place": place, **report.to_dict()} for (place, _), report in zip(described.places, reports, strict=True)
    ]}, text, lambda: rows)


@app.command()
def suggest(
    file: File = None, preset: PresetName = None,
    conditions: Annotated[str, typer.Option(help="Meet all conditions, or the deciding ones.")] = "all",
    form: Annotated[str, format_option("toml", "json", "csv")] = "toml", out: OutFile = None, force: Force = False,
) -> None:
    """Print the nearest experiment to which the theorem's mechanism applies, as a file; N and g0 are kept."""
    from proofs_check.constants import check_constants
    from proofs_check.suggestion.changes import changes
    from proofs_check.suggestion.search import suggest as nearest
    from theory_sim.experiment.section import derived_name
    from theory_sim.terminal.progress import time_progress

    output = Output(form, out, force=force)
    experiment = _one_of(describe(file, preset))
    with time_progress(f"looking for the experiment nearest to {experiment.name} that meets the conditions"):
        near = nearest(experiment, conditions=conditions)  # type: ignore[arg-type]
    found, moved = check_constants(near), changes(experiment, near)
    if moved:  # or its runs would be taken for those of the first
        near = near.replace(name=derived_name(near.name, "suggested" if conditions == "all" else f"suggested-{conditions}"))

    def toml() -> str:
        import tomli_w

        lines = [f"# {each}" for each in moved] or ["# nothing is to move"]
        verdict = [part for line in found.verdict.splitlines() for part in filled(line, 78, first="# ", later="#   ")]
        return "\n".join([f"# Nearest to {experiment.name}, conditions: {conditions}; tried:", *verdict, "# Moved:", *lines, "",
                          tomli_w.dumps(near.fields())])

    rows = [{"field": each.field, "before": each.before, "after": each.after} for each in moved]
    output.put(Result("proofs-check.suggestion", lambda: {
        "conditions": conditions, "applies": found.applies, "moved": rows, "experiment": near.fields(),
    }, table=lambda: rows, columns=("field", "before", "after"), others={"toml": toml}))
    if form == "toml":
        saved = out or Path("near.toml")
        output.step("to see it in a simulation:" if out else f"with --out {saved} it is a file to simulate:",
                    command_on("theory-sim run", saved, options=["--compare", "L-S,S"]))
    raise typer.Exit(0 if found.applies else 1)


def _one_of(described: Described) -> Experiment:
    """The experiment of a description that has one."""
    from theory_sim.errors import InputError

    if len(described.places) > 1:
        raise InputError(f"the sweep {described.name}, with {len(described.places)} experiments",
                         "one experiment to start from",
                         "proofs-check check says where the mechanism applies; give a file of one place alone")
    return described.places[0][1]
