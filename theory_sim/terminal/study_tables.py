"""Tables of studies: for the terminal, and in Markdown for a page."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from rich.box import Box
from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from theory_sim.studies.comparison import compare_findings
from theory_sim.studies.fresh_seeds import option_of
from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.study import SIZES
from theory_sim.terminal.plain_text import plain_text
from theory_sim.terminal.sentence import Sentence
from theory_sim.terminal.sweep_tables import duration
from theory_sim.terminal.tables import headed_table
from theory_sim.theory.conditions import in_words
from theory_sim.theory.feedback import RETOLD, retell

if TYPE_CHECKING:
    import pandas

    from theory_sim.studies.run_study import StudyResult
    from theory_sim.studies.study import Asked, Finding, PartPower, Study, StudyVerdict

__all__ = [
    "comparison_lines", "comparison_markdown", "markdown", "power_line", "studies_lines", "studies_table", "study_table",
    "table_lines",
]

# Rows of a study's table that stand side by side.
_COLUMNS: Final = 4
# A rule below each section, in place of that below a header.
_BELOW_KEYS: Final = Box("    \n    \n    \n    \n ── \n    \n    \n    \n")
_STYLES: Final = {"supported": "green", "refuted": "red", "undecided": "yellow"}


def studies_lines(images: Sequence[Asked] = (), width: int = 80) -> Group:
    """A line a study: its name, the time of its default size and what it asks in brief; then those on images."""
    studies = [get_study(name) for name in study_names()]
    rows = [(study.name, duration(study.seconds["default"]), study) for study in (*studies, *images)]
    names, times = (max(len(str(row[column])) for row in rows) for column in (0, 1))
    left = width - names - times - 4
    lines = [Text(f"{name:{names}}  {time:>{times}}  {_in_brief(study, left)}", no_wrap=True) for name, time, study in rows]
    between = [Sentence("on real images, with theory-sim vision study:")] if images else []
    return Group(*lines[: len(studies)], *between, *lines[len(studies):],
                 Sentence("(time of the default size; theory-sim list studies --verbose has questions, sources and other "
                          "sizes)"))


def _in_brief(study: Asked, letters: int) -> str:
    """What a study asks within so many letters; of one that does not say it in brief, its question's beginning."""
    return study.brief or textwrap.shorten(plain_text(study.question), letters, placeholder=" ...")


def studies_table(images: Sequence[Asked] = ()) -> Group:
    """Every study with its question and declared cost, a paragraph each; then those on images."""
    parts: list[Text | Padding] = []
    for name in study_names():
        study = get_study(name)
        costs = (f"{size}: {study.runs(size)} runs, {duration(study.seconds[size])}" for size in SIZES)
        parts += [Text.assemble((name, "bold"), f"  [{study.source}]"),
                  Padding(Sentence("\n".join([plain_text(study.question), "; ".join(costs), *_power_lines(study.power),
                                              *_repeated(study)])), (0, 0, 1, 2))]
    for asked in images:
        costs = (f"{size}: {duration(asked.seconds[size])}" for size in SIZES)
        parts += [Text.assemble((asked.name, "bold"), f"  [{asked.source}]  on real images: theory-sim vision study"),
                  Padding(Sentence("\n".join([plain_text(asked.question), "; ".join(costs), *_power_lines(asked.power)])),
                          (0, 0, 1, 2))]
    cited = retell(" ".join(study.source for study in (*map(get_study, study_names()), *images)))
    return Group(*parts, Sentence(RETOLD), *(Padding(Sentence(line), (0, 0, 0, 2)) for line in cited))


def _power_lines(parts: Sequence[PartPower]) -> Iterator[str]:
    """A line of parts with the same numbers that follow each other."""
    for part, alike in groupby(parts, lambda part: replace(part, part="")):
        names = [each.part for each in alike]
        yield power_line(replace(part, part=" / ".join(names))).replace(": of ", ": each of " if len(names) > 1 else ": of ", 1)


def _repeated(study: Study) -> Iterator[str]:
    """The command of a study's second stored run, if it has one."""
    if study.repeated_on is not None:
        yield f"answered a second time, on more data sets of their own: --seeds {option_of(study.repeated_on)}"


def power_line(part: PartPower) -> str:
    """What a part's default size can decide, in words."""
    high, low = part.at(0.95), part.at(0.8)
    if high is None or low is None:
        return f"{part.part}: {part.why}"
    why = f"; {part.why}" if part.why else ""
    return f"{part.part}: of {part.n}, power {high:.2f} at a share of 0.95, {low:.2f} at 0.8{why}"


