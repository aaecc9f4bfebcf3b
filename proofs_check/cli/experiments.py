"""Commands on a user's experiment: check, suggest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofs_check.cli.app import app
from theory_sim.terminal.output import Force, OutFile, Output, Part, Result, TextJsonCsv, format_option, hanging

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment

File = Annotated[Path | None, typer.Argument(help="Experiment in TOML; left out, the preset.")]
PresetName = Annotated[str | None, typer.Option("--preset", help="Preset to start from instead of a file (default: default).")]


def _experiment(file: Path | None, preset: str | None) -> Experiment:
    from theory_sim.errors import InputError
    from theory_sim.experiment import Experiment
    from theory_sim.sweeps.plan import Plan

    if file is not None and preset is not None:
        raise InputError(f"the file {file} and --preset {preset}", "one experiment", "leave one of the two out")
    # A plan is one experiment too: what its runs differ in, schedule and seed, is nothing that the conditions read.
    return Plan.from_toml(file).experiment if file is not None else Experiment.preset(preset or "default")


@app.command()
def check(
    file: File = None, preset: PresetName = None, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False
) -> None:
    """Hold an experiment against the theorem's conditions; exit status 1 if its mechanism does not apply."""
    from proofs_check.constants import check_constants

    output = Output(form, out, force=force)
    report = check_constants(_experiment(file, preset))

    def text() -> list[Part]:
        from proofs_check.constants_text import write_lines
        from theory_sim.terminal.tables import conditions_table

        return [conditions_table(report.regime), *(hanging("", line, 0) for line in write_lines(report))]

    output.put(Result("proofs-check.check", report.to_dict, text, report.regime.table))
    raise typer.Exit(0 if report.applies else 1)


@app.command()
def suggest(
    file: File = None, preset: PresetName = None,
    conditions: Annotated[str, typer.Option(help="Meet all conditions, or the deciding ones.")] = "all",
    form: Annotated[str, format_option("toml", "json", "csv")] = "toml", out: OutFile = None, force: Force = False,
) -> None:
    """Print the nearest experiment to which the theorem's mechanism applies, as a file; N and g0 are kept."""
    from proofs_check.constants import check_constants
    from proofs_check.suggestion.search import suggest as nearest
    from theory_sim.terminal.progress import time_progress

    output = Output(form, out, force=force)
    experiment = _experiment(file, preset)
    with time_progress("looking for the nearest experiment that meets the conditions"):
        near = nearest(experiment, conditions=conditions)  # type: ignore[arg-type]
    found = check_constants(near)
    old = experiment.fields()
    old["N"] = experiment.n_examples  # given by kappa or not, it is kept
    moved = [{"field": name, "before": old.get(name), "after": value} for name, value in near.fields().items()
             if old.get(name) != value]

    def toml() -> str:
        import tomli_w

        before = {each["field"]: f" (before: {each['before']})" if each["before"] is not None else "" for each in moved}
        lines = [f"# {each['field']} = {each['after']}{before[each['field']]}" for each in moved] or ["# nothing is to move"]
        verdict = [f"# {line}" for line in found.verdict.splitlines()]
        return "\n".join([*verdict, "# Moved:", *lines, "", tomli_w.dumps(near.fields())])

    output.put(Result("proofs-check.suggestion", lambda: {
        "conditions": conditions, "applies": found.applies, "moved": moved, "experiment": near.fields(),
    }, table=lambda: moved, columns=("field", "before", "after"), others={"toml": toml}))
    raise typer.Exit(0 if found.applies else 1)
