"""Commands on what can be chosen by name, and on what a file can hold: list, preset, schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from theory_sim.cli.app import app
from theory_sim.terminal.output import Force, OutFile, Output, Result, TextJsonCsv, Verbose, format_option, hanging
from theory_sim.terminal.plain_text import plain_text

__all__ = ["listed_kinds"]


def listed_kinds() -> dict[str, Callable[[], list[tuple[str, str]]]]:
    """What there are lists of, each with a function that gives names and summaries; what a field chooses is among them."""
    from theory_sim.engines import ENGINES
    from theory_sim.experiment.choices import CHOSEN, OBSERVERS
    from theory_sim.plots.registry import PLOTS
    from theory_sim.studies.registry import STUDIES
    from theory_sim.sweeps.executors.base import EXECUTORS

    chosen = {f"{each.kind}{'es' if each.kind.endswith('s') else 's'}": each.rows for each in CHOSEN}
    return {"presets": _presets, "studies": STUDIES.rows, "fields": _fields, **chosen, "observers": OBSERVERS.rows,
            "engines": ENGINES.rows, "executors": EXECUTORS.rows, "plots": PLOTS.rows}


def _presets() -> list[tuple[str, str]]:
    from theory_sim.experiment.presets import PRESETS

    return [(name, preset.summary) for name, preset in PRESETS.items()]


def _fields() -> list[tuple[str, str]]:
    from theory_sim.experiment.tables import field_rows

    return [(row["name"], f"{row['meaning']}; {row['takes']}{f' (default {default})' if (default := row['default']) else ''}")
            for row in field_rows()]


class _Listing(TyperCommand):
    """A command whose help says what there are lists of; they are looked for when it is asked."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        for parameter in self.params:
            if parameter.name == "what":
                parameter.help = f"One of: {', '.join(listed_kinds())}; left out, presets."  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


@app.command("list", cls=_Listing)
def list_command(
    what: Annotated[str, typer.Argument(
        help="What to list.",
        autocompletion=lambda incomplete: [kind for kind in listed_kinds() if kind.startswith(incomplete)],
    )] = "",
    verbose: Verbose = False, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """List fields, and what can be chosen by name: presets, studies, fields, schedules, losses, engines, ..."""
    from theory_sim.errors import InputError, nearest, shown

    output, kinds = Output(form, out, force=force), listed_kinds()
    if what not in ("", *kinds):
        raise InputError(f"list {shown(what)}", f"one of {', '.join(kinds)}", nearest(what, kinds))
    others = [] if what else [hanging("", f"\nOther lists: theory-sim list {', '.join(list(kinds)[1:])}", 0)]
    what = what or "presets"
    made = {"studies": lambda: list_studies(verbose=verbose), "fields": _listed_fields}
    output.put(made[what]() if what in made else _listed(what, kinds[what](), others))


def _listed(
    what: str, rows: list[tuple[str, str]], below: list[str], table: Sequence[Mapping[str, Any]] | None = None
) -> Result:
    """Names with what they are; ``table`` has more columns, for programs."""
    rows = [(name, plain_text(summary)) for name, summary in rows]
    indent = max(len(name) for name, _ in rows) + 2
    shown = [{"name": name, "summary": summary} for name, summary in rows] if table is None else table
    return Result("theory-sim.list", lambda: {"kind": what, "rows": shown},
                  lambda: [*(hanging(name, summary, indent) for name, summary in rows), *below], lambda: shown)


def _listed_fields() -> Result:
    from theory_sim.experiment.tables import field_rows

    return _listed("fields", _fields(), [], [{key: plain_text(value) for key, value in row.items()} for row in field_rows()])


def list_studies(*, verbose: bool = False) -> Result:
    """Every study with its question, and in other formats its statement and cost."""
    from theory_sim.studies.registry import STUDIES
    from theory_sim.studies.study import SIZES
    from theory_sim.terminal.study_tables import studies_lines, studies_table
    from theory_sim.vision.studies.base import IMAGE_STUDIES

    def rows() -> list[dict[str, Any]]:
        return [{"name": study.name, "summary": study.question, "source": study.source, "statement": study.statement,
                 **{f"{size} {what}": count for size in SIZES
                    for what, count in (("runs", study.runs(size)), ("seconds", study.seconds[size]))}} for study in STUDIES]

    return Result("theory-sim.list", lambda: {"kind": "studies", "rows": rows()},
                  lambda: [(studies_table if verbose else studies_lines)(list(IMAGE_STUDIES))], rows)


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

    output.put(Result("theory-sim.experiment", lambda: {"experiment": fields}, others={"toml": toml}))


@app.command("schema")
def schema_command(
    kind: Annotated[str, typer.Argument(help="Kind of file: experiment or sweep.")] = "experiment",
    form: Annotated[str, format_option("json-schema")] = "json-schema", out: OutFile = None, force: Force = False,
) -> None:
    """Print the JSON Schema of a file, by which an editor completes names and marks mistakes."""
    import json

    from theory_sim.errors import InputError, nearest, shown
    from theory_sim.sweeps.schema import SCHEMAS

    output = Output(form, out, force=force)
    if kind not in SCHEMAS:
        raise InputError(f"schema {shown(kind)}", f"one of {', '.join(SCHEMAS)}", nearest(kind, SCHEMAS))
    output.put(Result("theory-sim.schema", dict, others={
        "json-schema": lambda: json.dumps(SCHEMAS[kind](), indent=1, ensure_ascii=False) + "\n"}))
