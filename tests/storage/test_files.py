"""One way to write and one to remove: whole or not at all, by a list, and never what is not in it."""

from __future__ import annotations

import ast
import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory_sim.errors import StoreError
from theory_sim.storage import failpoints
from theory_sim.storage.arrays import read_arrays, read_json, write_arrays
from theory_sim.storage.listing import Listing, strangers
from theory_sim.storage.lock import Lock
from theory_sim.storage.removal import remove_folder, remove_listed
from theory_sim.storage.writing import FolderDraft, clear_drafts, discard, find_drafts, write_text

ROOT = Path(__file__).parents[2]
# Functions that take a name away from something, of os, shutil and pathlib.
TAKING = {"rmtree", "unlink", "remove", "rmdir", "removedirs", "rename", "renames", "replace", "move"}
ALLOWED = {"theory_sim/storage/removal.py", "theory_sim/storage/writing.py"}


def takers(text: str) -> list[str]:
    """Calls in a module that take a name away: of os and shutil, or a method of a path with a path's arguments."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in TAKING:
            continue
        of = node.func.value
        module = isinstance(of, ast.Name) and of.id in ("os", "shutil")
        # str.replace has two arguments, Experiment.replace and dataclasses.replace have names, list.remove is of a list.
        path = node.func.attr in ("unlink", "rmdir", "rename", "rmtree") or (
            node.func.attr == "replace" and len(node.args) == 1 and not node.keywords
        )
        if module or path:
            found.append(ast.unparse(node))
    return found


def test_only_the_storage_modules_take_names_away() -> None:
    found = {}
    for path in [*(ROOT / "theory_sim").rglob("*.py"), *(ROOT / "proofs_check").rglob("*.py")]:
        name = path.relative_to(ROOT).as_posix()
        calls = [] if name in ALLOWED else takers(path.read_text(encoding="utf-8"))
        if calls:
            found[name] = calls
    assert found == {}
    for name in ALLOWED:
        assert takers((ROOT / name).read_text(encoding="utf-8")), "the scan finds them where they are"


@pytest.mark.parametrize("planted", [
    "shutil.rmtree(x)", "os.replace(a, b)", "Path(x).unlink()", "draft.rename(target)", "draft.replace(target)", "p.rmdir()",
])  # fmt: skip
def test_a_planted_one_would_be_found(planted: str) -> None:
    assert takers(planted) and not takers("text.replace('a', 'b'); e.replace(seed=1); names.remove('a')")


def tree(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder, links not followed."""
    found: dict[str, bytes | str] = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(root) / name
            known = str(path.relative_to(folder))
            found[known] = os.readlink(path) if path.is_symlink() else ("" if path.is_dir() else path.read_bytes())
    return found


