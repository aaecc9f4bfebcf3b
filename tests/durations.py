"""Fails if a test of the first tier took more than ten seconds in the last run of pytest: ``python -m tests.durations``.

Such a test belongs to the second tier (``@pytest.mark.tier2``), or is to be made smaller, so that ``make test`` takes
minutes. Where pytest has not run yet there is nothing to look at, which is said and is no failure.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

LIMIT: Final = 10.0
"""Seconds, setup and teardown included."""
# Where pytest's cache keeps what tests/conftest.py sets.
RECORD: Final = Path(__file__).parents[1] / ".pytest_cache" / "v" / "theory_sim" / "durations"


def too_slow(seconds: dict[str, float], limit: float = LIMIT) -> list[str]:
    """Return a line for each test over the limit, the slowest first."""
    slow = sorted((item for item in seconds.items() if item[1] > limit), key=lambda item: -item[1])
    return [f"{duration:.1f} s  {name}" for name, duration in slow]


def main(record: Path = RECORD) -> int:
    """Print what is too slow; return 1 if anything is."""
    try:
        seconds: dict[str, float] = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        print("durations: no run of pytest on record; make test writes one")
        return 0
    slow = too_slow(seconds)
    if slow:
        print(f"durations: over {LIMIT:g} s in the first tier; mark them tier2, or make them smaller", *slow, sep="\n  ")
        return 1
    longest = max(seconds.values(), default=0.0)
    print(f"durations: {len(seconds)} tests of the first tier, the longest {longest:.1f} s of {LIMIT:g} s allowed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
