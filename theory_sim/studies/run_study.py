"""run_study: the runs of a study, then its table and verdict beside them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from theory_sim.errors import StoreError, get_reason
from theory_sim.reading.arguments import accepts
from theory_sim.storage.arrays import read_json
from theory_sim.storage.plain import make_plain
from theory_sim.storage.writing import write_text
from theory_sim.studies.registry import get_study
from theory_sim.studies.study import Study, StudyVerdict, require_size
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.base import require_executor
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.status import SweepStatus
from theory_sim.sweeps.store import SweepStore

if TYPE_CHECKING:
    import pandas

__all__ = ["SWEEPS", "TABLE", "VERDICT", "StudyResult", "read_table", "read_verdict", "run_study", "sealed"]

TABLE: Final = "table.csv"
VERDICT: Final = "verdict.json"
SWEEPS: Final = "sweeps"
_FIX: Final = "free some space; the runs are kept"

Watch = Callable[[str, int], AbstractContextManager[Callable[[SweepStatus], None] | None]]
"""Called with a sweep's name and its number of runs before it starts; gives what `run_sweep` calls."""


@dataclass(frozen=True)
class StudyResult:
    """What came of a study.

    Attributes
    ----------
    study : Study
    size : str
    folder : Path
        Holds ``table.csv``, ``verdict.json`` and, in ``sweeps``, the runs.
    table : pandas.DataFrame or None
        None if the study was interrupted; running it again continues it.
    verdict : StudyVerdict or None
        The same.
    done, failed, diverged, pending : int
        Places of the sweeps by what became of their runs; diverged ones are done.
    """

    study: Study
    size: str
    folder: Path
    table: pandas.DataFrame | None
    verdict: StudyVerdict | None
    done: int
    failed: int
    diverged: int
    pending: int

    def to_dict(self) -> dict[str, object]:
        """Everything but the runs, for JSON; infinities and not-a-number become null."""
        rows = [] if self.table is None else self.table.to_dict("records")
        return {**_report(self), "folder": str(self.folder), "table": make_plain(rows)}


@accepts(study="Study or a text", size="a text", out="a path", workers="a whole number", threads="a whole number",
         executor="a text", any_version="True or False", watch="a function")
def run_study(
    study: Study | str, *, size: str = "default", out: str | os.PathLike[str] = "studies", workers: int | None = None,
    threads: int | None = None, executor: str | None = None, any_version: bool = False, watch: Watch | None = None,
) -> StudyResult:
    """Compute a study into ``out/<name>-<size>``, or continue what is there of it, and judge.

    Parameters
    ----------
    study : Study or str
        A study, or the name of one.
    size : {"small", "default", "full"}
        How many runs.
    out : path
        Folder of the studies.
    workers, threads, executor, any_version
        As for `run_sweep`.
    watch : callable, optional
        Follows each sweep.

    Returns
    -------
    StudyResult
        Bitwise the same table and verdict however often it was interrupted.

    Raises
    ------
    InputError
        If the name or size is unknown, or workers and threads make no sense; before anything is written.
    StoreError
        If the folder holds other runs, or a table or verdict that was edited, another process is at them, or other libraries
        began them.

    Examples
    --------
    In a minute, with one or two seeds, which decide nothing:

    >>> from theory_sim import run_study
    >>> result = run_study("annealing-time", size="small", workers=0)  # doctest: +SKIP
    >>> result.verdict.verdict  # doctest: +SKIP
    'undecided'
    """
    chosen = get_study(study) if isinstance(study, str) else study
    plan = chosen.plan(require_size(size))
    require_executor(executor, workers, threads)
    folder = Path(out) / f"{chosen.name}-{size}"
    _refuse_strangers(folder)
    stores = {name: _store(folder / SWEEPS / name, sweep) for name, sweep in plan.items()}
    pending = False
    for name, store in stores.items():
        with (watch(f"{chosen.name}: {name}", len(store.sweep)) if watch else nullcontext()) as progress:
            status = run_sweep(store, workers=workers, threads=threads, executor=executor, any_version=any_version,
                               progress=progress)
        if status.pending:
            pending = True
            break
    counts = _counts(list(stores.values()))
    if pending:
        return StudyResult(chosen, size, folder, None, None, *counts)
    summaries = {name: collect(store, metrics=chosen.metrics, paired_metrics=chosen.paired_metrics)
                 for name, store in stores.items()}
    diverged = sum(int((summary.dataset["outcome"].values == "diverged").sum()) for summary in summaries.values())
    counts = (counts[0], counts[1], diverged, counts[3])
    table = chosen.tabulate(summaries)
    result = StudyResult(chosen, size, folder, table, chosen.decide(table), *counts)
    text = table.to_csv(index=False)
    report = {**_report(result), "table_sha256": hashlib.sha256(text.encode()).hexdigest()}
    _require_own(folder / TABLE, text.encode())
    _require_own_verdict(folder / VERDICT, report)
    write_text(folder / TABLE, text, fix=_FIX)
    write_text(folder / VERDICT, sealed(report), fix=_FIX)
    return result