def make(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


OWN = Listing.of(["a", "b/c", "h/"])


@pytest.mark.parametrize("stranger", ["notes.txt", "b/notes.txt", "h/notes", "h/0/0", "b/d/e", "link", "empty/", "h/link"])
def test_a_folder_with_a_stranger_stays_whole(stranger: str, tmp_path: Path) -> None:
    elsewhere = make(tmp_path / "elsewhere", ["a", "b/c"])
    folder = make(tmp_path / "own", ["a", "b/c", "h/0.0", "h/.zarray", "h/0.0123456789abcdef0123456789abcdef.partial"])
    if stranger.endswith("link"):
        (folder / stranger).symlink_to(elsewhere)
    elif stranger.endswith("/"):
        (folder / stranger).mkdir()
    else:
        make(folder, [stranger])
    before = tree(tmp_path)
    with pytest.raises(StoreError, match=r"did not write\n.*\n.*move .* elsewhere"):
        remove_folder(folder, OWN, of="a test")
    with pytest.raises(StoreError, match="did not write"):
        discard(folder, OWN, of="a test")
    assert tree(tmp_path) == before
    assert len(strangers(folder, OWN)) >= 1
    remove_listed(folder, OWN)
    assert tree(elsewhere) == {"a": b"a", "b": "", "b/c": b"b/c"}
    assert os.path.lexists(folder / stranger) and not (folder / "a").exists()


def test_a_folder_of_its_own_goes_and_a_link_to_it_does_not(tmp_path: Path) -> None:
    folder = make(tmp_path / "own", ["a", "b/c", "h/0"])
    (tmp_path / "link").symlink_to(folder)
    before = tree(tmp_path)
    for remove in (remove_folder, discard):
        with pytest.raises(StoreError, match="symbolic link"):
            remove(tmp_path / "link", OWN, of="a test")
    remove_listed(tmp_path / "link", OWN)
    assert tree(tmp_path) == before
    discard(folder, OWN, of="a test")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link"]


POINTS = ["write written.json", "sync written.json", "rename written.json", "sync a thing", "rename a thing",
          "rename a thing over another", "renamed a thing", "remove folder"]


class Killed(BaseException):
    """Stands for the end of the process: nothing of what follows runs."""


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("count", [0, 1])
def test_a_killed_replacement_leaves_the_old_or_the_new(
    point: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = make(tmp_path / "thing", ["a", "b/c"])
    before, left = tree(target), [count]

    def kill(name: str) -> None:
        if name == point:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    def replace() -> None:
        with FolderDraft(target, Listing.of(["n", "h/"])) as draft:
            make(draft.new, ["n", "h/0"])
            draft.commit(OWN, of="a thing")
        discard(target, Listing.of(["n", "h/"]), of="a thing")

    failpoints.set_hook(kill)
    try:
        with monkeypatch.context() as dead:  # a dead process does not tidy up, and its locks are gone
            dead.setattr(FolderDraft, "_leave", lambda self: self._lock.release() if self._lock else None)
            dead.setattr("theory_sim.storage.writing.remove_file", lambda path: None)
            with pytest.raises(Killed):
                replace()
                raise Killed
    finally:
        failpoints.set_hook(None)
    assert len(find_drafts(target)) >= 1 or left[0] >= 0
    clear_drafts(target)
    assert [path.name for path in tmp_path.iterdir() if path != target] == []
    assert not target.exists() or tree(target) in (before, {"n": b"n", "h": "", "h/0": b"h/0"})
    if point not in ("remove folder", "sync a thing", "renamed a thing") and left[0] < 0 and count == 0:
        assert tree(target) == before


def test_a_draft_of_a_living_writer_or_with_a_stranger_stays(tmp_path: Path) -> None:
    target = tmp_path / "thing"
    with FolderDraft(target, Listing.of(["n"])) as draft:
        make(draft.new, ["n"])
        assert clear_drafts(target) == [] and find_drafts(target) == [draft.folder]
        make(draft.folder, ["notes.txt"])
    assert clear_drafts(target) == [] and (draft.folder / "notes.txt").exists()
    (tmp_path / ".thing.draft-x").mkdir()
    (tmp_path / ".other.draft-0123456789abcdef").mkdir()
    make(tmp_path / ".thing.draft-0123456789abcdef", ["mine"])  # looks like one, but holds no list
    before = tree(tmp_path)
    assert clear_drafts(target) == [] and tree(tmp_path) == before


@pytest.mark.parametrize("other", ["folder", "file"])
def test_the_later_of_two_writers_of_a_name_says_who_was_first(other: str, tmp_path: Path) -> None:
    """Not that the folder cannot be written to; what the first one made stays, and nothing else."""
    target = tmp_path / "thing"
    with pytest.raises(StoreError) as refused, FolderDraft(target, Listing.of(["n"])) as draft:
        make(draft.new, ["n"])
        make(target, ["first"]) if other == "folder" else target.write_text("first")
        draft.commit()
    assert "made by another process" in refused.value.found and "same command again" in refused.value.fix
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]
    assert (target / "first").exists() if other == "folder" else target.read_text() == "first"


def test_what_gave_way_goes_only_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process leaves the folder that gave way in its draft, with its digests."""
    own = Listing(OWN.files, digests={name: hashlib.sha256(name.encode()).hexdigest() for name in OWN.files})
    for edited in (False, True):
        target = make(tmp_path / f"thing{edited}", ["a", "b/c"])
        with monkeypatch.context() as dead:
            dead.setattr(FolderDraft, "_leave", lambda self: self._lock.release() if self._lock else None)
            discard(target, own, of="a test")
        (draft,) = find_drafts(target)
        if edited:
            (draft / "old" / "a").write_text("mine")
        assert clear_drafts(target) == ([] if edited else [draft])
        assert draft.exists() == edited and (not edited or (draft / "old" / "a").read_text() == "mine")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    target = make(tmp_path / "thing", ["a"])
    write_text(tmp_path / "file", "before")

    def full(point: str) -> None:
        if point in ("sync file", "write written.json"):
            raise OSError(28, "No space left on device")

    before = tree(tmp_path)
    failpoints.set_hook(full)
    try:
        with pytest.raises(StoreError, match=r"No space left on device\n.*\n.*make room"):
            write_text(tmp_path / "file", "after")
        with pytest.raises(StoreError, match="No space left"), FolderDraft(target, OWN):
            pass
    finally:
        failpoints.set_hook(None)
    assert tree(tmp_path) == before
    with pytest.raises(StoreError, match="choose another"), FolderDraft(tmp_path / "file" / "thing", OWN):
        pass


def test_a_link_is_neither_replaced_nor_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "file").symlink_to(tmp_path / "mine")
    with pytest.raises(StoreError, match="a symbolic link"):
        write_text(tmp_path / "file", "new")
    assert (tmp_path / "mine").read_text() == "mine" and (tmp_path / "file").is_symlink()


ARRAYS: dict[str, Any] = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(7, np.int8), "c": np.array(["x", "yz"])}


def test_arrays_are_read_back_and_no_byte_can_change(tmp_path: Path) -> None:
    path = tmp_path / "arrays"
    digest = write_arrays(path, {"run": "r", "n": 2}, ARRAYS, fix="")
    found, label, arrays = read_arrays(path)
    assert (found, label, list(arrays)) == (digest, {"run": "r", "n": 2}, list(ARRAYS))
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        with pytest.raises(ValueError):
            read_arrays(path)
    for at in range(0, len(whole), 11):
        path.write_bytes(whole[:at])
        with pytest.raises(ValueError):
            read_arrays(path)
    for more in (b"\0", b"\n"):
        path.write_bytes(whole + more)
        with pytest.raises(ValueError):
            read_arrays(path)


def test_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        write_arrays(tmp_path / "arrays", {}, {"a": np.array([print], dtype=object)}, fix="")
    assert list(tmp_path.iterdir()) == []


def test_json_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"a": [1]}))
    assert read_json(path) == {"a": [1]}
    for text in ("[" * 100_000, "9" * 5000, "{", ""):
        path.write_text(text)
        with pytest.raises(ValueError):
            read_json(path)
    path.write_text("[1, 2, 3]")
    monkeypatch.setattr("theory_sim.storage.arrays._MOST_JSON", 8)
    with pytest.raises(ValueError, match="longer"):
        read_json(path)
    for other in ("/dev/zero", tmp_path / "link"):
        if other != "/dev/zero":
            Path(other).symlink_to(path)
        with pytest.raises(ValueError, match="not a plain file"):
            read_json(Path(other))


def test_a_lock_never_touches_what_is_not_one(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_text("mine")
    (tmp_path / "link.lock").symlink_to(path)
    for each in (path, tmp_path / "link.lock"):
        with pytest.raises(StoreError, match="in the way"):
            Lock(each).take("found", "rule", "fix")
    assert path.read_text() == "mine" and (tmp_path / "link.lock").is_symlink()
    lock = Lock(tmp_path / "y.lock")
    lock.take("found", "rule", "fix")
    with pytest.raises(StoreError, match="found"):
        Lock(tmp_path / "y.lock").take("found", "rule", "fix")
    lock.give_back()
    assert not (tmp_path / "y.lock").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files have no names here")
def test_files_are_handed_to_the_disk_before_their_folder_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(os.readlink(f"/proc/self/fd/{handle}"))))
    target = tmp_path / "stored"
    with FolderDraft(target, Listing.of(["a", "inner/", "inner/b"])) as draft:
        (draft.new / "inner").mkdir(parents=True)
        for name in ("a", "inner/b"):
            (draft.new / name).write_text(name)
        made = draft.new
        draft.commit()
    assert {made, made / "a", made / "inner", made / "inner" / "b"} <= set(synced)
    assert synced[-1] == tmp_path and target.is_dir()


@pytest.mark.parametrize("refused", ["a", "inner", "b"])
def test_a_folder_has_no_name_if_the_disk_refuses_to_hold_any_of_it(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several that are asked at a time, too."""
    def sync(handle: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{handle}")).name == refused:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(StoreError, match="Input/output error"), FolderDraft(
        tmp_path / "stored", Listing.of(["a", "inner/", "inner/b"])
    ) as draft:
        (draft.new / "inner").mkdir(parents=True)
        for name in ("a", "inner/b"):
            (draft.new / name).write_text(name)
        draft.commit()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("left", "gone"), [
    (".b.json.draft-0123456789abcdef", True), (".c.json.draft-0123456789abcdef", False), (".b.json.draft-0123", False),
])
def test_a_file_that_a_dead_writer_left_half_written_goes_with_its_draft(left: str, gone: bool, tmp_path: Path) -> None:
    target = tmp_path / "stored"
    with pytest.raises(RuntimeError), FolderDraft(target, Listing.of(["h/", "h/b.json"])) as draft:
        (draft.new / "h").mkdir(parents=True)
        (draft.new / "h" / left).write_text("{")
        raise RuntimeError
    clear_drafts(target)
    assert (list(tmp_path.iterdir()) == []) is gone


@pytest.mark.parametrize("most", [0, 1, 300, 2000])
def test_a_limit_on_files_is_told_by_the_name_that_was_asked_for(most: int, tmp_path: Path) -> None:
    """Of the list of what is written, and of a file within: what is named is no draft, and none is left."""
    resource = pytest.importorskip("resource", reason="limits on processes are POSIX's")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    listing = Listing.of(["whole"])
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        with pytest.raises(StoreError) as refused, FolderDraft(tmp_path / "run", listing) as draft:
            draft.new.mkdir()
            write_text(draft.new / "whole", "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(refused.value).startswith(f"{tmp_path / 'run'}: File too large") and "draft" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
