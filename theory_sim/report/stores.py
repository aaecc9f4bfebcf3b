"""What lies in the folders that a report is asked for: runs, sweeps and studies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from theory_sim.errors import DamagedError, InputError, StoreError, shown
from theory_sim.report.content import Problem
from theory_sim.studies.run_study import SWEEPS, VERDICT
from theory_sim.sweeps.store import DECLARATION, MANIFEST

__all__ = ["Store", "find_stores", "problem_of"]

_OF_RUN: Final = (".zmetadata", ".zattrs", "tau")
_PARTIAL: Final = ".partial"


@dataclass(frozen=True)
class Store:
    """A folder of results, whole or not."""

    path: Path
    kind: Literal["run", "sweep", "study"]


def find_stores(paths: Sequence[Path]) -> list[Store]:
    """Stores in the order in which they were named, each once; of a folder that is none itself, those that lie in it.

    Raises
    ------
    InputError
        If a path holds none.
    """
    found: dict[str, Store] = {}
    for path in paths:
        stores = list(_stores_of(path))
        if not stores:
            what = "holds no run, sweep or study" if path.is_dir() else "is a file" if path.exists() else "does not exist"
            raise InputError(f"{shown(str(path))} {what}", "the folder of a run, a sweep or a study, or one that holds some",
                             "check the path; theory-sim run, sweep run and study print where they write")
        for store in stores:
            found.setdefault(os.path.realpath(store.path), store)
    return list(found.values())


def problem_of(path: Path, error: StoreError) -> Problem:
    """What a store that cannot be read is told as."""
    return Problem(str(path), error.found, error.fix, isinstance(error, DamagedError))


def _stores_of(path: Path) -> Iterator[Store]:
    own = _kind(path)
    if own is not None:
        yield Store(path, own)
    elif path.is_dir():
        for below in sorted(path.iterdir()):
            kind = _kind(below)
            if kind is not None and not (kind == "run" and below.name.startswith(".")):
                yield Store(below, kind)


def _kind(path: Path) -> Literal["run", "sweep", "study"] | None:
    if _is_sweep(path):
        return "sweep"
    if (path / VERDICT).is_file() or any(_is_sweep(each) for each in _below(path / SWEEPS)):
        return "study"
    if path.is_dir() and any((path / name).exists() for name in _OF_RUN):
        return "run"
    # An unfinished run lies beside the place where it will be.
    partial = path if path.name.endswith(_PARTIAL) else Path(f"{path}{_PARTIAL}")
    return "run" if (partial / "run.json").is_file() and not path.is_file() else None


def _is_sweep(path: Path) -> bool:
    return (path / DECLARATION).is_file() or (path / MANIFEST).is_file()


def _below(path: Path) -> list[Path]:
    return sorted(path.iterdir()) if path.is_dir() else []