def read_table(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """Table that a study wrote, number for number: ``study.decide`` of it is the stored verdict.

    Raises
    ------
    StoreError
        If there is none, or the verdict next to it is of another table.
    """
    import pandas

    try:
        text = Path(path).read_bytes()
        _require_of_verdict(Path(path), text)
        head, *rows = csv.reader(io.StringIO(text.decode(), newline=""))
        columns = {name: _column([row[i] for row in rows]) for i, name in enumerate(head)}
    except (OSError, ValueError, IndexError, AttributeError) as error:
        raise StoreError(f"{path}: {get_reason(error)}", "a table that theory-sim study wrote", "run the study") from error
    return pandas.DataFrame(columns)


def read_verdict(path: str | os.PathLike[str]) -> dict[str, object]:
    """What a study wrote beside its table: what was asked, and the verdict.

    Raises
    ------
    StoreError
        If there is none, or it is not as it was written.
    """
    try:
        found: dict[str, object] = read_json(Path(path))
        rest = {key: value for key, value in found.items() if key != "sha256"}
        if "sha256" in found and Path(path).read_bytes() != sealed(rest).encode():  # earlier versions wrote no digest
            raise ValueError("it is not as it was written")
        StudyVerdict.read(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: {get_reason(error)}", "a verdict that theory-sim study wrote", "run the study") from error
    return found


def _require_of_verdict(path: Path, text: bytes) -> None:
    """Raise ValueError if a verdict lies next to a table and has another one's digest; those of earlier versions have none."""
    verdict = path.with_name(VERDICT)
    if path.name == TABLE and verdict.is_file():
        said = read_json(verdict).get("table_sha256")
        if said not in (None, hashlib.sha256(text).hexdigest()):
            raise ValueError(f"it is not the table of {verdict.name}")


def _column(cells: list[str]) -> list[int] | list[float] | list[str]:
    """Whole numbers, numbers (an empty cell is not-a-number), or text; pandas' own reader may be off in the last digit."""
    for kind in (int, float):
        try:
            return [math.nan if cell == "" and kind is float else kind(cell) for cell in cells]
        except ValueError:
            continue
    return cells


def _refuse_strangers(folder: Path) -> None:
    """Refuse a folder that holds a table or a verdict but no runs: they are not of a study, and would be replaced."""
    for name in (TABLE, VERDICT):
        if os.path.lexists(folder / name) and not (folder / SWEEPS).is_dir():
            raise StoreError(f"{folder / name} is in the way", "a study replaces only the table and verdict of its own runs",
                             "move it elsewhere, or choose another output folder")


def _require_own(path: Path, new: bytes) -> None:
    """Refuse to replace a table by another one unless it is as the verdict beside it says that it was written."""
    if not os.path.lexists(path):
        return
    try:
        old = path.read_bytes()
        verdict = path.with_name(VERDICT)
        own = old == new or (verdict.is_file() and read_json(verdict).get("table_sha256") == hashlib.sha256(old).hexdigest())
    except (OSError, ValueError, AttributeError):
        own = False
    if not own:
        raise StoreError(f"{path} was edited, or is not the table of {VERDICT}", "a table is replaced only as it was written",
                         "move it elsewhere and run the study again; the runs are kept")


def sealed(report: Mapping[str, object]) -> str:
    """A verdict as it is written: with the digest of all the rest of it."""
    return json.dumps({**report, "sha256": hashlib.sha256(json.dumps(report, indent=2).encode()).hexdigest()}, indent=2) + "\n"


def _require_own_verdict(path: Path, new: Mapping[str, object]) -> None:
    """Refuse to replace a verdict unless it is as it was written, by its own digest, or says the same without one."""
    if not os.path.lexists(path):
        return
    try:
        old, found = path.read_bytes(), read_json(path)
        rest = {key: value for key, value in found.items() if key != "sha256"}
        own = old == sealed(rest).encode() or found == json.loads(json.dumps(new))  # earlier versions wrote no digest
    except (OSError, ValueError, AttributeError):
        own = False
    if not own:
        raise StoreError(f"{path} was edited", "a verdict is replaced only as it was written",
                         "move it elsewhere and run the study again; the runs are kept")


def _store(folder: Path, sweep: Sweep) -> SweepStore:
    if not folder.exists():
        return SweepStore.create(folder, sweep)
    store = SweepStore(folder)
    if store.sweep.table() != sweep.table():
        raise StoreError(f"{folder} holds other runs than the study's", "a study continues only its own runs",
                         "choose another output folder, or move this one away")
    return store


def _counts(stores: Sequence[SweepStore]) -> tuple[int, int, int, int]:
    statuses = [store.status() for store in stores]
    return (sum(status.done for status in statuses), sum(status.failed for status in statuses), 0,
            sum(status.pending + status.running for status in statuses))


def _report(result: StudyResult) -> dict[str, object]:
    study, verdict = result.study, result.verdict
    return {
        "study": study.name, "size": result.size, "question": study.question, "source": study.source,
        "statement": study.statement, "hypothesis": study.hypothesis, "statistic": study.statistic, "rule": study.rule,
        "limits": study.limits, **(verdict.to_dict() if verdict is not None else {"verdict": None}),
        "runs": {"done": result.done, "failed": result.failed, "diverged": result.diverged, "pending": result.pending},
    }
