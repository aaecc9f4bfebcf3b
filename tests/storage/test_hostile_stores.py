"""Crafted stores: nothing in them is run, and all of them are refused with a StoreError."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from tests.conftest import Command
from theory_sim import Experiment, Trajectory, simulate
from theory_sim.engines import Engine
from theory_sim.errors import StoreError
from theory_sim.storage.zarr_store import digests, open_zarr, require_plain
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.trajectory import REQUIRED, _require_schema

SMALL = Experiment(d=4, N=16, m_W=8, m_V=12, n_test=2, eta_1=1.0, max_steps=6, record_every=2.0)
DIGESTS = "tau/sha256.json"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "run"
    simulate(SMALL, store=path, threads=1)
    return path


@pytest.fixture
def store(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "run"))


def seal(store: Path) -> None:
    """Digests that fit, as somebody writes them who wants the store to be opened."""
    (store / DIGESTS).write_text(json.dumps(digests(store, without=DIGESTS)))


def change(store: Path, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit a metadata file, and the same in the store's summary of them."""
    whole = json.loads((store / ".zmetadata").read_text())
    edit(whole["metadata"][name])
    (store / ".zmetadata").write_text(json.dumps(whole))
    (store / name).write_text(json.dumps(whole["metadata"][name]))
    seal(store)


