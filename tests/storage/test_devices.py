"""What is not a regular file is never replaced by one, with --force neither: devices, pipes, sockets and links."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from proofs_check.order_file import save_order
from tests.conftest import Command
from theory_sim.errors import TheorySimError
from theory_sim.experiment import Experiment
from theory_sim.explore.saving import Target
from theory_sim.plots.style import save_figure
from theory_sim.storage.writing import write_text


@pytest.fixture(name="specials")
def make_specials(tmp_path: Path) -> list[Path]:
    """One of each kind; a device where this user may make one, which is like /dev/null."""
    names = [tmp_path / name for name in ("pipe.png", "socket.png", "link.png", "dangling.png", "device.png")]
    os.mkfifo(names[0])
    here = os.getcwd()
    os.chdir(tmp_path)  # the path of a socket has 107 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("socket.png")
    finally:
        os.chdir(here)
    (tmp_path / "kept").write_text("kept")
    names[2].symlink_to("kept")
    names[3].symlink_to("nowhere")
    with suppress(PermissionError):
        os.mknod(names[4], 0o20666, os.makedev(1, 3))
    return [name for name in names if os.path.lexists(name)]


def _figure(path: Path) -> None:
    from matplotlib.figure import Figure

    save_figure(Figure(), path, force=True)


@pytest.mark.parametrize("write", [
    lambda path: write_text(path, "x"), _figure, lambda path: Experiment().to_toml(path, overwrite=True),
    lambda path: Target(path, True).save(Experiment()), lambda path: save_order({}, path),
], ids=["text", "figure", "experiment", "page", "certificate"])
def test_only_a_regular_file_is_replaced(specials: list[Path], write: Callable[[Path], None]) -> None:
    for path in specials:
        before = _identity(path)
        with pytest.raises(TheorySimError):
            write(path)
        assert _identity(path) == before, path
    assert (specials[0].parent / "kept").read_text() == "kept"


@pytest.mark.parametrize("words", [["list"], ["preset", "quick"], ["schema", "experiment"], ["report", "."]], ids=" ".join)
def test_a_verb_says_what_is_in_the_way(specials: list[Path], command: Command, words: list[str]) -> None:
    kinds = ("a named pipe", "a socket", "a symbolic link", "a symbolic link", "a device")
    for path, kind in zip(specials, kinds, strict=False):
        before = _identity(path)
        status, _, said = command(*words, "--out", path, "--force")
        assert status == 2 and kind in said, (path, said)
        assert _identity(path) == before and not list(path.parent.glob(".*.draft-*"))


def _identity(path: Path) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_ino, found.st_mode
