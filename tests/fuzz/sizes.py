"""How many cases each target has: 500 in the first tier, 10 000 at night, 200 more as processes."""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import settings

# Target: cases in the first tier, cases at night.
IN_PROCESS: Final[dict[str, tuple[int, int]]] = {
    "experiment files": (120, 2500),
    "sweep files": (120, 1500),
    "plan files": (60, 800),
    "mutated bytes": (60, 1000),
    "command lines": (60, 2700),
    "stores": (40, 800),
    "certificates": (40, 700),
}
PROCESSES: Final = 200
SOME_PROCESSES: Final = 8


def first(target: str) -> Any:
    """Settings of a target's cases in the first tier: the same ones each time."""
    return settings(max_examples=IN_PROCESS[target][0], derandomize=True, database=None)


def night(target: str) -> Any:
    """Settings of a target's cases at night; which ones, HYPOTHESIS_PROFILE says: drawn anew under "nightly".

    FUZZ_CASES=N has at most so many.
    """
    return settings(max_examples=min(IN_PROCESS[target][1], int(os.environ.get("FUZZ_CASES", IN_PROCESS[target][1]))))
