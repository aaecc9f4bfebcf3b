"""Finished results in a folder that cannot be written to are shown by the commands that made them, and nothing is written."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_places import lower
from tests.storage.test_nothing_lost import everything
from tests.studies.test_studies import _study
from tests.test_hostile_input import call
from theory_sim import Experiment, Product
from theory_sim.cli import app, studies
from theory_sim.engines import Engine
from theory_sim.errors import StoreError
from theory_sim.storage.writing import write_text
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.refinement import Refinement
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

SWEEP = Sweep("small", Experiment(), (Product({"r": [0.2, 0.4]}),), ("S",), engines=(Engine("closure"),))


def closed(folder: Path, work: Callable[[], Any]) -> Any:
    """What a function gives that finds nothing below a folder writable, and in a thread that has no right to write anyway."""
    before = everything(folder)
    found: list[Any] = []

    def unprivileged() -> None:
        lower()  # of this thread alone
        assert not os.access(folder, os.W_OK)
        try:
            found.append(work())
        except StoreError as error:
            found.append(error)

    places = [folder, *folder.rglob("*")]
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        thread = threading.Thread(target=unprivileged)
        thread.start()
        thread.join()
    finally:
        for path in places:
            path.chmod(before[str(path)][0] & 0o777 if str(path) in before else 0o755)
    assert everything(folder) == before
    return found[0]


@pytest.mark.tier2
def test_a_finished_sweep_is_shown_and_one_that_is_not_is_refused(tmp_path: Path) -> None:
    out, declaration = tmp_path / "out", tmp_path / "small.toml"
    declaration.write_text(SWEEP.to_toml())
    words = ("sweep", "run", str(declaration), "--out", str(out), "--workers", "0", "-q")
    store = SweepStore.create(out / "small", SWEEP)
    refused = closed(out, lambda: run_sweep(store, workers=0))
    assert isinstance(refused, StoreError) and "can write to" in str(refused)
    assert call(app, "theory-sim", *words)[0] == 0
    for again in (words, ("sweep", "collect", str(out / "small"))):
        status, said = closed(out, lambda again=again: call(app, "theory-sim", *again))
        assert status == 0, said
    assert closed(out, lambda: run_sweep(store, workers=0)).done == 2
    assert closed(out, lambda: collect(store)).dataset["state"].values.tolist() == [[[["done"]]], [[["done"]]]]


def test_what_is_not_finished_is_not_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A summary that is not of these runs, a damaged run, a failed one that is to be begun anew, and a point to be added."""
    store = SweepStore.create(tmp_path / "small", SWEEP)
    run_sweep(store, workers=0)
    collect(store)
    refused = closed(tmp_path, lambda: collect(store, metrics={"mine": lambda trajectory: 1.0}))
    assert isinstance(refused, StoreError) and "can be written" in str(refused)
    chunk = store.run_path(store.sweep.run_of(0).id) / "tau" / "0"
    written = chunk.read_bytes()
    chunk.write_bytes(written[:-1])
    assert isinstance(closed(tmp_path, lambda: run_sweep(store, workers=0)), StoreError)
    chunk.write_bytes(written)
    assert closed(tmp_path, lambda: run_sweep(store, workers=0)).done == 2
    with monkeypatch.context() as adaptive:
        adaptive.setattr(Refinement, "wider", lambda self: store.sweep)
        assert isinstance(closed(tmp_path, lambda: run_sweep(store, workers=0)), StoreError)
    store.manifest.failed(store.sweep.run_of(0).id, "cause", "error")
    assert closed(tmp_path, lambda: run_sweep(store, workers=0)).failed == 1
    assert isinstance(closed(tmp_path, lambda: run_sweep(store, workers=0, retry_failed=True)), StoreError)


@pytest.mark.tier2
def test_finished_runs_are_shown(tmp_path: Path) -> None:
    words = ("run", "--set", "d=10", "--set", "N=40", "--set", "m_W=8", "--set", "m_V=8", "--set", "max_steps=4", "-q", "--out",
             str(tmp_path / "runs"))
    status, _ = call(app, "theory-sim", *words)
    assert status == closed(tmp_path, lambda: call(app, "theory-sim", *words))[0] == 0
    status, said = closed(tmp_path, lambda: call(app, "theory-sim", *words, "--set", "seed=1"))
    assert status == 2 and "written" in said and "Traceback" not in said


@pytest.mark.tier2
def test_a_finished_study_is_shown(tmp_path: Path) -> None:
    def run() -> Any:
        return studies._run(_study(), "small", None, tmp_path, 0, 1, None, False, shown=False)  # type: ignore[arg-type]

    first, again = run(), closed(tmp_path, run)
    assert again.verdict == first.verdict and again.table.equals(first.table)
    (tmp_path / "tiny-small" / "figure.svg").unlink()
    assert "figure.svg" in str(closed(tmp_path, run))


def test_a_file_that_holds_something_else_is_not_taken_for_written(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "mine")
    assert closed(tmp_path, lambda: write_text(tmp_path / "a", "mine")) is None
    for name, text in (("a", "yours"), ("b", "mine")):
        assert isinstance(closed(tmp_path, lambda name=name, text=text: write_text(tmp_path / name, text)), StoreError)