def study_table(result: StudyResult) -> Group:
    """The whole table, a row a column, headed by what tells it from the others, or by its number; and the verdict below."""
    assert result.table is not None and result.verdict is not None
    study, verdict = result.study, result.verdict
    lines = table_lines(result.table)
    keys = _keys(lines)
    parts: list[Table | Text] = []
    for first, last in _side_by_side(lines, len(result.table), Console().width):
        title = f"{study.name}: {study.question}" if first == 0 else ""
        table = headed_table(title, ("", *(str(i + 1) for i in range(first, last))))
        if keys:
            table.show_header, table.box = False, _BELOW_KEYS
        for i, (head, cells) in enumerate(lines):
            row = map(escape, (head, *cells[first:last]))
            table.add_row(*row, style="bold" if i < keys else None, end_section=i == keys - 1)
        parts += [table, Text("")]
    notes = [Sentence(f"[{study.source}] {study.statement}")]
    notes += [Sentence(f"  the authors, {line}") for line in retell(study.source)]
    notes += [Sentence(f"  {each.verdict}: {each.statement}: {each.reason}") for each in verdict.findings]
    notes.append(Sentence(f"{verdict.verdict} at {verdict.level:.0%}: {verdict.reason}", style=_STYLES[verdict.verdict]))
    notes.append(Sentence(f"limits: {study.limits}"))
    return Group(*parts, *notes)


def comparison_lines(result: StudyResult, stored: StudyVerdict) -> Group:
    """Each part of the statement with its stored and its fresh verdict, estimate and interval."""
    assert result.verdict is not None
    parts: list[Text] = [Sentence(f"{result.study.name}: {result.study.question}", style="bold")]
    overlaps = {True: "the intervals overlap", False: "THE INTERVALS DO NOT OVERLAP", None: ""}
    for each in compare_findings(stored, result.verdict):
        parts.append(Sentence(each.statement))
        for name, found in (("stored", each.stored), ("fresh", each.fresh)):
            told = "  no such part" if found is None else f"  {found.verdict:10} {_numbers(found)}"
            parts.append(Sentence(f"  {name:7}{told}{f'   {overlaps[each.overlap]}' if name == 'fresh' else ''}".rstrip()))
    parts.append(Sentence(f"all: stored {stored.verdict}, fresh {result.verdict.verdict}; intervals at each part's own level"))
    return Group(*parts)


def comparison_markdown(name: str, fresh: StudyVerdict, stored: StudyVerdict) -> str:
    """The same of a study by its name, as a table of Markdown."""
    rows = [f"| {name} | stored | fresh | intervals overlap |", "|---|---|---|---|"]
    for each in compare_findings(stored, fresh):
        cells = ["-" if found is None else f"{found.verdict} {_numbers(found)}".strip() for found in (each.stored, each.fresh)]
        overlap = {True: "yes", False: "no", None: "-"}[each.overlap]
        rows.append(f"| {' | '.join([each.statement.replace('|', '/'), *cells, overlap])} |")
    return "\n".join([*rows, ""])


def _numbers(found: Finding) -> str:
    """Estimate and interval, as far as there are any."""
    if found.low is None or found.high is None:
        return ""
    estimate = "-" if found.estimate is None else _shown(float(found.estimate))
    return f"{estimate} [{_shown(float(found.low))}, {_shown(float(found.high))}]"


def _keys(lines: Sequence[tuple[str, Sequence[str]]]) -> int:
    """How many of the first lines tell each row from every other; 0 if they do so with numbers that have intervals alone."""
    for i, (_, cells) in enumerate(lines):
        if any(" [" in cell for cell in cells):
            return 0
        seen = list(zip(*(line for _, line in lines[: i + 1]), strict=True))
        if len(set(seen)) == len(seen):
            return i + 1
    return 0


def _side_by_side(lines: list[tuple[str, list[str]]], rows: int, width: int) -> Iterator[tuple[int, int]]:
    """First and last of the table's rows that stand side by side: as many as fit, at most four."""
    room = width - max(len(head) for head, _ in lines)
    widest = [max(len(cells[i]) for _, cells in lines) + 2 for i in range(rows)]
    first = 0
    while first < rows:
        last = first + 1
        while last < rows and last - first < _COLUMNS and sum(widest[first : last + 1]) <= room:
            last += 1
        yield first, last
        first = last


def markdown(table: pandas.DataFrame, verdict: StudyVerdict) -> str:
    """The whole table and the verdict as Markdown."""
    lines = table_lines(table)
    rows = []
    for first in range(0, len(table), _COLUMNS):
        last = min(first + _COLUMNS, len(table))
        rows += [f"| | {' | '.join(str(i + 1) for i in range(first, last))} |", "|---" * (last - first + 1) + "|"]
        rows += [f"| {head} | {' | '.join(cells[first:last])} |" for head, cells in lines] + [""]
    found = [f"- *{each.verdict}*: {each.statement}: {each.reason}" for each in verdict.findings]
    return "\n".join([*rows, f"**{verdict.verdict}** at {verdict.level:.0%}.", "", *found, ""])


def table_lines(table: pandas.DataFrame) -> list[tuple[str, list[str]]]:
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
        return "not reached" if math.isinf(value) and value > 0 else in_words(value, ".4g")
    return str(value)
