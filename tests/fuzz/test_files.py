"""Experiment, sweep and plan files: read, or refused with a message; through the verbs' own readers, and at night the verbs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given

from tests.fuzz import bases, files
from tests.fuzz.folder import listing
from tests.fuzz.outcome import call, read
from tests.fuzz.property import faults
from tests.fuzz.sizes import first, night
from theory_sim.cli.options import make_plan, printed_warnings
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.preparation import report_preparation

FILE = "case.toml"


def _plan(path: str) -> object:
    return make_plan(Path(path), None, None, None, None)


def _sweep(path: str) -> object:
    """A long sweep, of which the programs say how many runs it has and how long they take to validate, ends there."""
    with printed_warnings(), report_preparation(enough):
        return Sweep.from_toml(path)


def enough(what: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    raise SystemExit(0)


def require_read(reader: Callable[[str], object], content: bytes, folder: Path) -> None:
    (folder / FILE).write_bytes(content)
    before = listing(folder)
    outcome = read(reader, FILE)
    assert outcome.status in (0, 2)
    assert not faults(outcome, before, listing(folder)), (outcome.err, content)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


EXPERIMENTS = files.tables(bases.experiments())
SWEEPS = files.tables(bases.sweeps())
PLANS = files.tables(bases.plans())
BYTES = files.mutated(bases.texts())


@first("experiment files")
@given(EXPERIMENTS)
def test_experiment_files(folder: Path, content: bytes) -> None:
    require_read(_plan, content, folder)


@first("sweep files")
@given(SWEEPS)
def test_sweep_files(folder: Path, content: bytes) -> None:
    require_read(_sweep, content, folder)


@first("plan files")
@given(PLANS)
def test_plan_files(folder: Path, content: bytes) -> None:
    require_read(_plan, content, folder)


@first("mutated bytes")
@given(BYTES)
def test_mutated_bytes(folder: Path, content: bytes) -> None:
    for reader in (_plan, _sweep):
        require_read(reader, content, folder)


def require_checked(content: bytes, folder: Path) -> None:
    """The same by `theory-sim check`, which also says the regime of what is valid."""
    (folder / FILE).write_bytes(content)
    before = listing(folder)
    outcome = call("theory-sim", "check", FILE)
    assert not faults(outcome, before, listing(folder)), (outcome.err, content)


@pytest.mark.slow
@night("experiment files")
@given(EXPERIMENTS)
def test_experiment_files_at_night(folder: Path, content: bytes) -> None:
    require_checked(content, folder)


@pytest.mark.slow
@night("sweep files")
@given(SWEEPS)
def test_sweep_files_at_night(folder: Path, content: bytes) -> None:
    require_read(_sweep, content, folder)


@pytest.mark.slow
@night("plan files")
@given(PLANS)
def test_plan_files_at_night(folder: Path, content: bytes) -> None:
    require_checked(content, folder)


@pytest.mark.slow
@night("mutated bytes")
@given(BYTES)
def test_mutated_bytes_at_night(folder: Path, content: bytes) -> None:
    require_checked(content, folder)
    require_read(_sweep, content, folder)
