"""Whether a run fits in memory: what is available, the rule, and the message. What a run needs is estimated by its engine.

The rule: a run is refused, before anything is allocated, if even 0.8 of what it needs is more than what is available. Estimates
are within a quarter of what is measured (tests/limit/test_options.py), so that what is refused does not fit, and what needs at
most 0.8 of what is available does. They count what a run allocates, not the program, which is there already.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from theory_sim.errors import InputError

__all__ = ["CERTAIN", "Bytes", "available_bytes", "fits", "memory_errors", "refuse"]

CERTAIN: Final = 0.8
"""Share of an estimate that is surely needed."""
_UNITS: Final = [(f"{letter}iB", 2.0**power) for letter, power in (("G", 30), ("T", 40), ("P", 50), ("E", 60), ("Z", 70))]
_CGROUP: Final = Path("/sys/fs/cgroup")


class Bytes(NamedTuple):
    """Memory of one part of a run.

    Attributes
    ----------
    held : float
        Bytes kept from its start to its end.
    passing : float
        Largest number of bytes beside these at any time.
    """

    held: float
    passing: float = 0.0


def total(parts: Sequence[Bytes]) -> int:
    """Bytes of parts whose passing needs do not coincide."""
    return int(sum(part.held for part in parts) + max(part.passing for part in parts))


def available_bytes() -> int:
    """Bytes that can be used without swapping: of the machine, of the control group, and of the process's limits."""
    import psutil

    found = [int(psutil.virtual_memory().available), *_group_bytes()]
    if os.name == "posix":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            found.append(max(0, limit - int(psutil.Process().memory_info().vms)))
    return min(found)


def _group_bytes() -> Iterator[int]:
    """What the process's control group, as a container sees it, leaves; nothing where there is no limit."""
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        rows = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        yield max(0, limit - used + int(rows.get("inactive_file", 0)))
    except (OSError, ValueError):  # "max", or no such file
        return


def fits(needed: float, there: float) -> bool:
    """Whether a run may begin."""
    return CERTAIN * needed <= there


def refuse(what: str, needed: float, there: float, fixes: Sequence[str]) -> None:
    """Raise InputError: the run does not fit."""
    raise InputError(
        f"{what} needs about {gib(needed)}, {gib(there)} are available",
        f"{CERTAIN:g} of what a run needs must be available before it starts (estimates are within a quarter)",
        "; ".join(fixes) or "lower d",
    )


def gib(count: float) -> str:
    """Bytes in words: in GiB, or in a larger unit of which there are not thousands."""
    unit, size = next(((unit, size) for unit, size in _UNITS if count < 1000 * size), _UNITS[-1])
    return f"{count / size:.2f} {unit}" if count < 2**40 else f"{count / size:.3g} {unit}"


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Turn a MemoryError into an InputError that says what to lower: an estimate may be too low by a quarter."""
    try:
        yield
    except MemoryError as error:
        raise InputError(f"out of memory in {what}{f': {error}' if str(error) else ''}",
                         "data (N x d), weights (m x d) and probes are held in memory",
                         "lower d, N, m_W, m_V, n_test, probes or threads") from error
