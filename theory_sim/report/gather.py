"""Everything that a report tells, read from its stores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from theory_sim.errors import StoreError
from theory_sim.report.claims import read_claims, summarise_claims
from theory_sim.report.content import Problem, Report, Section
from theory_sim.report.copies import without_copies
from theory_sim.report.extra import versions
from theory_sim.report.runs import describe_runs
from theory_sim.report.stores import find_stores, problem_of
from theory_sim.report.studies import describe_study
from theory_sim.report.sweeps import describe_sweep
from theory_sim.sweeps.over_seeds import by_experiment
from theory_sim.sweeps.store import SweepStore
from theory_sim.trajectory import Trajectory

__all__ = ["gather"]


def gather(paths: Sequence[Path], claims: Path | None = None, *, command: str = "") -> Report:
    """What a report of stores, and of claims, tells.

    Parameters
    ----------
    paths : sequence of Path
        Folders of runs, sweeps and studies, or folders that hold some. What is damaged or unfinished is named in the report.
    claims : Path, optional
        What ``proofs-check verify --format json`` printed.
    command : str
        What made the report.

    Raises
    ------
    InputError
        If a path holds nothing to report, the file has no claims, or a library of the extra is missing.
    """
    made_with = versions()  # before the work
    stores = find_stores(paths)
    judged = read_claims(claims) if claims is not None else []
    sections: list[Section] = []
    problems: list[Problem] = []
    runs: dict[Path, Trajectory] = {}
    for store in stores:
        try:
            if store.kind == "run":
                runs[store.path] = Trajectory.load(store.path)
                continue
            section, found = describe_study(store.path) if store.kind == "study" else describe_sweep(SweepStore(store.path))
        except StoreError as error:
            problems.append(problem_of(store.path, error))
            continue
        problems += found
        sections += [section] if section is not None else []
    place_of = {id(run): path for path, run in runs.items()}
    for group in by_experiment(list(runs.values())):
        kept, left_out = without_copies({place_of[id(run)]: run for run in group})
        problems += left_out
        sections += [describe_runs(kept)] if kept else []
    names = [section.title for section in sections]
    title = names[0] if len(names) == 1 else f"Report of {len(names)} results" if names else "Report"
    return Report(title, command, sections, judged, summarise_claims(judged) if judged else None, problems, made_with)
