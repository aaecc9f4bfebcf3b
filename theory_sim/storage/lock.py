"""A lock of the kernel's on a file of its own: it ends with its process, whatever the clock does."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from theory_sim.errors import InUseError, StoreError
from theory_sim.storage.removal import remove_file

__all__ = ["Lock"]


class Lock:
    """A lock.

    Parameters
    ----------
    path : Path
        An empty file, made for the lock and removed with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Any = None

    def take(self, found: str, rule: str, fix: str) -> None:
        """Take the lock at once.

        Raises
        ------
        InUseError
            With these words, if another process has it.
        StoreError
            If something else has its name, or it cannot be made.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.path)
        try:
            self._require_own()
            lock.acquire(blocking=False)
        except Timeout:
            raise InUseError(found, rule, fix) from None
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}", "a folder that can be written to",
                             "choose another output folder") from error
        self._lock = lock

    def _require_own(self) -> None:
        try:
            found = os.lstat(self.path)
        except FileNotFoundError:
            return
        if not stat.S_ISREG(found.st_mode) or found.st_size:
            raise StoreError(f"{self.path} is in the way", "an empty file, which theory_sim makes for its lock",
                             "move it elsewhere, or choose another output folder")

    def clear(self) -> None:
        """Remove the file if nobody has the lock; StoreError if somebody has, or it is no lock."""
        self.take(f"{self.path} is in use", "a lock is removed when nobody has it", "wait for its process")
        self.give_back()

    def give_back(self) -> None:
        """Remove the file and release the lock, if it was taken."""
        if self._lock is not None:
            try:
                remove_file(self.path)  # first: who waits for it looks whether its name is still there
            finally:  # a file that stays behind keeps nobody out, not even this process
                self._lock.release()
                self._lock = None
