"""Results on disk, one line of JSON a mutant, and the report made from them."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

LEVEL = 0.95


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Return the results by the key of the mutant; a line that was cut off by a crash is left out."""
    results: dict[str, dict[str, Any]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                result = json.loads(line)
            except ValueError:
                continue
            results[result["key"]] = result
    return results


def write(path: Path, result: dict[str, Any]) -> None:
    """Add a result at the end of the file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def report(results: Iterable[dict[str, Any]]) -> str:
    """Return a table of fates by area, the share killed with its exact interval, and what survived."""
    results = list(results)
    areas = sorted({result["mutant"]["area"] for result in results})
    lines = [f"{'area':<12}{'killed':>8}{'timeout':>9}{'survived':>10}{'share':>8}  {LEVEL:.0%} interval"]
    for area in [*areas, ""]:
        fates = Counter(result["fate"] for result in results if area in ("", result["mutant"]["area"]))
        found, all_ = fates["killed"] + fates["timeout"], fates.total()
        low, high = binomtest(found, all_).proportion_ci(LEVEL, method="exact") if all_ else (0.0, 1.0)
        share = f"{found / all_:8.1%}" if all_ else ""
        counts = "".join(f"{fates[fate]:>{width}}" for fate, width in (("killed", 8), ("timeout", 9), ("survived", 10)))
        lines.append(f"{area or 'all':<12}{counts}{share}  {low:.1%} to {high:.1%}")
    for result in results:
        if result["fate"] == "survived":
            mutant = result["mutant"]
            left = f", {result['left']} longer ones not run" if result["left"] else ""
            lines.append(f"\n{mutant['area']}: {mutant['file']}:{mutant['line']} in {mutant['function'] or 'the module'}, "
                         f"{mutant['operator']}; passed {result['tests']} tests{left}\n{result['difference']}")  # fmt: skip
    return "\n".join(lines)
