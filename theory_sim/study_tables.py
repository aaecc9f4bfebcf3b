"""Tables of studies: for the terminal, and in Markdown for a page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.study import SIZES
from theory_sim.sweep_tables import duration
from theory_sim.tables import headed_table

if TYPE_CHECKING:
    import pandas

    from theory_sim.studies.run_study import StudyResult
    from theory_sim.studies.study import StudyVerdict

__all__ = ["markdown", "studies_table", "study_table"]

# Rows of a study's table that stand side by side.
_COLUMNS: Final = 4
_STYLES: Final = {"supported": "green", "refuted": "red", "undecided": "yellow"}


def studies_table() -> Table:
    """Every study with its question and declared cost."""
    table = headed_table("Studies", ("name", "question", "source", *SIZES))
    table.columns[0].no_wrap = True  # a name is typed again
    table.columns[1].justify = "left"
    for name in study_names():
        study = get_study(name)
        costs = (f"{study.runs(size)} runs, {duration(study.seconds[size])}" for size in SIZES)
        table.add_row(name, escape(study.question), f"\\[{study.source}]", *costs)
    return table


def study_table(result: StudyResult) -> Group:
    """The whole table, a row a line of numbers, and the verdict below."""
    assert result.table is not None and result.verdict is not None
    study, verdict = result.study, result.verdict
    lines, tables = _lines(result.table), []
    for first in range(0, len(result.table), _COLUMNS):
        last = min(first + _COLUMNS, len(result.table))
        title = f"{study.name}: {study.question}" if first == 0 else ""
        table = headed_table(title, ("", *(str(i + 1) for i in range(first, last))))
        for head, cells in lines:
            table.add_row(escape(head), *map(escape, cells[first:last]))
        tables.append(table)
    notes = [Text(f"[{study.source}] {study.statement}")]
    notes += [Text(f"  {each.verdict}: {each.statement}: {each.reason}") for each in verdict.findings]
    notes.append(Text(f"{verdict.verdict} at {verdict.level:.0%}: {verdict.reason}", style=_STYLES[verdict.verdict]))
    notes.append(Text(f"limits: {study.limits}"))
    return Group(*tables, *notes)


def markdown(table: pandas.DataFrame, verdict: StudyVerdict) -> str:
    """The whole table and the verdict as Markdown."""
    lines = _lines(table)
    rows = []
    for first in range(0, len(table), _COLUMNS):
        last = min(first + _COLUMNS, len(table))
        rows += [f"| | {' | '.join(str(i + 1) for i in range(first, last))} |", "|---" * (last - first + 1) + "|"]
        rows += [f"| {head} | {' | '.join(cells[first:last])} |" for head, cells in lines] + [""]
    found = [f"- *{each.verdict}*: {each.statement}: {each.reason}" for each in verdict.findings]
    return "\n".join([*rows, f"**{verdict.verdict}** at {verdict.level:.0%}.", "", *found, ""])


def _lines(table: pandas.DataFrame) -> list[tuple[str, list[str]]]:
    """Columns of a table as lines; a number and its interval, in three columns, stand in one."""
    names = [str(name) for name in table.columns]
    lines = []
    for name in names:
        if name.endswith((" low", " high")) and name.rpartition(" ")[0] + " low" in names and name.rpartition(" ")[0] in names:
            continue
        cells = []
        for _, row in table.iterrows():
            cell = _shown(row[name])
            if f"{name} low" in names and not _missing(row[f"{name} low"]):
                cell += f" [{_shown(row[f'{name} low'])}, {_shown(row[f'{name} high'])}]"
            cells.append(cell)
        lines.append((name, cells))
    return lines


def _missing(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _shown(value: Any) -> str:
    if _missing(value) or value == "":  # of a column of text, a file keeps what is missing as the empty text
        return "-"
    if isinstance(value, float):
        return "not reached" if math.isinf(value) and value > 0 else f"{value:.4g}"
    return str(value)
