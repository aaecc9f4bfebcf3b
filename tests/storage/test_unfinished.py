"""The folder of an unfinished run: no byte can change, no file move, and none come from another run, unnoticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Command
from tests.killed import EXPERIMENT
from theory_sim import Trajectory, resume, simulate
from theory_sim.errors import StoreError
from theory_sim.loop import UnfinishedRun, unfinished_path
from theory_sim.storage import failpoints
from theory_sim.storage.arrays import write_arrays

SHORT = EXPERIMENT.replace(max_tau=8.0, observe={})


class Stopped(Exception):
    """Ends a run after some checkpoints, as a crash does."""


def unfinished(store: Path, e: Any = SHORT, checkpoints: int = 4) -> Path:
    left = [checkpoints]

    def stop(point: str) -> None:
        if point == "renamed checkpoint":
            left[0] -= 1
            if left[0] == 0:
                raise Stopped

    failpoints.set_hook(stop)
    try:
        with pytest.raises(Stopped):
            simulate(e, store=store, checkpoint_seconds=0.0, threads=1)
    finally:
        failpoints.set_hook(None)
    return unfinished_path(store)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("begun")
    found = {"own": unfinished(folder / "own"), "twin": unfinished(folder / "twin"),
             "seed": unfinished(folder / "seed", SHORT.replace(seed=SHORT.seed + 1))}
    names = {"run.json", "checkpoint", "records-000000", "records-000001", "records-000002"}
    assert all({path.name for path in each.iterdir()} >= names for each in found.values())
    return found


@pytest.fixture
def store(begun: dict[str, Path], tmp_path: Path) -> Path:
    shutil.copytree(begun["own"], tmp_path / "run.partial")
    return tmp_path / "run"


def refused(store: Path) -> bool:
    """Whether what a resumption reads first is refused, and with the one kind of error; nothing is computed."""
    before = sorted(path.name for path in unfinished_path(store).iterdir())
    try:
        with UnfinishedRun(store) as partial:
            partial.manifest()
            partial.load()
    except StoreError as error:
        assert "fix" in str(error)
        assert sorted(path.name for path in unfinished_path(store).iterdir()) == before
        return True
    return False


def test_it_can_be_resumed_as_it_is(store: Path) -> None:
    assert not refused(store)
    again, whole = resume(store, threads=1), simulate(SHORT, threads=1)
    for name in whole.dataset.variables:
        np.testing.assert_array_equal(again.dataset[name].values, whole.dataset[name].values)


@pytest.mark.parametrize("name", ["run.json", "checkpoint", "records-000000", "records-000001"])
def test_any_changed_byte_is_refused(name: str, store: Path) -> None:
    """Every byte of the short file, and of the others a few hundred that are spread and their ends, each by one drawn bit."""
    path, draws = unfinished_path(store) / name, np.random.default_rng(18)
    whole = path.read_bytes()
    places = range(len(whole))
    if len(whole) > 300:
        places = sorted({*range(60), *range(len(whole) - 40, len(whole)), *draws.integers(0, len(whole), 120).tolist()})
    for at in places:
        changed = bytes([whole[at] ^ 1 << int(draws.integers(8))])
        path.write_bytes(whole[:at] + changed + whole[at + 1 :])
        assert refused(store), at
    for text in (whole[:-1], whole + b"\n", whole + b"\0", b""):
        path.write_bytes(text)
        assert refused(store)
    path.write_bytes(whole)
    assert not refused(store)


def test_the_same_json_in_other_bytes_is_refused(store: Path) -> None:
    path = unfinished_path(store) / "run.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content))
    assert refused(store)
    path.write_text(json.dumps(content, indent=1).replace('"format": 2', '"format": 2,\n "format": 2'))
    assert refused(store)


def test_another_seed_is_refused(store: Path, command: Command) -> None:
    """The whole of it: sed on run.json, then the command."""
    path = unfinished_path(store) / "run.json"
    path.write_text(path.read_text().replace(f'"seed": {SHORT.seed}', f'"seed": {SHORT.seed + 1}'))
    status, _, error = command("resume", store)
    assert status == 2 and "not as it was written" in error and not store.exists()
    content = json.loads(path.read_text())  # with a name that fits, the checkpoint is another run's
    from theory_sim.loop.unfinished import _name_of, _text

    said = content.pop("run")
    assert _name_of(content) != said
    path.write_text(_text({**content, "run": _name_of(content)}))
    assert refused(store)


def test_swapped_segments_are_refused(store: Path) -> None:
    names = sorted(path.name for path in unfinished_path(store).glob("records-*"))
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            a, b = unfinished_path(store) / one, unfinished_path(store) / other
            first, second = a.read_bytes(), b.read_bytes()
            a.write_bytes(second)
            b.write_bytes(first)
            assert refused(store), (one, other)
            b.write_bytes(second)
            assert refused(store), (one, other)
            a.write_bytes(first)
    assert len(names) >= 3 and not refused(store)


@pytest.mark.parametrize("other", ["seed", "twin"])
def test_files_of_another_run_are_refused(other: str, store: Path, begun: dict[str, Path]) -> None:
    """Of another seed, and of another start of the very same experiment."""
    for path in sorted(begun[other].iterdir()):
        whole = (unfinished_path(store) / path.name).read_bytes()
        shutil.copy(path, unfinished_path(store) / path.name)
        assert refused(store), path.name
        (unfinished_path(store) / path.name).write_bytes(whole)
    assert not refused(store)
    manifest = (unfinished_path(store) / "run.json").read_bytes()
    shutil.copytree(begun[other], unfinished_path(store), dirs_exist_ok=True)
    assert not refused(store)  # all of another run is that run
    (unfinished_path(store) / "run.json").write_bytes(manifest)
    assert refused(store)


def test_a_lost_segment_is_refused_and_a_lost_checkpoint_begins_again(store: Path) -> None:
    partial = unfinished_path(store)
    shutil.move(partial / "records-000001", store.parent / "kept")
    assert refused(store)
    (partial / "checkpoint").unlink()
    assert not refused(store)
    again, whole = resume(store, threads=1), simulate(SHORT, threads=1)
    np.testing.assert_array_equal(again.dataset["train_loss"].values, whole.dataset["train_loss"].values)


def test_an_earlier_format_is_told_of_and_kept(tmp_path: Path) -> None:
    """Its files have no digests: nothing says that they are the program's."""
    partial = tmp_path / "run.partial"
    partial.mkdir()
    (partial / "run.json").write_text(json.dumps(
        {"format": 1, "experiment": SHORT.fields(), "engine": {"name": "finite"}, "observers": [], "environment": {}}, indent=1
    ))  # fmt: skip
    for name in ("checkpoint.npz", "records-000000.npz", "checkpoint.npz.draft"):
        (partial / name).write_bytes(b"x")
    with pytest.raises(StoreError, match=r"version 1 of an unfinished run.*digests\n.*\n.*the version that began it"):
        resume(tmp_path / "run")
    for force in (False, True):
        with pytest.raises(StoreError, match=r"is in the way.*version 1.*\n.*\n.*move it away"):
            simulate(SHORT, store=tmp_path / "run", threads=1, force=force)
    assert len(list(partial.iterdir())) == 4


