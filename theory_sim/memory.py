"""Whether a run fits in memory: what is available, the rule, and the message. What a run needs is estimated by its engine.

The rule: a run is refused, before anything is allocated, if even 0.8 of what it needs is more than what is available. Estimates
are within a quarter of what is measured (tests/test_memory.py), so that what is refused does not fit, and what needs at most
0.8 of what is available does. They count what a run allocates, not the program, which is there already.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from theory_sim.errors import InputError, MemoryRefusedError, size_in_words

__all__ = [
    "CERTAIN", "VARIABLE", "Bytes", "available_bytes", "fits", "largest_parts", "refuse", "total",
]

CERTAIN: Final = 0.8
"""Share of an estimate that is surely needed."""
VARIABLE: Final = "THEORY_SIM_MEMORY"
"""Environment variable with the memory that runs may take, in place of what is found."""
_GROUPS: Final = Path("/sys/fs/cgroup")
_OWN_GROUPS: Final = Path("/proc/self/cgroup")
# Files of a control group, by its version: limit, use, statistics, and what of the use can be taken back there.
_FILES: Final = (("memory.max", "memory.current", "inactive_file"),
                 ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))


class Bytes(NamedTuple):
    """Memory of one part of a run.

    Attributes
    ----------
    held : float
        Bytes kept from its start to its end.
    passing : float
        Largest number of bytes beside those of all parts, at any time.
    making : float
        Largest number of bytes beside those of this part and of parts before it, while it is made.
    """

    held: float
    passing: float = 0.0
    making: float = 0.0


def total(parts: Iterable[Bytes]) -> int:
    """Bytes of parts that are made one after another, and whose passing needs do not coincide."""
    held, most, passing = 0.0, 0.0, 0.0
    for part in parts:
        held += part.held
        most, passing = max(most, held + part.making), max(passing, part.passing)
    return int(max(most, held + passing))


def available_bytes() -> int:
    """Bytes that a run may take: what the environment variable says, or what can be used without swapping.

    That is the least of what the machine has available, of what is left of the limit of each control group that the process is
    in, and of the process's limit of its address space.

    Raises
    ------
    InputError
        If the variable says no size.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        return _size(given)
    import psutil

    found = [int(psutil.virtual_memory().available), *_left_in_groups()]
    if os.name == "posix":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            found.append(max(0, limit - int(psutil.Process().memory_info().vms)))
    return min(found)


def _size(text: str) -> int:
    """Bytes that a text names, such as "8 GiB", "500MB" or a plain number of bytes."""
    found = re.fullmatch(r"(\d{1,18}(?:\.\d{1,18})?)\s*([kmgtpe]?)(i?)b?", text.lower())
    if found is None:
        raise InputError(f"{VARIABLE} = {text!r}", "a size, such as 8GiB, 500MB or a number of bytes",
                         "fix the environment variable, or leave it unset")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " kmgtpe".index(unit or " "))


def _left_in_groups() -> Iterator[int]:
    """What is left in each control group of the process, from its own up; nothing where there is no limit."""
    for folder in _group_folders():
        for limit_file, used_file, reclaimed in _FILES:
            try:
                limit, used = (int((folder / name).read_text()) for name in (limit_file, used_file))
                rows = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                yield max(0, limit - used + int(rows.get(reclaimed, 0)))
            except (OSError, ValueError):  # "max", or no such file
                continue


def _group_folders() -> Iterator[Path]:
    """Folders of the process's groups and of those around them; of a container, which sees its own as the root, the root."""
    try:
        lines = _OWN_GROUPS.read_text().splitlines()
    except OSError:
        lines = []
    for line in [*lines, "0::/"]:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root = _GROUPS / controllers
        own = root / path.lstrip("/")
        yield from (each for each in (own, *own.parents) if each.is_relative_to(root))


def fits(needed: float, there: float) -> bool:
    """Whether a run may begin."""
    return CERTAIN * needed <= there


def refuse(what: str, needed: float, there: float, fixes: Sequence[str], fields: Sequence[str] = ()) -> None:
    """Raise MemoryRefusedError: the run does not fit."""
    raise MemoryRefusedError(
        f"{what} needs about {size_in_words(needed)}, {size_in_words(there)} are available",
        f"{CERTAIN:g} of what a run needs must be available before it starts (estimates are within a quarter; {VARIABLE} "
        "overrides what is found)",
        "; ".join(fixes), fields=tuple(fields),
    )


def largest_parts(parts: Mapping[str, Bytes], count: int = 2) -> str:
    """The parts of a run that take most, in words."""
    sizes = sorted(((part.held + max(part.passing, part.making), name) for name, part in parts.items()), reverse=True)
    return ", ".join(f"{name} {size_in_words(size)}" for size, name in sizes[:count])
