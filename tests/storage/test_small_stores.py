"""A small dataset is written as xarray writes it: the same files, to the byte."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from theory_sim import Experiment, simulate
from theory_sim.storage import zarr_store
from theory_sim.storage.zarr_store import open_zarr, write_zarr

E = Experiment(d=8, N=32, m_W=8, m_V=12, n_test=4, max_steps=6, record_every=4.0)
WATCHED = {name: {"every_steps": 2} for name in ("patterns", "gradients")}


def odd() -> xarray.Dataset:
    """Of each kind of number and text that a store takes, with and without a label, empty, and only of the fill value."""
    values = {"b": np.array([True, False]), "u": np.arange(2, dtype="u1"), "i": np.arange(2, dtype="i4"),
              "f": np.array([np.nan, -0.0], "f4"), "t": np.array(["a", "longer"]), "s": np.array([b"a", b"bc"])}
    made: dict[str, Any] = {name: ("n", value, {"units": name, "number": np.float64(1.5)}) for name, value in values.items()}
    made |= {"nothing": ("none", np.zeros(0)), "one": ((), 3.0), "label": ((), "text"), "zeros": ("n", np.zeros(2, "i8")),
             "long": ("m", np.arange(70_000.0)), "gaps": (("n", "k"), np.full((2, 3), np.nan)),
             "fortran": (("n", "k"), np.ones((3, 2)).T)}
    return xarray.Dataset(made, {"n": [5, 6], "beside": ("n", [0.5, 1.5])}, {"whole": 3, "text": "x", "list": [1, 2]})


def files(folder: Path) -> dict[str, Any]:
    """Bytes of each file; all the metadata once more parsed, since xarray's have the order in which the disk lists names."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: json.loads(content) if name == ".zmetadata" else content for name, content in found.items()}


@pytest.fixture(scope="module")
def datasets() -> dict[str, xarray.Dataset]:
    return {"closure": simulate(E, "closure").dataset, "finite": simulate(E.replace(observe=WATCHED), threads=1).dataset,
            "odd": odd(), "empty": xarray.Dataset()}


def test_files_are_those_of_xarray(datasets: dict[str, xarray.Dataset], tmp_path: Path) -> None:
    for name, dataset in datasets.items():
        write_zarr(dataset, tmp_path / name)
        dataset.to_zarr(tmp_path / f"{name}-slow", mode="w-", zarr_format=2, consolidated=True)
        assert files(tmp_path / name) == files(tmp_path / f"{name}-slow"), name
        xarray.testing.assert_identical(xarray.open_zarr(tmp_path / name, chunks=None).load(), dataset)
    assert open_zarr(tmp_path / "odd")["fortran"].values.tolist() == [[1.0] * 3] * 2


def test_what_is_there_is_not_written_to(datasets: dict[str, xarray.Dataset], tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError):
        write_zarr(datasets["closure"], tmp_path / "there")
    assert not list((tmp_path / "there").iterdir())


def test_large_and_encoded_datasets_are_left_to_xarray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset in memory twice would take more than is estimated of a run, and one that was read says how it was written."""
    made: list[int] = []
    monkeypatch.setattr(zarr_store, "_small_store", lambda dataset: made.append(dataset.nbytes) or {})
    read = odd()
    read["f"].encoding = {"chunks": (1,)}
    for number, dataset in enumerate((xarray.Dataset({"a": ("n", np.zeros(2**19 + 1))}), read)):
        write_zarr(dataset, tmp_path / str(number))
    assert not made and (tmp_path / "1" / "f" / "1").exists()
    write_zarr(odd(), tmp_path / "small")
    assert made == [odd().nbytes]


@pytest.mark.parametrize("error", [ImportError, AttributeError, TypeError])
def test_without_these_parts_of_the_libraries_a_store_is_written_all_the_same(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renamed(dataset: xarray.Dataset) -> dict[str, bytes]:
        raise error("another version")

    write_zarr(odd(), tmp_path / "as usual")
    monkeypatch.setattr(zarr_store, "_small_store", renamed)
    write_zarr(odd(), tmp_path / "otherwise")
    assert files(tmp_path / "otherwise") == files(tmp_path / "as usual")


def test_a_full_disk_stops_at_the_first_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_zarr(odd(), tmp_path / "z")
    assert not files(tmp_path / "z")