@pytest.mark.parametrize("content", [
    "[]", "null", "3", "{}", '{"format": "two"}', '{"format": null, "run": 3}', '{"format": 2}', '{"format": 2, "run": 5}', "{",
    "[" * 100_000, '{"format": 99999999999}', "\xff", "",
])  # fmt: skip
def test_a_manifest_of_a_bad_format_is_refused(content: str, store: Path, command: Command) -> None:
    (unfinished_path(store) / "run.json").write_text(content, encoding="latin-1")
    assert refused(store)
    assert command("resume", store)[0] == 2


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "folder", "full folder"])
def test_what_is_no_unfinished_run_is_refused_and_kept(kind: str, begun: dict[str, Path], tmp_path: Path) -> None:
    partial = tmp_path / "run.partial"
    if kind == "file":
        partial.write_text("mine")
    elif kind == "link":
        partial.symlink_to(shutil.copytree(begun["own"], tmp_path / "elsewhere"))
    elif kind == "dangling link":
        partial.symlink_to(tmp_path / "nowhere")
    else:
        partial.mkdir()
        if kind == "full folder":
            (partial / "records-000000").write_text("mine")
            (partial / "notes.txt").write_text("mine")
    before = {str(path): path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    for force in (False, True):
        with pytest.raises(StoreError, match="is in the way"):
            simulate(SHORT, store=tmp_path / "run", threads=1, force=force)
    with pytest.raises(StoreError, match=r"holds no unfinished run"):
        resume(tmp_path / "run")
    assert {str(path): path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_files_of_the_user_stay(store: Path) -> None:
    """A stranger is not read and not removed; a replacement is refused until it is elsewhere."""
    notes = unfinished_path(store) / "notes.txt"
    notes.write_text("mine")
    with pytest.raises(StoreError, match=r"notes\.txt.*did not write"):
        simulate(SHORT, store=store, threads=1, force=True)
    assert resume(store, threads=1).outcome == "budget_spent"
    assert Trajectory.load(store) and notes.read_text() == "mine"
    assert [path.name for path in unfinished_path(store).iterdir()] == ["notes.txt"]


def test_what_a_crash_left_goes_with_the_run(store: Path) -> None:
    """A segment beyond the checkpoint, and drafts cut anywhere: each names the run, as far as it goes."""
    partial = unfinished_path(store)
    label = {"run": json.loads((partial / "run.json").read_text())["run"], "segment": 7}
    write_arrays(partial / "records-000007", label, {"a": np.zeros(3)}, fix="")
    whole = (partial / "checkpoint").read_bytes()
    for cut in (0, 5, 60, 4000, len(whole)):
        (partial / f".checkpoint.draft-{cut:016x}").write_bytes(whole[:cut])
    assert resume(store, threads=1).outcome == "budget_spent"
    assert not partial.exists()


OURS = ("checkpoint", "records-000000", "records-000001", "records-000042", "run.json", ".checkpoint.draft-0123456789abcdef",
        ".records-000003.draft-0123456789abcdef")


@pytest.mark.parametrize("content", ["text", "of another run", "elsewhere in this run"])
@pytest.mark.parametrize("name", OURS)
def test_a_file_that_has_a_name_of_ours_is_never_removed(
    name: str, content: str, store: Path, begun: dict[str, Path]
) -> None:
    """By no verb that removes an unfinished run, nor at the end of a run that was continuing when it came."""
    partial = unfinished_path(store)
    path, mine = partial / name, b"mine\n"
    if content == "of another run":
        mine = (begun["twin"] / ("run.json" if name == "run.json" else "checkpoint")).read_bytes()
    elif content == "elsewhere in this run":
        mine = (partial / "records-000002").read_bytes()
        if "draft" in name:
            mine = b"mine " + mine  # as it stands it could be a draft of the run's own
    path.write_bytes(mine)
    with pytest.raises(StoreError, match=r"in the way|did not write|not as theory_sim wrote it"):
        simulate(SHORT, store=store, threads=1, force=True)
    assert path.read_bytes() == mine
    if "draft" not in name:
        with pytest.raises(StoreError, match=f"{name}|damaged"):
            resume(store, threads=1)
        assert path.read_bytes() == mine

    whole = store.with_name("whole")
    arrived = unfinished_path(whole) / name

    def put(point: str) -> None:
        if point == "finish":
            arrived.write_bytes(mine)

    failpoints.set_hook(put)
    try:
        simulate(SHORT, store=whole, threads=1)
    finally:
        failpoints.set_hook(None)
    assert Trajectory.load(whole) and [each.name for each in unfinished_path(whole).iterdir()] == [name]
    assert arrived.read_bytes() == mine


def test_what_is_shown_and_no_finished_run_says_how_to_go_on(store: Path, tmp_path: Path, command: Command) -> None:
    """The unfinished run by either name, the folder that runs lie in, and one with none."""
    for name in (store, unfinished_path(store)):
        status, _, error = command("show", name)
        said = " ".join(error.split())  # long paths break lines
        assert status == 2 and "unfinished run" in said and f"`theory-sim resume {store}` continues it" in said
    status, _, error = command("show", tmp_path)
    assert status == 2 and "none of its own" in error and "it holds run.partial: give those you mean" in error
    resume(store, threads=1)
    for k in range(6):
        shutil.copytree(store, tmp_path / f"run{k}")
    status, _, error = command("show", tmp_path)
    assert status == 2 and "it holds run, run0, run1, run2, run3 and 2 more" in error
    (tmp_path / "empty").mkdir()
    status, _, error = command("show", tmp_path / "empty")
    assert status == 2 and "no run lies in that folder either" in error
    status, _, error = command("show", tmp_path / "nothing")
    assert status == 2 and "does not exist" in error
    assert command("show", store)[0] == 0
