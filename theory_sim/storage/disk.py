"""What is known of the place where results go: whether an error is of it, and whether a file need not be written there."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from theory_sim.errors import StoreError

__all__ = ["disk_fault", "need_not_be_written"]

_OF_THE_DISK: Final = frozenset(
    number for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EFBIG", "ESTALE", "ENODEV", "ENXIO")
    if (number := getattr(errno, name, None)) is not None
)
_OF_RIGHTS: Final = (errno.EACCES, errno.EPERM)


def disk_fault(error: BaseException, folder: Path) -> str:
    """What an error, or one that it was raised from, says of a folder into which nothing can be written now; else nothing.

    Parameters
    ----------
    error : Exception
    folder : Path
        A missing right is one of the folder's only if nobody may write into the folder itself.

    Examples
    --------
    >>> disk_fault(OSError(errno.ENOSPC, "No space left on device"), Path("."))
    'No space left on device'
    >>> disk_fault(ValueError("diverged"), Path("."))
    ''
    """
    if isinstance(error, StoreError) and not os.access(folder, os.W_OK):  # found before anything was written
        return os.strerror(errno.EACCES)
    cause: BaseException | None = error
    for _ in range(20):  # of a chain that may be a circle
        if cause is None:
            return ""
        if isinstance(cause, OSError):
            if cause.errno is not None and cause.errno in _OF_THE_DISK:
                return os.strerror(cause.errno)
            if cause.errno is not None and cause.errno in _OF_RIGHTS and not os.access(folder, os.W_OK):
                return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return ""


def need_not_be_written(path: Path, content: Callable[[Any], None]) -> bool:
    """Whether nothing can be written to a file's folder, and the file holds just what would be written.

    Parameters
    ----------
    path : Path
    content : callable
        Called with a file to write bytes to, if there is something to compare.
    """
    if os.access(path.parent, os.W_OK):
        return False
    try:
        there = path.read_bytes()
    except OSError:
        return False
    content(made := io.BytesIO())
    return made.getvalue() == there
