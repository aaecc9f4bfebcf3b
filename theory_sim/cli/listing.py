"""Commands on what can be chosen by name: list, preset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from theory_sim.cli.app import app
from theory_sim.terminal.output import (
    Force,
    OutFile,
    Output,
    Result,
    TextJsonCsv,
    format_option,
    hanging,
)

Rows = list[tuple[str, str]]


def _presets() -> Rows:
    from theory_sim.experiment.presets import PRESETS

    return [(name, preset.summary) for name, preset in PRESETS.items()]


def _studies() -> Rows:
    from theory_sim.studies.registry import STUDIES

    return STUDIES.rows()


def _schedules() -> Rows:
    from theory_sim.experiment.choices import SCHEDULES

    return SCHEDULES.rows()


def _placements() -> Rows:
    from theory_sim.experiment.choices import PLACEMENTS

    return PLACEMENTS.rows()


def _observers() -> Rows:
    from theory_sim.experiment.choices import OBSERVERS

    return OBSERVERS.rows()


def _engines() -> Rows:
    from theory_sim.engines import ENGINES

    return ENGINES.rows()


def _executors() -> Rows:
    from theory_sim.sweeps.executors.base import EXECUTORS

    return EXECUTORS.rows()


def _plots() -> Rows:
    from theory_sim.plots.registry import PLOTS

    return PLOTS.rows()


KINDS: dict[str, Callable[[], Rows]] = {
    "presets": _presets, "studies": _studies, "schedules": _schedules, "placements": _placements, "observers": _observers,
    "engines": _engines, "executors": _executors, "plots": _plots,
}


@app.command("list")
def list_command(
    what: Annotated[str, typer.Argument(
        metavar=f"[{'|'.join(KINDS)}]", help="What to list.",
        autocompletion=lambda incomplete: [kind for kind in KINDS if kind.startswith(incomplete)],
    )] = "presets",
    form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """List what can be chosen by name: presets, studies, schedules, engines, ..."""
    from theory_sim.errors import InputError, shown

    if what not in KINDS:
        raise InputError(f"list {shown(what)}", f"one of {', '.join(KINDS)}", "choose one of these")
    output = Output(form, out, force=force)
    output.put(_listed_studies() if what == "studies" else _listed(what))


def _listed(what: str) -> Result:
    rows = KINDS[what]()
    indent = max(len(name) for name, _ in rows) + 2
    table = [{"name": name, "summary": summary} for name, summary in rows]
    return Result("theory_sim.list", lambda: {"kind": what, "rows": table},
                  lambda: [hanging(name, summary, indent) for name, summary in rows], lambda: table)


def _listed_studies() -> Result:
    from theory_sim.studies.registry import STUDIES
    from theory_sim.studies.study import SIZES
    from theory_sim.terminal.study_tables import studies_table

    def rows() -> list[dict[str, Any]]:
        return [{"name": study.name, "summary": study.question, "source": study.source, "statement": study.statement,
                 **{f"{size} {what}": count for size in SIZES
                    for what, count in (("runs", study.runs(size)), ("seconds", study.seconds[size]))}} for study in STUDIES]

    return Result("theory_sim.list", lambda: {"kind": "studies", "rows": rows()}, lambda: [studies_table()], rows)


@app.command("preset")
def preset_command(
    name: Annotated[str, typer.Argument(help="Preset, as `list presets` names it.")] = "default",
    form: Annotated[str, format_option("toml", "json")] = "toml", out: OutFile = None, force: Force = False,
) -> None:
    """Print a preset as a file to start from."""
    from theory_sim.experiment import Experiment

    output = Output(form, out, force=force)
    fields = Experiment.preset(name).fields()

    def toml() -> str:
        import tomli_w

        return tomli_w.dumps(fields)

    output.put(Result("theory_sim.experiment", lambda: {"experiment": fields}, others={"toml": toml}))
