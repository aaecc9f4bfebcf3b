"""What the disk is asked to hold before a folder gets its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from theory_sim.storage.failpoints import failpoint

__all__ = ["sync_folder", "sync_tree"]

# Files and folders that the disk is asked to hold at a time: it waits for each, and one wait can do for several.
_AT_A_TIME: Final = 8


def sync_folder(folder: Path) -> None:
    """Have the disk hold a folder's names."""
    failpoint("sync folder")
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Have the disk hold every file and folder below a folder, and its own names last."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        list(threads.map(_sync, list(_below(folder))))
    sync_folder(folder)


def _below(folder: Path) -> Iterator[Path]:
    for entry in list(os.scandir(folder)):
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))


def _sync(path: Path) -> None:
    if path.is_dir():
        sync_folder(path)
    else:
        with open(path, "rb+", buffering=0) as file:
            os.fsync(file.fileno())
