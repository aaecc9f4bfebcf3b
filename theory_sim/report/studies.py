"""What a report says of a study: its question, its rule, and the verdict that the rule makes of the stored table."""

from __future__ import annotations

import io
import math
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from theory_sim.errors import InputError, StoreError
from theory_sim.plots.style import COLOURS, style
from theory_sim.report.content import Block, Grid, Lines, Listing, Picture, Problem, Section, Series
from theory_sim.report.figures import Axis, Drawn, chart
from theory_sim.report.stores import problem_of
from theory_sim.report.sweeps import check_runs, environment_grid
from theory_sim.studies.fresh_seeds import get_seeds, option_of
from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import RUNS, SWEEPS, TABLE, VERDICT, read_table, read_verdict, table_of_runs
from theory_sim.studies.study import Study, StudyVerdict
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.terminal.study_tables import table_lines
from theory_sim.vision.studies.base import IMAGE_STUDIES, ImageStudy

if TYPE_CHECKING:
    import pandas

__all__ = ["describe_study"]

_SIDE_BY_SIDE: Final = 5
_ASKED: Final = ("statement", "hypothesis", "statistic", "rule")
_COLOURS: Final = (COLOURS["P"], COLOURS["Q"], COLOURS["signal"], COLOURS["noise"])


def describe_study(folder: Path) -> tuple[Section | None, list[Problem]]:
    """What a study shows, and what of it is damaged or not done; no section of one that has no verdict yet."""
    problems: list[Problem] = []
    environments: list[Grid] = []
    declared: dict[str, Sweep] = {}
    for sweep in sorted((folder / SWEEPS).iterdir()) if (folder / SWEEPS).is_dir() else ():
        try:
            store = SweepStore(sweep)
            declared[sweep.name] = store.sweep
            problems += check_runs(store, store.status())
            environments.append(environment_grid(store))
        except StoreError as error:
            problems.append(problem_of(sweep, error))
    verdict, table = folder / VERDICT, folder / TABLE
    if not verdict.exists() and not table.exists():
        problems.append(Problem(str(folder), "an unfinished study: it has no verdict yet", _continuing(folder, declared),
                                damaged=False))
        return None, problems
    try:
        said, rows = read_verdict(verdict), read_table(table)
    except StoreError as error:
        return None, [*problems, Problem(str(folder), error.found, error.fix, damaged=True)]
    study = _known(str(said.get("study")))
    judged = StudyVerdict.read(said)
    if study is not None and study.decide(rows) != judged:
        problems.append(Problem(str(folder), "the verdict is not what this version's rule makes of the table",
                                "run the study again with this version", damaged=True))
    if isinstance(study, Study) and "runs_sha256" in said:
        problems += _check_table(folder, said, study)
    return _section(said, judged, rows, study, environments), problems


def _continuing(folder: Path, declared: Mapping[str, Sweep]) -> str:
    """Command that continues an unfinished study, whose folder is named as `run_study` does."""
    plain, apart, _ = folder.name.partition("-seeds-")
    name, _, size = plain.rpartition("-")
    seeds = ["--seeds", option_of(get_seeds(declared))] if apart and declared else []
    return shlex.join(["theory-sim", "study", name, "--size", size, *seeds, "--out", str(folder.parent)])


def _seeds(said: Mapping[str, Any]) -> list[int] | None:
    """Seeds that were asked for, if it is a verdict of such."""
    seeds = said.get("seeds")
    return seeds if isinstance(seeds, list) else None


def _check_table(folder: Path, said: Mapping[str, Any], study: Study) -> list[Problem]:
    """Nothing if the stored table is what this version makes of the stored runs."""
    try:
        made = table_of_runs(study, folder / RUNS, size=str(said.get("size")), seeds=_seeds(said))
        if made.to_csv(index=False) == (folder / TABLE).read_text(encoding="utf-8"):
            return []
        found, fix = "the table is not what this version makes of the runs", "run the study again with this version"
    except (StoreError, InputError) as error:
        found, fix = error.found, error.fix
    return [Problem(str(folder / RUNS), found, fix, damaged=True)]


