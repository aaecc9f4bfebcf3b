"""A report on disk."""

from __future__ import annotations

from pathlib import Path

from theory_sim.storage.folders import make_folder
from theory_sim.storage.writing import write_text

__all__ = ["write_report"]


def write_report(path: Path, text: str) -> None:
    """Write a report, whole or not at all; a folder that is missing is made.

    Raises
    ------
    OSError
        If a folder cannot be made.
    StoreError
        If the file cannot be written.
    """
    make_folder(path.parent)
    write_text(path, text)
