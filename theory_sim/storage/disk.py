"""Whether an error is of the place where results go, which every later write would meet too."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

__all__ = ["is_of_the_disk"]

_OF_THE_DISK: Final = frozenset(
    number for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EFBIG", "ESTALE", "ENODEV", "ENXIO")
    if (number := getattr(errno, name, None)) is not None
)
_OF_RIGHTS: Final = (errno.EACCES, errno.EPERM)


def is_of_the_disk(error: BaseException, folder: Path) -> bool:
    """Whether an error, or one that it was raised from, says that nothing can be written into a folder now.

    Parameters
    ----------
    error : Exception
    folder : Path
        A missing right is one of the folder's only if nobody may write into the folder itself.

    Examples
    --------
    >>> is_of_the_disk(OSError(errno.ENOSPC, "No space left on device"), Path("."))
    True
    >>> is_of_the_disk(ValueError("diverged"), Path("."))
    False
    """
    cause: BaseException | None = error
    for _ in range(20):  # of a chain that may be a circle
        if cause is None:
            return False
        if isinstance(cause, OSError):
            if cause.errno in _OF_THE_DISK:
                return True
            if cause.errno in _OF_RIGHTS and not os.access(folder, os.W_OK):
                return True
        cause = cause.__cause__ or cause.__context__
    return False
