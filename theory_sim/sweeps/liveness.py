"""Whether a process that took a lock or works for a sweep is there still, by its number and the moment of its start."""

from __future__ import annotations

import platform
from pathlib import Path

from theory_sim.errors import repr_of, shown

__all__ = ["born_at", "holder_lives", "in_letters", "lives"]


def holder_lives(pid: int, born: str | float, host: str) -> bool:
    """Whether the process that took a lock is there still; of one on another machine that is not known."""
    return host != platform.node() or lives(pid, born)


def in_letters(host: str) -> str:
    r"""A machine's name from a file of others, on one line and without what a terminal obeys.

    Examples
    --------
    >>> in_letters("node7"), in_letters("node7\n")
    ('node7', "'node7\\n'")
    """
    return shown(host if host.isprintable() else repr_of(host))


def born_at(pid: int) -> str | float:
    """Moment of a process's start: on Linux the machine's boot and ticks since then, which no step of the clock changes.

    Elsewhere the system itself keeps the moment, as a time of day.
    """
    import psutil

    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The second field is the program's name in brackets, and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{boot} {int(fields[19])}"
    except (OSError, ValueError, IndexError):
        return float(psutil.Process(pid).create_time())


def lives(pid: int, born: str | float) -> bool:
    """Whether a process is there, and not another one that was given its number."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if isinstance(born, str):
            return born_at(pid) == born
        return bool(abs(process.create_time() - born) < 1.0)
    except psutil.NoSuchProcess:
        return False
