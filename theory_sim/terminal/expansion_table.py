"""Terminal tables of a sweep before it runs: how many runs, what varies, and every run."""

from __future__ import annotations

from typing import Final

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from theory_sim.errors import shown
from theory_sim.sweeps.axis import Axis
from theory_sim.sweeps.expansion import Expansion
from theory_sim.sweeps.refinement import get_saved
from theory_sim.terminal.sentence import Sentence
from theory_sim.terminal.tables import headed_table
from theory_sim.theory.conditions import in_words

__all__ = ["expansion_table", "list_of_runs"]

_SHOWN: Final = 3
_LONGEST: Final = 40
_MOST_ROWS: Final = 200


def expansion_table(found: Expansion) -> Group:
    """How many runs, along which axes, and which of them repeat others."""
    parts: list[Table | Text] = [Sentence(_counted(found))]
    saved = get_saved(found.sweep)
    if saved is not None:
        parts.append(Sentence("Adaptive: these come first, then those near the boundaries; the full grid at the finest "
                              f"resolution has {saved.full_runs} runs."))
    if found.axes:
        table = headed_table("What varies", ("axis", "points", "values"))
        table.columns[-1].justify, table.columns[-1].no_wrap = "left", False
        for axis in found.axes:
            table.add_row(escape(_heading(axis)), str(len(axis)), escape(_values(axis)))
        parts.append(table)
    for field in dict.fromkeys(each.field for each in found.unread):
        those = [each for each in found.unread if each.field == field]
        labels = ", ".join(each.schedule for each in those)
        parts.append(Sentence(f"{sum(each.runs for each in those)} runs repeat others: {field} varies, and nothing reads it "
                              f'under {shown(labels)}. Vary it where it is read: {{schedule = "...", {field} = [...]}} in '
                              "compare, or [[case]]."))
    return Group(*parts)


def _counted(found: Expansion) -> str:
    text = f"{found.sweep.name}: {found.runs} run{'s' * (found.runs != 1)}"
    if found.distinct < found.runs:
        text += f", {found.distinct} of them distinct"
    elif found.runs > 1:
        text += ", all distinct"
    if found.cells == found.runs:
        return text
    return f"{text}, in {found.cells} cells: a run that cells share, as of seeds that an engine does not read, is computed once"


def _heading(axis: Axis) -> str:
    fields = [field for field in axis.fields if field != axis.name]
    if axis.is_schedule:
        return axis.name
    return f"{axis.name}: {', '.join(fields)}" if fields else axis.name


def _values(axis: Axis) -> str:
    """The first points and the last."""
    labels = [_point(axis, at) for at in range(len(axis))] if len(axis) <= 2 * _SHOWN else [
        *(_point(axis, at) for at in range(_SHOWN)), "...", _point(axis, len(axis) - 1)]
    several = len(axis.fields) > 1
    return ("\n" if several or any(len(label) > _LONGEST // 4 for label in labels) else ", ").join(labels)


def _point(axis: Axis, at: int) -> str:
    if axis.name == axis.fields[0]:
        return shown(_text(axis.points[at][0]), _LONGEST)
    return shown(", ".join(f"{field} {_text(value)}" for field, value in axis.changes(at).items()), 2 * _LONGEST)


def _text(value: object) -> str:
    return in_words(value, ".6g") if isinstance(value, float) else str(value)


def list_of_runs(found: Expansion) -> list[Table | Text]:
    """The run of every cell, one in a row; of many the first. What a schedule's name tells of its fields has no column."""
    rows = found.rows()
    varied = {field for axis in found.axes for field in axis.fields if field not in axis.labelled}
    labels = {axis.name for axis in found.axes if axis.is_schedule}
    table: Table | None = None
    for number, row in enumerate(rows):
        names = [name for name in row if name == "run" or name in varied]
        table = table or _table_of_runs(names, labels)
        if number == _MOST_ROWS:
            return [table, Text(f"{found.cells - _MOST_ROWS} more: --format csv lists them all")]
        table.add_row(*("" if row[name] is None else escape(_text(row[name])) for name in names))
    return [] if table is None else [table]


def _table_of_runs(names: list[str], labels: set[str]) -> Table:
    """A column a name, of which those of labels may be broken."""
    table = headed_table("Runs", names)
    for column, name in zip(table.columns, names, strict=True):
        if name in labels:
            column.justify, column.no_wrap = "left", False
    return table
