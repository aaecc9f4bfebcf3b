"""Saved runs: whole, readable with plain xarray, never overwritten unasked, and refused when damaged."""

import asyncio
import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
import zarr.core.sync

from theory_sim import Experiment, Trajectory, simulate
from theory_sim.errors import StoreError
from theory_sim.storage.formats import RUN

SMALL = Experiment(d=4, N=16, m_W=8, m_V=12, n_test=2, eta_1=1.0, max_steps=6, record_every=2.0)
RECORDED = {
    "rate": (), "train_loss": (), "loss_train": ("kind",), "loss_test": ("kind",), "accuracy_train": ("kind",),
    "accuracy_test": ("kind",), "accuracy_signal_test": ("kind",), "P_error": (), "P_overlap": (),
    "g": ("part", "direction"), "h": ("part",), "norm_signal": ("layer",), "norm_noise": ("layer",),
    "tau_noise": ("layer",), "tau_noise_exact": (), "pattern_shift": ("layer",),
}  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Trajectory:
    return simulate(SMALL, threads=1)


def test_schema(run: Trajectory) -> None:
    dataset = run.dataset
    for name, dims in RECORDED.items():
        assert dataset[name].dims == ("record", *dims), name
        assert {"units", "long_name"} <= dataset[name].attrs.keys(), name
        assert np.isfinite(dataset[name].values).all(), name
    for name, size in (("W", (8, 4)), ("V", (12, 2))):
        for part in ("", "_signal", "_noise"):
            assert dataset[name + part].shape == size
        assert dataset[name.lower()].shape == size[:1]
    assert list(dataset["kind"].values) == ["P-only", "Q-only", "both"]
    assert list(dataset["direction"].values) == ["z-zeta", "z", "z+zeta"]
    assert list(dataset["step"].values) == [0, 2, 4, 6] and dataset["tau"].dims == ("record",)
    assert RUN.attributes.items() <= dataset.attrs.items()
    assert dataset.attrs["n_examples"] == 16 and sum(dataset.attrs["n_kind"]) == 16


def test_save_and_load_give_the_same(run: Trajectory, tmp_path: Path) -> None:
    path = tmp_path / "new" / "run"
    run.save(path)
    assert [p.name for p in path.parent.iterdir()] == ["run"]  # no draft left behind
    again = Trajectory.load(path)
    assert again.experiment == SMALL
    assert (again.outcome, again.message) == (run.outcome, run.message)
    np.testing.assert_array_equal(again.annealed_tau, run.annealed_tau)
    xarray.testing.assert_identical(again.dataset.drop_attrs(), run.dataset.drop_attrs())
    assert again.dataset["W"].dtype == run.dataset["W"].dtype == np.float64  # the sum of its float32 parts


def test_opens_in_plain_xarray(run: Trajectory, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    with xarray.open_zarr(tmp_path / "run", consolidated=False) as plain:
        np.testing.assert_array_equal(plain["loss_train"].sel(kind="P-only"), run.history("loss_train", kind="P-only"))
        assert Experiment(**json.loads(plain.attrs["experiment"])) == SMALL


def test_store_of_simulate(tmp_path: Path) -> None:
    made = simulate(SMALL, store=tmp_path / "run", threads=1)
    xarray.testing.assert_identical(Trajectory.load(tmp_path / "run").dataset.drop_attrs(), made.dataset.drop_attrs())


def test_an_existing_path_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    steps: list[int] = []
    for force in (False, True):  # what is not a saved run is not replaced even on request
        with pytest.raises(StoreError, match="exists"):
            simulate(SMALL, store=taken, force=force, progress=lambda step, tau, loss: steps.append(step))
    assert not steps and taken.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [taken]


def test_a_saved_run_is_replaced_on_request_only(run: Trajectory, tmp_path: Path) -> None:
    path = tmp_path / "run"
    run.save(path)
    other = simulate(SMALL.replace(seed=5), threads=1)
    with pytest.raises(StoreError, match=r"exists\n.*never overwritten.*\n.*force"):
        other.save(path)
    assert Trajectory.load(path).experiment.seed == 0
    other.save(path, force=True)
    assert Trajectory.load(path).experiment.seed == 5
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_leaves_nothing(run: Trajectory, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="a folder that can be written to"):
        run.save(tmp_path / "file" / "run")


def test_after_a_failed_write_nothing_writes_any_more(run: Trajectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zarr's loop writes chunks side by side: one that lands after the draft was removed would make it again."""
    landed = []

    async def chunk() -> None:
        await asyncio.sleep(0.2)
        landed.append("chunk")

    def fail(*args: Any, **more: Any) -> None:
        asyncio.run_coroutine_threadsafe(chunk(), zarr.core.sync._get_loop())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("theory_sim.storage.zarr_store._SMALL", -1)  # by Zarr's own loop, as a large run is written
    monkeypatch.setattr(xarray.Dataset, "to_zarr", fail)
    with pytest.raises(StoreError, match="No space left"):
        run.save(tmp_path / "run")
    assert landed == ["chunk"] and list(tmp_path.iterdir()) == []


def test_broken_stores_are_refused(run: Trajectory, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"does not exist\n.*\n.*check the path"):
        Trajectory.load(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="cannot be read as a run"):
        Trajectory.load(tmp_path / "empty")
    run.save(tmp_path / "no-metadata")
    (tmp_path / "no-metadata" / ".zmetadata").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be read as a run"):
        Trajectory.load(tmp_path / "no-metadata")
    run.save(tmp_path / "lost-chunk")  # Zarr alone would read NaN in its place
    (tmp_path / "lost-chunk" / "loss_train" / "0.0").unlink()
    with pytest.raises(StoreError, match=r"loss_train/0\.0 is missing"):
        Trajectory.load(tmp_path / "lost-chunk")
    for attribute, value, seen in (
        ("schema", "another", "cannot be read as a run"), ("schema_version", RUN.version + 1, "version 2 of"),
        ("experiment", "{}}", "cannot be read as a run"), ("experiment", '{"nope": 1}', "unknown field"),
    ):
        path = tmp_path / f"{attribute}-{len(seen)}-{len(str(value))}"
        Trajectory(run.dataset.assign_attrs({attribute: value}), SMALL).save(path)
        with pytest.raises(StoreError, match=seen):
            Trajectory.load(path)


def test_a_file_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(StoreError, match=r"mine\.txt is a file\n.*the folder of a saved run"):
        Trajectory.load(tmp_path / "mine.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError) as refused:
        Trajectory.load(tmp_path / "folder")
    assert "delete" not in str(refused.value)
