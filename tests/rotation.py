"""What changes with each commit: the faults that the second tier injects, and which quarter it runs of tests that alternate.

TESTS_ROTATION=N chooses as a run did whose header says ``rotation N``.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

__all__ = ["VARIABLE", "draws", "is_turn_of", "rotation"]

VARIABLE: Final = "TESTS_ROTATION"
_SECOND_TIER: Final = 6
_NIGHTLY: Final = 50
_TURNS: Final = 4


def rotation() -> int:
    """Number of this choice: as the variable says, else the number of commits, or 0 where there is no history."""
    if VARIABLE in os.environ:
        return int(os.environ[VARIABLE])
    counted = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True,
                             check=False)
    return int(counted.stdout) if counted.returncode == 0 else 0


def is_turn_of(test: str) -> bool:
    """Whether a test that alternates is of the second tier now: a quarter by its name, another at each rotation."""
    return hashlib.sha256(test.encode()).digest()[0] % _TURNS == rotation() % _TURNS


def draws(kind: str) -> Any:
    """Decorator of a test of one kind of fault, which gets a generator ``draw`` for each case: six in the second tier.

    A case is known by the rotation and its number, which its name has.
    """
    now = rotation()
    cases = [pytest.param(random.Random(f"{kind} {now} {number}"), id=f"{now}-{number}",
                          marks=pytest.mark.tier2 if number < _SECOND_TIER else pytest.mark.slow)
             for number in range(_NIGHTLY)]
    return pytest.mark.parametrize("draw", cases)
