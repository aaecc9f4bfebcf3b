"""Whether an error is of the place where results go, which every later write would meet too."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from theory_sim.errors import StoreError

__all__ = ["disk_fault"]

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