def _known(name: str) -> Study | ImageStudy | None:
    """The study, unless it is of a package that is not installed here."""
    try:
        return IMAGE_STUDIES[name] if name in IMAGE_STUDIES.names() else get_study(name)
    except InputError:
        return None


def _section(
    said: Mapping[str, Any], judged: StudyVerdict, rows: pandas.DataFrame, study: Study | ImageStudy | None,
    environments: list[Grid],
) -> Section:
    name, size = str(said.get("study")), str(said.get("size"))
    seeds = ["--seeds", option_of(found)] if (found := _seeds(said)) else []
    verbs = ["vision", "study"] if isinstance(study, ImageStudy) else ["study"]
    seen = [f"{judged.verdict} at {judged.level:.0%}: {judged.reason}"]
    blocks: list[Block] = []
    if len(judged.findings) > 1:
        blocks.append(Grid("The parts of the statement", ("statement", "verdict", "numbers"),
                           [(each.statement, each.verdict, each.reason) for each in judged.findings]))
    if study is not None and not rows.empty:
        blocks.append(_picture(study, rows, seen[0]))
    blocks += _intervals(name, rows)
    blocks += _table(rows)
    blocks += [Lines(tuple(f"{each}: {said[each]}" for each in _ASKED if each in said)),
               Listing("Computes it again", shlex.join(["theory-sim", *verbs, name, "--size", size, *seeds])),
               *environments[:1]]
    runs = said.get("runs")
    counts = [f"{count} {state}" for state, count in runs.items() if count] if isinstance(runs, dict) else []
    seen += [f"runs: {', '.join(counts)}"] if counts else []
    return Section(f"Study {name}, size {size}", str(said.get("question")), seen, [str(said.get("limits"))], blocks)


def _table(rows: pandas.DataFrame) -> Iterator[Grid]:
    """The whole table, a row a column, some of them side by side: a table as wide as the page."""
    lines = table_lines(rows)
    for first in range(0, len(rows), _SIDE_BY_SIDE):
        last = min(first + _SIDE_BY_SIDE, len(rows))
        title = "Estimates with their intervals" if len(rows) <= _SIDE_BY_SIDE else f"Estimates, rows {first + 1} to {last}"
        yield Grid(title, ["", *(str(i + 1) for i in range(first, last))],
                   [[head, *cells[first:last]] for head, cells in lines], folded=first > 0)


def _picture(study: Study | ImageStudy, rows: pandas.DataFrame, answer: str) -> Picture:
    """The study's own figure, drawn of the stored table."""
    drawn = io.StringIO()
    with style():
        study.figure(rows).savefig(drawn, format="svg", metadata={"Creator": None, "Date": None})
    return Picture(f"Figure of {study.name}", f"Figure of the study {study.name}: {study.statistic} The answer: {answer}",
                   drawn.getvalue())


def _intervals(name: str, rows: pandas.DataFrame) -> Iterator[Block]:
    """Every number that has an interval, a point a row of the table, of which the reader chooses."""
    names = [str(each) for each in rows.columns]
    texts = [each for each in names if rows[each].dtype.kind not in "iufb"]
    drawn: list[Drawn] = []
    for column in names:
        if f"{column} low" not in names or f"{column} high" not in names:
            continue
        columns = {key: [float(value) if isinstance(value, (int, float)) else math.nan for value in rows[of]]
                   for key, of in (("y", column), ("low", f"{column} low"), ("high", f"{column} high"))}
        places = [i for i, value in enumerate(columns["y"]) if math.isfinite(value)]
        if not places:
            continue
        series = Series(column, _COLOURS[len(drawn) % len(_COLOURS)], shown=not drawn)
        told = {text: [str(rows[text][i]) for i in places] for text in texts}
        kept = {key: [values[i] for i in places] for key, values in columns.items()}
        drawn.append(Drawn(series, {"x": [float(i + 1) for i in places], **kept, **told}, how="interval", thick=9))
    if drawn:
        title = f"Estimates of {name} with their intervals, by row of the table"
        yield chart(title, f"{title}; at first {drawn[0].series.name}. The tables below have the same numbers.", drawn,
                    (Axis("row of the study's table"), Axis("estimate")))
