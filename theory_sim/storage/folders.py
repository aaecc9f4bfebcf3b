"""Making a folder to write into."""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = ["make_folder"]


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless it is there.

    Raises
    ------
    OSError
        If it cannot be made; a link to nothing in its way is named.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        dead = next((each for each in (folder, *folder.parents) if each.is_symlink() and not each.exists()), None)
        if dead is None:
            raise
        raise FileNotFoundError(errno.ENOENT, "a link to nothing", str(dead)) from error