class Payload:
    """An object whose unpickling leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.trace),)


def plant_pickle(store: Path, trace: Path) -> None:
    (store / "message").mkdir()
    (store / "message" / "0").write_bytes(pickle.dumps([Payload(trace), "|O", [1]]))
    array = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None, "order": "C",
             "filters": [{"id": "pickle", "protocol": 5}], "compressor": None, "dimension_separator": "."}
    whole = json.loads((store / ".zmetadata").read_text())
    attributes = {"_ARRAY_DIMENSIONS": ["one"]}
    whole["metadata"] |= {"message/.zarray": array, "message/.zattrs": attributes}
    (store / ".zmetadata").write_text(json.dumps(whole))
    (store / "message" / ".zarray").write_text(json.dumps(array))
    (store / "message" / ".zattrs").write_text(json.dumps(attributes))
    seal(store)


def test_a_pickle_is_not_run(store: Path, tmp_path: Path, command: Command) -> None:
    trace = tmp_path / "trace"
    plant_pickle(store, trace)
    with pytest.raises(StoreError, match="data type"):
        Trajectory.load(store)
    status, _, error = command("show", store)
    assert status == 2 and "data type" in error
    assert not trace.exists()
    pickle.loads((store / "message" / "0").read_bytes())  # the trace is what a run pickle leaves
    assert trace.exists()


ARRAY_EDITS: dict[str, dict[str, Any]] = {
    "object": {"dtype": "|O"}, "structure": {"dtype": [["a", "<f8"]]}, "void": {"dtype": "|V8"}, "time": {"dtype": "<M8[ns]"},
    "pickle": {"filters": [{"id": "pickle"}]}, "json": {"filters": [{"id": "json2"}]}, "delta": {"filters": [{"id": "delta"}]},
    "unknown compressor": {"compressor": {"id": "pickle"}}, "no id": {"compressor": {"cname": "lz4"}},
    "odd setting": {"compressor": {"id": "blosc", "callback": "os.system"}}, "compressor's type": {"compressor": "blosc"},
    "setting's type": {"compressor": {"id": "blosc", "cname": ["lz4"]}}, "fill": {"fill_value": {"a": 1}},
    "order": {"order": "F"}, "separator": {"dimension_separator": "/"}, "huge": {"shape": [10**15], "chunks": [10**9]},
    "huge chunk": {"chunks": [10**12]}, "negative": {"shape": [-1]}, "zero chunk": {"chunks": [0]}, "shape": {"shape": "4"},
    "true": {"shape": [True], "chunks": [1]}, "ranks": {"chunks": [1, 1]}, "many": {"shape": [1] * 64, "chunks": [1] * 64},
    "format": {"zarr_format": 3}, "more": {"codecs": [{"name": "numcodecs.pickle"}]},
}  # fmt: skip


@pytest.mark.parametrize("edit", ARRAY_EDITS)
def test_metadata_beyond_plain_arrays_are_refused(edit: str, store: Path) -> None:
    change(store, "train_loss/.zarray", lambda array: array.update(ARRAY_EDITS[edit]))
    with pytest.raises(ValueError):
        require_plain(store, more=[DIGESTS])
    with pytest.raises(StoreError, match="cannot be read as a run"):
        Trajectory.load(store)


def plant(store: Path, name: str, content: str = "{}") -> None:
    (store / name).parent.mkdir(exist_ok=True, parents=True)
    (store / name).write_text(content)


def add_metadata(store: Path, key: str, value: Any) -> None:
    whole = json.loads((store / ".zmetadata").read_text())
    whole["metadata"][key] = value
    (store / ".zmetadata").write_text(json.dumps(whole))


PLANTED: dict[str, Callable[[Path], Any]] = {
    "format 3 beside": lambda store: plant(store, "zarr.json"),
    "format 3 of an array": lambda store: plant(store, "tau/zarr.json"),
    "a group": lambda store: plant(store, "group/.zgroup"),
    "an array nobody lists": lambda store: plant(store, "extra/.zarray"),
    "a nested name": lambda store: add_metadata(store, "a/b/.zarray", {}),
    "a name that leads out": lambda store: add_metadata(store, "../.zarray", {}),
    "an absolute name": lambda store: add_metadata(store, "/etc/.zarray", {}),
    "a foreign key": lambda store: add_metadata(store, "tau/hook", {}),
    "described twice": lambda store: add_metadata(store, "tau/.zarray", json.loads((store / "h" / ".zarray").read_text())),
    "no metadata": lambda store: (store / ".zmetadata").write_text("[]"),
    "nested deeply": lambda store: (store / ".zmetadata").write_text("[" * 100_000),
    "endless number": lambda store: (store / ".zmetadata").write_text('{"metadata": ' + "9" * 5000 + "}"),
    "a pipe": lambda store: os.mkfifo(store / "pipe"),
    "a link to a file": lambda store: (store / "h" / "1.0").symlink_to("/etc/passwd"),
    "a link to a folder": lambda store: (store / "link").symlink_to("/etc"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_no_part_of_a_store_is_refused(kind: str, store: Path) -> None:
    PLANTED[kind](store)
    if kind not in ("a pipe", "a link to a file", "a link to a folder"):
        seal(store)
    with pytest.raises(StoreError, match="cannot be read as a run"):
        Trajectory.load(store)


def test_an_array_in_the_place_of_a_link_is_not_followed(store: Path, tmp_path: Path) -> None:
    shutil.move(store / "h", tmp_path / "h")
    (store / "h").symlink_to(tmp_path / "h")
    with pytest.raises(StoreError, match="neither a file nor a folder"):
        Trajectory.load(store)


@pytest.mark.parametrize("name", [*(name for name in REQUIRED if name != "tau"), "kind", "part", "direction"])
def test_a_store_that_lacks_an_array_is_refused(name: str, saved: Path, tmp_path: Path) -> None:
    dataset = Trajectory.load(saved).dataset.drop_vars(name)
    with pytest.raises((ValueError, KeyError), match=name):
        _require_schema(dataset)
    if name in ("train_loss", "kind"):
        Trajectory(dataset, SMALL).save(tmp_path / "run")
        with pytest.raises(StoreError, match=rf"cannot be read as a run.*{name}"):
            Trajectory.load(tmp_path / "run")


def test_a_store_without_its_times_is_refused(store: Path) -> None:
    whole = json.loads((store / ".zmetadata").read_text())
    for name in ("tau/.zarray", "tau/.zattrs"):
        del whole["metadata"][name]
        (store / name).unlink()
    (store / "tau" / "0").unlink()
    (store / ".zmetadata").write_text(json.dumps(whole))
    seal(store)
    with pytest.raises(StoreError, match="lacks tau"):
        Trajectory.load(store)


@pytest.mark.parametrize(("edit", "seen"), [
    (lambda data: data.assign(h=("record", data["tau"].values)), "h is float64 along"),
    (lambda data: data.assign(rate=("record", np.full(data.sizes["record"], "x"))), "rate is"),
    (lambda data: data.assign_coords(kind=["a", "b", "c"]), "kind has the labels"),
    (lambda data: data.isel(record=slice(0, 0)), "no record"),
    (lambda data: data.assign_attrs(outcome="fine"), "outcome 'fine'"),
    (lambda data: data.assign_attrs(message="\x1b]0;title\x07"), "message"),
    (lambda data: data.assign_attrs(annealed_tau="soon"), "annealed_tau"),
    (lambda data: data.assign_attrs(finite='{"kernel": "[link=file:///]x[/link]"}'), "option kernel"),
    (lambda data: data.assign_attrs(finite='["moving"]'), "an entry of the wrong type"),
    (lambda data: data.assign_attrs(schema_version="two"), "is no whole number"),
    (lambda data: data.drop_attrs(), "it lacks 'schema'"),
])  # fmt: skip
def test_a_store_of_another_shape_is_refused(edit: Any, seen: str, saved: Path, tmp_path: Path) -> None:
    Trajectory(edit(Trajectory.load(saved).dataset), SMALL).save(tmp_path / "run")
    with pytest.raises(StoreError, match=rf"(?s)cannot be read as a run.*{seen}"):
        Trajectory.load(tmp_path / "run")


@pytest.mark.parametrize("content", ["[]", "null", '"text"', "{}", "{", '{"tau/0": 5}', "[" * 100_000])
def test_a_list_of_digests_of_a_bad_format_is_refused(content: str, store: Path) -> None:
    (store / DIGESTS).write_text(content)
    with pytest.raises(StoreError, match="cannot be read as a run"):
        Trajectory.load(store)
    with pytest.raises(StoreError):
        Trajectory.load(store.parent / "run" / "tau")
    with pytest.raises(StoreError):
        simulate(SMALL, store=store, threads=1, force=True)  # nothing in it is on a list
    assert (store / ".zmetadata").exists()


def test_every_engine_gives_what_is_required(tmp_path: Path) -> None:
    e = SMALL.replace(eta_1=0.5, max_steps=None, max_tau=3.0)
    runs = {"finite": simulate(e, threads=1), "limit": simulate(e, "limit", threads=1), "closure": simulate(e, "closure")}
    for name, run in runs.items():
        run.save(tmp_path / name)
        assert Engine.of(Trajectory.load(tmp_path / name)).name == name


def test_what_could_not_be_loaded_is_not_saved(saved: Path, tmp_path: Path) -> None:
    """A dataset that was read is written in another way than a small new one."""
    for dataset in (Trajectory.load(saved).dataset, simulate(SMALL, "closure").dataset):
        odd = dataset.assign(odd=("record", np.array(dataset.sizes["record"] * ["a longer text"], dtype=object)))
        with pytest.raises(StoreError, match="odd has"):
            Trajectory(odd, SMALL).save(tmp_path / "run")
        assert list(tmp_path.iterdir()) == []


def test_memory_is_asked_before_anything_is_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    class Full:
        available = 1000

    monkeypatch.setattr(psutil, "virtual_memory", Full)
    with pytest.raises(StoreError, match="more than is free"):
        Trajectory.load(saved)


def test_a_summary_has_the_same_doors_closed(tmp_path: Path) -> None:
    tiny = SMALL.replace(max_steps=None, max_tau=3.0)
    store = SweepStore.create(tmp_path / "s", Sweep("s", tiny, seeds=(0, 1), engines=(Engine("limit"),)))
    run_sweep(store, workers=0)
    collect(store)
    folder = store.folder / "summary"
    assert Summary.load(folder).dataset.identical(collect(store, save=False).dataset)
    (folder / "summary.csv").write_text("changed")
    with pytest.raises(StoreError, match=r"summary\.csv is not as it was written"):
        Summary.load(folder)
    (folder / "sha256.json").unlink()  # nothing says whether it was edited
    with pytest.raises(StoreError, match="sweep collect again"):
        Summary.load(folder)
    with pytest.raises(StoreError, match=r"in the way(.|\n)*move it away"):
        collect(store)
    folder.rename(tmp_path / "moved")
    collect(store)
    assert Summary.load(folder) and (folder / "sha256.json").exists()
    path = folder / "summary.zarr" / "h" / ".zarray"
    whole = json.loads((folder / "summary.zarr" / ".zmetadata").read_text())
    whole["metadata"]["h/.zarray"]["filters"] = [{"id": "pickle"}]
    path.write_text(json.dumps(whole["metadata"]["h/.zarray"]))
    (folder / "summary.zarr" / ".zmetadata").write_text(json.dumps(whole))
    (folder / "sha256.json").write_text(json.dumps(digests(folder, without="sha256.json")))
    with pytest.raises(StoreError, match="filters"):
        Summary.load(folder)


def test_a_plain_dataset_passes(tmp_path: Path) -> None:
    """What xarray writes of each type that the schema may hold is read back as it was."""
    data = xarray.Dataset({
        "b": ("x", [True, False]), "i": ("x", np.array([1, 2], np.int16)), "u": ("x", np.array([1, 2**63], np.uint64)),
        "f": ("x", np.array([1, np.nan], np.float32)), "t": ("x", ["a", "bc"]), "scalar": ((), 2.0), "none": ("y", np.zeros(0)),
    })  # fmt: skip
    data.to_zarr(tmp_path / "z", zarr_format=2, consolidated=True)
    xarray.testing.assert_identical(open_zarr(tmp_path / "z").drop_attrs(), data)


def test_a_users_file_in_a_run_is_named_and_the_run_is_not_condemned(store: Path) -> None:
    (store / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"'notes.txt', which the program did not write(.|\n)*move it elsewhere"):
        Trajectory.load(store)
