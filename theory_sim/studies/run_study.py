"""run_study: the runs of a study, then its table and verdict beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from theory_sim.errors import StoreError
from theory_sim.reading.arguments import accepts
from theory_sim.storage.plain import make_plain
from theory_sim.studies.fresh_seeds import seeds_label, with_seeds
from theory_sim.studies.registry import get_study
from theory_sim.studies.runs_table import read_summaries, runs_text
from theory_sim.studies.sealed_files import (
    RUNS,
    SWEEPS,
    TABLE,
    VERDICT,
    read_runs,
    read_table,
    read_verdict,
    refuse_strangers,
    sealed,
    write_sealed,
)
from theory_sim.studies.study import Study, StudyVerdict, require_size
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.base import require_executor
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.status import SweepStatus
from theory_sim.sweeps.store import SweepStore

if TYPE_CHECKING:
    import pandas

__all__ = ["RUNS", "SWEEPS", "TABLE", "VERDICT", "StudyResult", "read_runs", "read_table", "read_verdict", "run_study",
           "sealed", "table_of_runs"]

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
        Holds ``runs.csv``, ``table.csv``, ``verdict.json`` and, in ``sweeps``, the runs.
    table : pandas.DataFrame or None
        None if the study was interrupted; running it again continues it.
    verdict : StudyVerdict or None
        The same.
    done, failed, diverged, pending : int
        Places of the sweeps by what became of their runs; diverged ones are done.
    seeds : tuple of int or None
        Those that were asked for; None stands for the design's own.
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
    seeds: tuple[int, ...] | None = None

    def to_dict(self) -> dict[str, object]:
        """Everything but the runs, for JSON; infinities and not-a-number become null."""
        rows = [] if self.table is None else self.table.to_dict("records")
        return {**_report(self), "folder": str(self.folder), "table": make_plain(rows)}


@accepts(study="Study or a text", size="a text", out="a path", workers="a whole number", threads="a whole number",
         executor="a text", any_version="True or False", watch="a function", seeds="a list")
def run_study(
    study: Study | str, *, size: str = "default", out: str | os.PathLike[str] = "studies", workers: int | None = None,
    threads: int | None = None, executor: str | None = None, any_version: bool = False, watch: Watch | None = None,
    seeds: Sequence[int] | None = None,
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
    seeds : sequence of int, optional
        Data sets in place of the design's own, into a folder of their own, ``out/<name>-<size>-seeds-...``: as many as you
        give for the sweeps with most seeds, in proportion for the others.

    Returns
    -------
    StudyResult
        Bitwise the same table and verdict however often it was interrupted.

    Raises
    ------
    InputError
        If the name or size is unknown, seeds, workers or threads make no sense; before anything is written.
    StoreError
        If the folder holds other runs, or a file of the study that was edited, another process is at them, or other libraries
        began them.

    Examples
    --------
    In a minute, with one or two seeds, which decide nothing:

    >>> from theory_sim import run_study
    >>> result = run_study("annealing-time", size="small", workers=0)  # doctest: +SKIP
    >>> result.verdict.verdict  # doctest: +SKIP
    'undecided'
    """
    seeds = None if seeds is None else tuple(seeds)  # an iterator would be empty the second time
    chosen = get_study(study) if isinstance(study, str) else study
    plan = chosen.plan(require_size(size))
    require_executor(executor, workers, threads)
    folder = Path(out) / f"{chosen.name}-{size}"
    if seeds is not None:
        plan = with_seeds(plan, seeds)
        folder = folder.with_name(f"{folder.name}-{seeds_label(seeds)}")
    refuse_strangers(folder)
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
        return StudyResult(chosen, size, folder, None, None, *counts, seeds=tuple(seeds) if seeds else None)
    summaries = {name: collect(store, metrics=chosen.metrics, paired_metrics=chosen.paired_metrics)
                 for name, store in stores.items()}
    diverged = sum(int((summary.dataset["outcome"].values == "diverged").sum()) for summary in summaries.values())
    counts = (counts[0], counts[1], diverged, counts[3])
    runs = runs_text(summaries)
    table = chosen.tabulate(read_summaries(runs, chosen, plan))  # of what is stored, as anyone can
    result = StudyResult(chosen, size, folder, table, chosen.decide(table), *counts, seeds=tuple(seeds) if seeds else None)
    write_sealed(folder, {RUNS: runs, TABLE: table.to_csv(index=False)}, _report(result))
    return result


@accepts(study="Study or a text", path="a path", size="a text", seeds="a list")
def table_of_runs(
    study: Study | str, path: str | os.PathLike[str], *, size: str = "default", seeds: Sequence[int] | None = None,
) -> pandas.DataFrame:
    """Table that a study makes of stored runs, its ``runs.csv``: the stored table again.

    Parameters
    ----------
    study : Study or str
    path : path
        Of the file.
    size : {"small", "default", "full"}
        Size of the study that wrote it.
    seeds : sequence of int, optional
        As the study was given them.

    Raises
    ------
    InputError
        If the name or size is unknown.
    StoreError
        If the file cannot be read, is not that of the verdict next to it, or holds other runs than this size has.
    """
    seeds = None if seeds is None else tuple(seeds)
    chosen = get_study(study) if isinstance(study, str) else study
    plan = chosen.plan(require_size(size))
    read_runs(path)  # with its seal
    text = Path(path).read_text(encoding="utf-8")
    return chosen.tabulate(read_summaries(text, chosen, with_seeds(plan, seeds) if seeds is not None else plan))


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
        "limits": study.limits, **({"seeds": list(result.seeds)} if result.seeds else {}),
        **(verdict.to_dict() if verdict is not None else {"verdict": None}),
        "runs": {"done": result.done, "failed": result.failed, "diverged": result.diverged, "pending": result.pending},
    }
