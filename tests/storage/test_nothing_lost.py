"""Whatever the program overwrites: only what it wrote itself gives way, and a file of the user's is named and kept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from proofs_check.certificate import save as save_evidence
from proofs_check.claim import Verdict
from tests.conftest import Command
from theory_sim import Experiment, Trajectory, simulate
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.plots.style import FORMATS, require_own_figure, save_figure, style
from theory_sim.storage import failpoints
from theory_sim.storage.zarr_store import digests
from theory_sim.studies.run_study import read_table, run_study
from theory_sim.sweeps.collect import SUMMARY, Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

SMALL = Experiment(d=4, N=16, m_W=8, m_V=12, n_test=2, eta_1=1.0, max_steps=6, record_every=2.0)
RUN = ("run", "--set", "d=4", "--set", "N=16", "--set", "m_W=8", "--set", "m_V=12", "--set", "max_steps=3", "-q", "--force")


def everything(folder: Path) -> dict[str, Any]:
    return {str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")}


@pytest.mark.parametrize("stranger", ["notes.txt", "W/notes.txt", "figures/", "tau/notes.txt", "link"])
def test_a_run_with_a_file_of_the_user_s_is_not_replaced(stranger: str, tmp_path: Path, command: Command) -> None:
    assert command(*RUN, "--out", tmp_path)[0] == 0
    (run,) = tmp_path.iterdir()
    if stranger == "link":
        (run / stranger).symlink_to(tmp_path)
    elif stranger.endswith("/"):
        (run / stranger).mkdir()
    else:
        (run / stranger).write_text("mine")
    before = everything(tmp_path)
    status, _, error = command(*RUN, "--out", tmp_path)
    assert status == 2 and repr(stranger.rstrip("/")) in error and "move" in error
    assert everything(tmp_path) == before
    with pytest.raises(StoreError, match="did not write"):
        simulate(SMALL, threads=1).save(run, force=True)
    assert everything(tmp_path) == before
    if not (run / stranger).is_dir():
        os.unlink(run / stranger)
        assert command(*RUN, "--out", tmp_path)[0] == 0 and Trajectory.load(run)
        assert list(tmp_path.iterdir()) == [run]


@pytest.mark.parametrize("digest", ["right", "wrong"])
@pytest.mark.parametrize("among", ["nothing else", "a run"])
def test_a_list_of_digests_makes_no_file_the_program_s(among: str, digest: str, tmp_path: Path, command: Command) -> None:
    """Not even with the right digest: all that the list names has to be part of a store of arrays."""
    assert command(*RUN, "--out", tmp_path)[0] == 0
    (run,) = tmp_path.iterdir()
    if among == "nothing else":
        run.rename(tmp_path / "moved")
        (run / "tau").mkdir(parents=True)
    (run / "data.csv").write_text("precious")
    manifest = run / "tau" / "sha256.json"
    right = digests(run, without="tau/sha256.json")
    manifest.write_text(json.dumps(right if digest == "right" else {**right, "data.csv": "x"}))
    before = everything(tmp_path)
    status, _, error = command(*RUN, "--out", tmp_path)
    assert status == 2 and "is not a saved run" in error and "move it away" in error
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", ["tau/0", ".zattrs", "W/.zarray"])
def test_an_edited_run_is_the_user_s(name: str, tmp_path: Path, command: Command) -> None:
    assert command(*RUN, "--out", tmp_path)[0] == 0
    (run,) = tmp_path.iterdir()
    (run / name).write_bytes((run / name).read_bytes() + b" ")
    before = everything(tmp_path)
    status, _, error = command(*RUN, "--out", tmp_path)
    error = " ".join(error.split())  # wherever a long path has its lines end
    assert status == 2 and repr(name) in error and "edited or damaged" in error and "delete it yourself" in error
    with pytest.raises(StoreError, match="edited or damaged"):
        simulate(SMALL, threads=1).save(run, force=True)
    assert everything(tmp_path) == before
    run.rename(tmp_path / "moved")
    assert command(*RUN, "--out", tmp_path)[0] == 0 and Trajectory.load(run)


@pytest.fixture
def swept(tmp_path: Path) -> SweepStore:
    tiny = SMALL.replace(max_steps=None, max_tau=3.0)
    store = SweepStore.create(tmp_path / "s", Sweep("s", tiny, engines=(Engine("limit"),)))
    run_sweep(store, workers=0)
    return store


@pytest.mark.parametrize("kind", ["edited", "listed", "listed rightly", "only listed"])
def test_collect_replaces_no_file_of_the_user_s(kind: str, swept: SweepStore, tmp_path: Path) -> None:
    folder = swept.folder / SUMMARY
    if kind == "only listed":
        folder.mkdir()
        (folder / "sha256.json").write_text("{}")
    else:
        collect(swept)
        collect(swept)  # what nobody has touched is replaced
    told = json.loads((folder / "sha256.json").read_text())
    mine = folder / ("summary.csv" if kind == "edited" else "data.csv")
    mine.write_text("precious")
    if kind != "edited":
        whole = digests(folder, without="sha256.json") if kind == "listed rightly" else {**told, "data.csv": "x"}
        (folder / "sha256.json").write_text(json.dumps(whole))
    before = everything(tmp_path)
    seen = r"'summary\.csv', which is not as theory_sim wrote it" if kind == "edited" else "is not a summary"
    with pytest.raises(StoreError, match=rf"{seen}(.|\n)*fix: move"):
        collect(swept)
    with pytest.raises(StoreError, match="move"):
        Summary(collect(swept, save=False).dataset, swept.sweep).save(folder)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", ["edited", "listed"])
def test_gc_leaves_what_is_not_as_it_was_written(kind: str, swept: SweepStore, tmp_path: Path) -> None:
    (run,) = swept.sweep
    other = swept.run_path("0123456789abcdef0123")
    if kind == "edited":
        Trajectory.load(swept.run_path(run.id)).save(other)
        (other / "tau" / "0").write_bytes(b"mine")
    else:
        (other / "tau").mkdir(parents=True)
        (other / "data.csv").write_text("precious")
        (other / "tau" / "sha256.json").write_text('{"data.csv": "x"}')
    before = everything(other)
    assert swept.gc() == [] and everything(other) == before and swept.strangers() == [other]


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "full folder", "file"])
def test_what_is_no_run_is_not_replaced(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "run"
    if "link" in kind:
        if kind == "link":
            simulate(SMALL, store=tmp_path / "real", threads=1)
        target.symlink_to(tmp_path / "real")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.mkdir()
        if kind == "full folder":
            (target / ".zmetadata").write_text("{}")
            (target / "tau").mkdir()
            (target / "tau" / "sha256.json").write_text('["../mine"]')
    (tmp_path / "mine").write_text("mine")
    before = everything(tmp_path)
    for force in (False, True):
        with pytest.raises(StoreError):
            simulate(SMALL, store=target, threads=1, force=force)
    assert everything(tmp_path) == before


def test_a_stranger_that_comes_while_the_run_goes_on_costs_neither(tmp_path: Path) -> None:
    """The old run, the new file and the new result are all kept: the last as an unfinished run at its end."""
    store = tmp_path / "run"
    simulate(SMALL, store=store, threads=1)

    def come(point: str) -> None:
        if point == "write trajectory":
            (store / "notes.txt").write_text("mine")

    failpoints.set_hook(come)
    try:
        with pytest.raises(StoreError, match=r"notes\.txt"):
            simulate(SMALL.replace(seed=7), store=store, threads=1, force=True, checkpoint_seconds=0.0)
    finally:
        failpoints.set_hook(None)
    os.rename(store / "notes.txt", tmp_path / "notes.txt")
    assert Trajectory.load(store).experiment.seed == 0
    from theory_sim import resume

    assert resume(store, threads=1).experiment.seed == 7 == Trajectory.load(store).experiment.seed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "run"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_own_figures_are_known_and_others_kept(suffix: str, tmp_path: Path) -> None:
    path = save_figure(Figure(), tmp_path / f"own.{suffix}")
    require_own_figure(path)
    with pytest.raises(StoreError, match="exists"):
        save_figure(Figure(), path)
    save_figure(Figure(), path, force=True)
    require_own_figure(tmp_path / "nothing.png")
    mine = tmp_path / f"mine.{suffix}"
    Figure().savefig(mine)
    (tmp_path / f"link.{suffix}").symlink_to(path)
    (tmp_path / f"folder.{suffix}").mkdir()
    for other in (mine, tmp_path / f"link.{suffix}", tmp_path / f"folder.{suffix}"):
        with pytest.raises(StoreError, match="not a figure of this program"):
            require_own_figure(other)


def test_demo_asks_before_it_computes(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "decomposition.pdf").write_text("mine")
    status, _, error = command("demo", "--seeds", "0:1")
    assert status == 2 and "decomposition.pdf" in error and not (tmp_path / "runs").exists()
    assert (tmp_path / "figures" / "decomposition.pdf").read_text() == "mine"


def test_a_matplotlibrc_changes_no_figure(tmp_path: Path) -> None:
    import matplotlib

    with style():
        plain = save_figure(Figure(), tmp_path / "plain.svg").read_bytes()
    with matplotlib.rc_context({"text.usetex": True, "figure.facecolor": "red", "lines.linewidth": 9}):
        with style():
            assert not matplotlib.rcParams["text.usetex"]
            assert save_figure(Figure(), tmp_path / "other.svg").read_bytes() == plain
        assert matplotlib.rcParams["text.usetex"]


def test_a_figure_on_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = save_figure(Figure(), tmp_path / "own.png")
    before = path.read_bytes()

    def full(point: str) -> None:
        if point == "sync own.png":
            raise OSError(28, "No space left on device")

    failpoints.set_hook(full)
    try:
        with pytest.raises(StoreError, match="No space left"):
            save_figure(Figure(), path, force=True)
    finally:
        failpoints.set_hook(None)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.tier2
def test_a_study_replaces_only_its_own(tmp_path: Path) -> None:
    from tests.studies.test_studies import _study

    folder = tmp_path / "tiny-small"
    folder.mkdir()
    (folder / "table.csv").write_text("mine")
    with pytest.raises(StoreError, match=r"table\.csv is in the way"):
        run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
    assert [path.name for path in folder.iterdir()] == ["table.csv"]
    os.rename(folder / "table.csv", tmp_path / "mine.csv")
    run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
    assert len(read_table(folder / "table.csv")) == 3
    whole = (folder / "table.csv").read_bytes()
    (folder / "table.csv").write_bytes(whole.replace(b"0", b"1", 1))
    with pytest.raises(StoreError, match=r"not the table of verdict\.json"):
        read_table(folder / "table.csv")
    verdict = json.loads((folder / "verdict.json").read_text())
    edited = everything(folder)
    with pytest.raises(StoreError, match=r"table\.csv was edited(.|\n)*the runs are kept"):
        run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
    assert all(everything(folder)[str(folder / name)] == edited[str(folder / name)] for name in ("table.csv", "verdict.json"))
    del verdict["table_sha256"]  # as earlier versions wrote it
    (folder / "verdict.json").write_text(json.dumps(verdict))
    assert len(read_table(folder / "table.csv")) == 3
    (folder / "table.csv").write_bytes(whole)  # as a process leaves it that is killed before it writes the verdict
    with pytest.raises(StoreError, match=r"verdict\.json was edited(.|\n)*the runs are kept"):
        run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
    os.unlink(folder / "verdict.json")
    run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
    assert json.loads((folder / "verdict.json").read_text())["table_sha256"] and (folder / "table.csv").read_bytes() == whole
    written = (folder / "verdict.json").read_text()
    for text in (written.replace('"done": 3', '"done": 4'), written + "\n", json.dumps(json.loads(written)), "mine"):
        assert text != written
        (folder / "verdict.json").write_text(text)
        with pytest.raises(StoreError, match=r"verdict\.json was edited"):
            run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
        assert (folder / "verdict.json").read_text() == text and (folder / "table.csv").read_bytes() == whole
    plain = json.loads(written)
    del plain["sha256"]  # as earlier versions wrote it
    (folder / "verdict.json").write_text(json.dumps(plain, indent=2) + "\n")
    run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
    assert (folder / "verdict.json").read_text() == written


def test_evidence_replaces_only_evidence(tmp_path: Path) -> None:
    verdict = Verdict("a-claim", "proved", {"steps": []}, "quick")
    path = tmp_path / "a-claim.json"
    save_evidence(verdict, path)
    save_evidence(verdict, path)
    for text in ("mine", "{}", "[]", '{"claim": "a-claim"}'):
        path.write_text(text)
        with pytest.raises(InputError, match="no evidence"):
            save_evidence(verdict, path)
        assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_toml_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    SMALL.to_toml(path)
    (tmp_path / ".e.toml.draft").write_text("mine")
    SMALL.replace(seed=3).to_toml(path, overwrite=True)
    assert Experiment.from_toml(path).seed == 3 and (tmp_path / ".e.toml.draft").read_text() == "mine"
    with pytest.raises(InputError, match="choose another"):
        SMALL.to_toml(path / "below")


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    """Others may read results as they may read any file that the user makes."""
    (tmp_path / "plain").write_text("")
    (tmp_path / "folder").mkdir()
    simulate(SMALL, store=tmp_path / "run", threads=1)
    SMALL.to_toml(tmp_path / "e.toml")
    assert (tmp_path / "run").stat().st_mode == (tmp_path / "folder").stat().st_mode
    assert (tmp_path / "run" / "tau" / "0").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "e.toml").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert np.isfinite(Trajectory.load(tmp_path / "run").dataset["rate"].values).all()
