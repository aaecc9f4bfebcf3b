"""Another thing in the place of a part of a sweep: a file, an empty folder, a pipe, a link, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweeps.tiny import TINY
from theory_sim.engines import Engine
from theory_sim.errors import DamagedError, StoreError, TheorySimError
from theory_sim.loop import unfinished_path
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.integrity import check_sweep, repair_sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

CLOSURE = Sweep("s", TINY, engines=(Engine("closure"),))
PUT: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None, "file": lambda path: path.write_text("x"), "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo, "link to nothing": lambda path: path.symlink_to(path.parents[2] / "no"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to a folder": lambda path: path.symlink_to(path.parents[2] / "elsewhere"),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = SweepStore.create(tmp_path_factory.mktemp("finished") / "s", CLOSURE)
    assert run_sweep(store, workers=0).done == 1
    collect(store)
    return store.folder


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> SweepStore:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("mine")
    return SweepStore(shutil.copytree(finished, tmp_path / "s"))


def bad(store: SweepStore) -> list[str]:
    return [each.path.name for each in check_sweep(store.folder) if each.bad]


@pytest.mark.parametrize("what", ["nothing", "folder", "pipe", "link to nothing", "link to itself"])
def test_in_a_run_s_place(what: str, store: SweepStore, tmp_path: Path) -> None:
    (id,), before = store.states(), Summary.load(store.folder / "summary").dataset
    shutil.rmtree(store.run_path(id))
    PUT[what](store.run_path(id))
    assert bad(store) == [id]
    with pytest.raises(DamagedError, match=f"{id}(.|\n)*sweep resume"):
        collect(store)
    status = run_sweep(store, workers=0)
    assert (status.done, status.failed) == (1, 0) and status.recomputed.keys() == {id}
    assert os.path.lexists(f"{store.run_path(id)}.damaged") == (what != "nothing")
    assert bad(store) == [] and collect(store).dataset.identical(before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "s"], "nothing is written through a link"
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["mine"]


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(24, "Too many open files"),
                                   OSError(5, "Input/output error"), MemoryError("no room")])
def test_what_cannot_be_read_is_not_taken_for_damaged(
    error: Exception, store: SweepStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path, *, without: str) -> dict[str, str]:
        raise error

    (id,) = store.states()
    monkeypatch.setattr("theory_sim.storage.zarr_store.digests", fail)
    for call in (lambda: run_sweep(store, workers=0), lambda: collect(store), lambda: Summary.load(store.folder / "summary")):
        with pytest.raises(TheorySimError, match=str(error.args[-1]) if isinstance(error, OSError) else "memory") as found:
            call()
        assert not isinstance(found.value, DamagedError)
    monkeypatch.undo()
    assert store.status().done == 1 and [path.name for path in (store.folder / "runs").iterdir()] == [id] and bad(store) == []


@pytest.mark.parametrize("what", ["folder", "pipe", "link to a folder"])
def test_in_the_place_of_an_unfinished_run(what: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    store = SweepStore.create(tmp_path / "s", CLOSURE)
    (id,) = store.states()
    partial = unfinished_path(store.run_path(id))
    PUT[what](partial)
    assert bad(store) == ([] if what == "nothing" else [partial.name])
    status = run_sweep(store, workers=0)
    assert (status.done, status.failed) == (1, 0) and os.path.lexists(f"{partial}.damaged") == (what != "nothing")
    assert bad(store) == [] and list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("what", ["nothing", "file", "link to nothing"])
def test_in_the_place_of_all_runs(what: str, store: SweepStore) -> None:
    runs = store.folder / "runs"
    runs.rename(store.folder / "aside")
    PUT[what](runs) if "to" not in what else runs.symlink_to("no")
    if what == "nothing":
        assert run_sweep(store, workers=0).done == 1
        return
    for call in (lambda: run_sweep(store, workers=0), store.strangers):
        with pytest.raises(StoreError, match=r"runs is no folder(.|\n)*move .*runs away"):
            call()
    assert store.status().done == 1, "no run has failed of it"


@pytest.mark.parametrize(("name", "what"), [
    ("manifest.sqlite", "nothing"), ("manifest.sqlite", "link to nothing"), ("sweep.toml", "pipe"),
    ("summary", "link to nothing"), ("summary/summary.zarr", "nothing"),
])
def test_in_the_place_of_another_part(name: str, what: str, store: SweepStore, tmp_path: Path) -> None:
    before, path = Summary.load(store.folder / "summary").dataset, store.folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    PUT[what](path) if "to" not in what else path.symlink_to(tmp_path / "no")
    assert bad(store) == [name.partition("/")[0]]
    if "summary" not in name:
        with pytest.raises(DamagedError, match=f"{name} is missing, or no file(.|\n)*check --repair"):
            SweepStore(store.folder)
    repair_sweep(store.folder)
    again = SweepStore(store.folder)
    assert run_sweep(again, workers=0).recomputed == {} and collect(again).dataset.identical(before)
    assert bad(store) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "s"]
