"""A folder as it stands, so that a change is seen."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def listing(folder: Path) -> dict[str, object]:
    """Everything below a folder, with what changes when it is written to or replaced; links are not followed."""
    found: dict[str, object] = {}
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                state = entry.stat(follow_symlinks=False)
                name = os.path.relpath(entry.path, folder)
                if stat.S_ISDIR(state.st_mode):
                    found[name] = "folder"
                    pending.append(entry.path)
                else:
                    found[name] = (state.st_mode, state.st_size, state.st_mtime_ns, state.st_ino)
    return found
