"""check and repair: each file of a sweep's folder against the digest that was written with it, and what can be made again.

Nothing is removed: what is not as it was written is set aside under another name.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from theory_sim.errors import DamagedError, StoreError, TheorySimError, refused_by_system
from theory_sim.loop import UnfinishedRun, environment, holds_unfinished, unfinished_path
from theory_sim.reading.arguments import accepts
from theory_sim.storage.removal import set_aside
from theory_sim.storage.writing import write_text
from theory_sim.sweeps.collect import SUMMARY, ZARR, Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.manifest import Manifest
from theory_sim.sweeps.manifest_rows import connect, damage_of
from theory_sim.sweeps.store import DECLARATION, MANIFEST, RUNS
from theory_sim.sweeps.sweep_run import misplaced
from theory_sim.trajectory import run_damage

__all__ = ["Finding", "check_sweep", "repair_sweep"]

_RUN: Final = re.compile(r"[0-9a-f]{20}(?P<rest>\.partial)?(?P<aside>\.damaged(-\d+)?)?")


@dataclass(frozen=True)
class Finding:
    """What was found of one thing in a sweep's folder.

    Attributes
    ----------
    path : Path
        A file, or the folder of a run.
    state : {"as written", "no checksum", "damaged", "missing", "set aside"}
        Without a checksum, as earlier versions wrote it, nothing tells whether a byte has changed.
    detail : str
        Of what is damaged: what is wrong, and where.
    """

    path: Path
    state: Literal["as written", "no checksum", "damaged", "missing", "set aside"]
    detail: str = ""

    @property
    def bad(self) -> bool:
        """Whether it cannot be used."""
        return self.state in ("damaged", "missing")


@accepts(folder="a path")
@refused_by_system()
def check_sweep(folder: str | os.PathLike[str]) -> list[Finding]:
    """Look at every byte of a sweep's folder that has a digest: declaration, manifest, runs, unfinished runs and summary.

    Parameters
    ----------
    folder : path
        Folder of the sweep.

    Returns
    -------
    list of Finding
        One for the manifest and the declaration each, then one for each run that is there or should be, and the summary.

    Raises
    ------
    StoreError
        If there is no sweep, or its folder cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from theory_sim import Engine, Experiment, Sweep, SweepStore, run_sweep
    >>> from theory_sim.sweeps.integrity import check_sweep
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SweepStore.create(f"{folder}/mine", Sweep("mine", Experiment(), engines=(Engine("closure"),)))
    ...     _ = run_sweep(store, workers=0)
    ...     findings = check_sweep(f"{folder}/mine")
    >>> any(finding.bad for finding in findings)
    False
    """
    place = Path(folder)
    if not any((place / name).exists() for name in (DECLARATION, MANIFEST)):
        raise StoreError(f"{place} holds no sweep", f"a folder with {DECLARATION} and {MANIFEST}",
                         "check the path; theory-sim sweep run begins a sweep")
    manifest, found = _manifest(place)
    return [found, _declaration(place, manifest), *_runs(place, manifest), *_summary(place, manifest)]


@accepts(folder="a path")
@refused_by_system()
def repair_sweep(folder: str | os.PathLike[str]) -> list[str]:
    """Make the manifest again from declaration and runs, or the declaration from the manifest; set a damaged summary aside.

    Damaged runs are left to the next `run_sweep`, which computes them again.

    Returns
    -------
    list of str
        What was done, in words; nothing if nothing had to be.

    Raises
    ------
    StoreError
        If manifest and declaration are both damaged, or a process is at the sweep.

    Examples
    --------
    Of a sweep whose manifest was lost:

    >>> from theory_sim.sweeps.integrity import repair_sweep
    >>> repair_sweep("runs/mine")  # doctest: +SKIP
    """
    place = Path(folder)
    done: list[str] = []
    manifest, found = _manifest(place)
    if found.bad:
        done += _remade_manifest(place, found)
    elif manifest is not None and (declared := _declaration(place, manifest)).bad:
        with manifest.locked(0):
            aside = _aside(place / DECLARATION)
            write_text(place / DECLARATION, manifest.declarations[0])
            done.append(f"{declared.path}: {declared.detail or 'missing'}; written again, as the manifest has it{aside}")
    for summary in _summary(place, manifest):
        if summary.bad:
            aside = _aside(place / SUMMARY)
            done.append(f"{summary.path}: {summary.detail}{aside}; theory-sim sweep collect {place} makes it again")
    return done


def _aside(path: Path) -> str:
    """Set something aside, and say so; nothing if it is not there."""
    return f"; what was there is {set_aside(path).name} now" if os.path.lexists(path) else ""


def _manifest(place: Path) -> tuple[Manifest | None, Finding]:
    path = place / MANIFEST
    if not path.is_file():
        return None, Finding(path, "missing")
    try:
        manifest = Manifest(path)
    except DamagedError as error:
        return None, Finding(path, "damaged", error.found)
    return manifest, Finding(path, "as written" if manifest.digested else "no checksum")


def _declaration(place: Path, manifest: Manifest | None) -> Finding:
    path = place / DECLARATION
    if not path.is_file():
        return Finding(path, "missing")
    if manifest is None or not manifest.declarations:
        try:
            Sweep.written_at(path)
        except TheorySimError as error:
            return Finding(path, "damaged", error.found)
        return Finding(path, "no checksum")
    same = path.read_bytes() in [text.encode() for text in manifest.declarations]
    return Finding(path, "as written") if same else Finding(path, "damaged", "it is not as it was written")


def _runs(place: Path, manifest: Manifest | None) -> Iterator[Finding]:
    runs = place / RUNS
    states = {} if manifest is None else manifest.states()
    there = sorted(path.name for path in runs.iterdir()) if runs.is_dir() else []
    for id in sorted(set(states) - set(there)):
        if states[id] == "done":
            yield Finding(runs / id, "missing")
    for name in there:
        kind = _RUN.fullmatch(name)
        if kind is None:
            continue
        if kind["aside"]:
            yield Finding(runs / name, "set aside")
        elif kind["rest"]:
            yield from _unfinished(runs / name)
        else:
            damage = run_damage(runs / name) or misplaced(runs / name)
            yield Finding(runs / name, "damaged" if damage else "as written", damage)


def _unfinished(path: Path) -> Iterator[Finding]:
    if not holds_unfinished(path.with_name(path.name.removesuffix(".partial"))):
        if os.path.lexists(path):  # else finished in the meantime
            yield Finding(path, "damaged", f"{path} holds no unfinished run")
        return
    unfinished = UnfinishedRun(path.with_name(path.name.removesuffix(".partial")))
    try:
        unfinished.manifest()
        unfinished.load()
    except DamagedError as error:
        yield Finding(path, "damaged", error.found)
    except StoreError:  # finished in the meantime, or of another version
        return
    else:
        yield Finding(path, "as written")


def _summary(place: Path, manifest: Manifest | None) -> Iterator[Finding]:
    path = place / SUMMARY
    if not os.path.lexists(path):
        return
    if lacking := next((each for each in (path, path / ZARR) if not each.is_dir()), None):
        yield Finding(path, "damaged", f"{lacking} is missing, or no folder")
        return
    try:
        of = set(Summary.load(path).dataset["run"].values.ravel().tolist())
    except DamagedError as error:
        yield Finding(path, "damaged", error.found)
    except StoreError:  # of another version, or none
        return
    else:
        # Of fewer runs it may be: that of before more were declared.
        other = set() if manifest is None else of - manifest.states().keys()
        found = f"it is another sweep's: {len(other)} of its {len(of)} runs are not declared here"
        yield Finding(path, "damaged", found) if other else Finding(path, "as written")


def _remade_manifest(place: Path, found: Finding) -> list[str]:
    try:
        sweep = Sweep.written_at(place / DECLARATION)
    except TheorySimError as error:
        raise StoreError(f"{found.path}: {found.detail or 'missing'}, and {error.found}", "one of both as it was written",
                         f"begin the sweep again elsewhere; whole runs can be moved into its folder {RUNS}") from error
    known = _environment(place / MANIFEST)
    # A journal that is left would be played back into the new file.
    aside = "".join(_aside(place / name) for name in (f"{MANIFEST}-journal", f"{MANIFEST}-wal", MANIFEST))
    Manifest.create(place / MANIFEST, sweep, known or environment(), (place / DECLARATION).read_text(encoding="utf-8"))
    manifest = Manifest(place / MANIFEST)
    whole = [id for id in manifest.states() if not (run_damage(place / RUNS / id) or misplaced(place / RUNS / id))]
    manifest.found(whole)
    begun = sum(unfinished_path(place / RUNS / id).is_dir() for id in set(manifest.states()) - set(whole))
    told = [f"{found.path}: {found.detail or 'missing'}; made again with {len(whole)} runs done, {begun} begun{aside}"]
    if not known:
        told.append("which libraries and processor began the sweep is no longer known: those of now are taken for them")
    return told


def _environment(path: Path) -> dict[str, str]:
    """Environment in a damaged manifest, if what it says of itself is as it was written; else empty."""
    if not path.is_file():  # SQLite would make one
        return {}
    with suppress(sqlite3.Error, ValueError, KeyError, TypeError), closing(connect(str(path))) as database:
        if damage_of(database, rows=False):
            return {}
        about = dict(database.execute("SELECT key, value FROM about").fetchall())
        return {str(key): str(value) for key, value in json.loads(about["environment"]).items()}
    return {}
