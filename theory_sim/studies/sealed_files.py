"""Files of a study: runs.csv, table.csv and verdict.json, which seals the other two by their digests."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from theory_sim.errors import StoreError, get_reason
from theory_sim.storage.arrays import read_json, read_regular
from theory_sim.storage.writing import write_text
from theory_sim.studies.study import StudyVerdict

if TYPE_CHECKING:
    import pandas

__all__ = ["RUNS", "SWEEPS", "TABLE", "VERDICT", "read_runs", "read_table", "read_verdict", "refuse_strangers", "sealed",
           "write_sealed"]

RUNS: Final = "runs.csv"
TABLE: Final = "table.csv"
VERDICT: Final = "verdict.json"
SWEEPS: Final = "sweeps"
_FIX: Final = "free some space; the runs are kept"
_SEALED: Final = {RUNS: "runs_sha256", TABLE: "table_sha256"}
"""Entry of the verdict that has a file's digest."""


def write_sealed(folder: Path, files: Mapping[str, str], report: Mapping[str, object]) -> None:
    """Write a study's files, the verdict last, unless one of them is there and is not as it was written.

    Parameters
    ----------
    folder : Path
    files : mapping
        Texts of `RUNS` and `TABLE`.
    report : mapping
        Of the verdict, without digests.

    Raises
    ------
    StoreError
        If a file that would be replaced was edited, or one cannot be written.
    """
    report = {**report, **{_SEALED[name]: _digest(text.encode()) for name, text in files.items()}}
    for name, text in files.items():
        _require_own(folder / name, text.encode())
    _require_own_verdict(folder / VERDICT, report)
    for name, text in files.items():
        write_text(folder / name, text, fix=_FIX)
    write_text(folder / VERDICT, sealed(report), fix=_FIX)


def read_table(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """Table that a study wrote, number for number: ``study.decide`` of it is the stored verdict.

    Raises
    ------
    StoreError
        If there is none, or the verdict next to it is of another table.
    """
    return _read(Path(path), "a table")


def read_runs(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """Runs from which a study made its table, a row each: part, what varies, engine, schedule, seed, and every number.

    Raises
    ------
    StoreError
        If there are none, or the verdict next to them is of others.
    """
    return _read(Path(path), "runs")


def _read(path: Path, what: str) -> pandas.DataFrame:
    import pandas

    try:
        text = read_regular(path)
        _require_of_verdict(path, text)
        head, *rows = csv.reader(io.StringIO(text.decode(), newline=""))
        columns = {name: _column([row[i] for row in rows]) for i, name in enumerate(head)}
    except (OSError, ValueError, IndexError, AttributeError) as error:
        raise StoreError(f"{path}: {get_reason(error)}", f"{what} that theory-sim study wrote", "run the study") from error
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
    """Raise ValueError if a verdict lies next to a file and has another one's digest; those of earlier versions have none."""
    verdict = path.with_name(VERDICT)
    if path.name in _SEALED and verdict.is_file():
        said = read_json(verdict).get(_SEALED[path.name])
        if said not in (None, _digest(text)):
            raise ValueError(f"it is not the {path.stem} of {verdict.name}")


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _column(cells: list[str]) -> list[int] | list[float] | list[str]:
    """Whole numbers, numbers (an empty cell is not-a-number), or text; pandas' own reader may be off in the last digit."""
    for kind in (int, float):
        try:
            return [math.nan if cell == "" and kind is float else kind(cell) for cell in cells]
        except ValueError:
            continue
    return cells


def refuse_strangers(folder: Path) -> None:
    """Refuse a folder that holds a study's files but no sweeps: they are not of a study, and would be replaced."""
    for name in (RUNS, TABLE, VERDICT):
        if os.path.lexists(folder / name) and not (folder / SWEEPS).is_dir():
            raise StoreError(f"{folder / name} is in the way", "a study replaces only the files of its own runs",
                             "move it elsewhere, or choose another output folder")


def _require_own(path: Path, new: bytes) -> None:
    """Refuse to replace a file by another one unless it is as the verdict beside it says that it was written."""
    if not os.path.lexists(path):
        return
    try:
        old = read_regular(path)
        verdict = path.with_name(VERDICT)
        own = old == new or (verdict.is_file() and read_json(verdict).get(_SEALED[path.name]) == _digest(old))
    except (OSError, ValueError, AttributeError):
        own = False
    if not own:
        raise StoreError(f"{path} was edited, or is not the {path.stem} of {VERDICT}",
                         f"{path.name} is replaced only as it was written",
                         "move it elsewhere and run the study again; the runs are kept")


def sealed(report: Mapping[str, object]) -> str:
    """A verdict as it is written: with the digest of all the rest of it."""
    return json.dumps({**report, "sha256": hashlib.sha256(json.dumps(report, indent=2).encode()).hexdigest()}, indent=2) + "\n"


def _require_own_verdict(path: Path, new: Mapping[str, object]) -> None:
    """Refuse to replace a verdict unless it is as it was written, by its own digest, or says the same without one."""
    if not os.path.lexists(path):
        return
    try:
        found, old = read_json(path), path.read_bytes()
        rest = {key: value for key, value in found.items() if key != "sha256"}
        same = {key: json.loads(json.dumps(new.get(key))) for key in found}
        own = old == sealed(rest).encode() or found == same  # earlier versions wrote no digest
    except (OSError, ValueError, AttributeError):
        own = False
    if not own:
        raise StoreError(f"{path} was edited", "a verdict is replaced only as it was written",
                         "move it elsewhere and run the study again; the runs are kept")
