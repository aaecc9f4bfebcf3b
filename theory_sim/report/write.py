"""A report on disk."""

from __future__ import annotations

from pathlib import Path

from theory_sim.storage.folders import make_folder
from theory_sim.storage.writing import write_text
from theory_sim.terminal.output import require_free

__all__ = ["write_report"]


def write_report(path: Path, text: str, *, force: bool) -> None:
    """Write a report, whole or not at all; a folder that is missing is made.

    Without ``force`` a file that has come there in the meantime, such as another report's, is not replaced.

    Raises
    ------
    OSError
        If a folder cannot be made.
    StoreError
        If the file cannot be written, or may not be replaced.
    """
    require_free(path, force=force)
    make_folder(path.parent)
    write_text(path, text)
