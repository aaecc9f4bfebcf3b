"""runs.csv: one row a run of a study, every number that its table is made of; and the table made of these rows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.errors import StoreError, shown
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.dense import TEXTS, empty_columns, make_dataset, named_places
from theory_sim.sweeps.outcomes import FLAGS

if TYPE_CHECKING:
    from theory_sim.studies.study import Study

__all__ = ["PART", "read_summaries", "runs_text"]

PART: Final = "part"
"""Column with the name that the study's plan gives a sweep."""
_FIX: Final = "take the file that theory-sim study wrote, and the version that wrote it"


def runs_text(summaries: Mapping[str, Summary]) -> str:
    """Every run of every sweep as CSV: its part, what varies, engine, schedule, seed, hash and state, then its numbers.

    Missing numbers are empty cells, infinite ones ``inf``; all others have the digits that give the same number again. A
    variable with levels or kinds has a column for each, such as ``tau_P 0.45``.
    """
    frames = {part: summary.frame for part, summary in summaries.items()}
    axes = [axis for summary in summaries.values() for axis in summary.sweep.varied_axes()]
    varied = dict.fromkeys(field for axis in axes for field in axis.fields)
    names = [*varied, "engine", "schedule", "seed", "run", "state"]
    names += dict.fromkeys(str(name) for frame in frames.values() for name in frame.columns if name not in names)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([PART, *names])
    for part, frame in frames.items():
        columns = [frame[name].tolist() if name in frame else [math.nan] * len(frame) for name in names]
        writer.writerows([part, *map(_cell, cells)] for cells in zip(*columns, strict=True))
    return out.getvalue()


def read_summaries(text: str, study: Study, plan: Mapping[str, Sweep]) -> dict[str, Summary]:
    """What came of the sweeps of a plan, from `runs_text`; nothing of the runs themselves is read.

    Raises
    ------
    StoreError
        If a run of the plan is missing, another one is there, or a number cannot be read.
    """
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(str(row.get(PART)), []).append(row)
    if list(found) != list(plan):
        raise StoreError(f"runs of the parts {', '.join(map(shown, found)) or 'none'}", f"of {', '.join(plan)}", _FIX)
    return {part: _summary(part, found[part], sweep, study) for part, sweep in plan.items()}


def _summary(part: str, rows: list[dict[str, str]], sweep: Sweep, study: Study) -> Summary:
    metrics = (*study.metrics, *study.paired_metrics)
    columns = empty_columns(sweep, metrics=metrics)
    shape = [len(axis) for axis in sweep.axes()]
    ids, state = np.full(shape, "", dtype="<U20"), np.full(shape, "", dtype="<U7")
    if [row.get("run") for row in rows] != list(sweep.ids()):
        raise StoreError(f"{len(rows)} runs of {part}, not the study's", f"its {len(sweep)} runs of this size and these seeds, "
                         "in their order", f"{_FIX}, and give size and seeds that the verdict.json beside it has")
    named = list(named_places(sweep, metrics=metrics))
    for place, row in zip(np.ndindex(*shape), rows, strict=True):
        ids[place], state[place] = row["run"], row.get("state", "")
        for name, further, column in named:
            columns[name][(*place, *further)] = _value(name, row, column)
    return Summary(make_dataset(sweep, columns, ids, state, metrics=metrics), sweep)


def _value(name: str, row: Mapping[str, str], column: str) -> object:
    cell = row.get(column)
    if cell is None:
        raise StoreError(f"runs without {column}", "every number of every run", _FIX)
    if name in TEXTS:
        return cell
    try:
        return {"True": True, "False": False}[cell] if name in FLAGS else math.nan if cell == "" else float(cell)
    except (ValueError, KeyError) as error:
        raise StoreError(f"{column} = {shown(cell)} of a run", "a number, or True or False", _FIX) from error


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return value
