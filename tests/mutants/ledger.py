"""Results on disk, one line of JSON a mutant, and the report made from them."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from tests.mutants.judged import Judged, reason

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


def fate(result: dict[str, Any], judged: Sequence[Judged]) -> str:
    """Return killed, timeout or survived; equivalent for a survivor that was judged so."""
    found = str(result["fate"])
    return "equivalent" if found == "survived" and reason(result, judged) else found


def share_killed(results: Iterable[dict[str, Any]], judged: Sequence[Judged]) -> tuple[int, int]:
    """Return how many mutants were found, and of how many that change something."""
    fates = Counter(fate(result, judged) for result in results)
    return fates["killed"] + fates["timeout"], fates.total() - fates["equivalent"]


def report(results: Iterable[dict[str, Any]], judged: Sequence[Judged] = ()) -> str:
    """Return a table of fates by area, the share killed with its exact interval, and what survived.

    The share is of the mutants that were not judged to change nothing; below the table stands that of all.
    """
    results = list(results)
    areas = sorted({result["mutant"]["area"] for result in results})
    columns = ("killed", "timeout", "survived", "equivalent")
    lines = [f"{'area':<12}" + "".join(f"{name:>12}" for name in columns) + f"{'share':>9}  {LEVEL:.0%} interval"]
    for area in [*areas, ""]:
        here = [result for result in results if area in ("", result["mutant"]["area"])]
        fates = Counter(fate(result, judged) for result in here)
        counts = "".join(f"{fates[name]:>12}" for name in columns)
        lines.append(f"{area or 'all':<12}{counts}{_share(*share_killed(here, judged))}")
    lines.append(f"{'with the equivalent':<60}{_share(*share_killed(results, ()))}")
    lines.append(f"{len(results)} mutants, {sum(result['seconds'] for result in results) / 60:.0f} minutes")
    for result in results:
        if result["fate"] == "survived":
            why = reason(result, judged)
            lines.append(f"\n{_told(result)}" + (f"\nequivalent: {why}" if why else ""))
    return "\n".join(lines)


def _share(found: int, of: int) -> str:
    if not of:
        return f"{'':>9}"
    low, high = binomtest(found, of).proportion_ci(LEVEL, method="exact")
    return f"{found / of:9.1%}  {low:.1%} to {high:.1%}"


def _told(result: dict[str, Any]) -> str:
    mutant = result["mutant"]
    left = f", {result['left']} longer ones not run" if result["left"] else ""
    return (f"{mutant['area']}: {mutant['file']}:{mutant['line']} in {mutant['function'] or 'the module'}, "
            f"{mutant['operator']}; passed {result['tests']} tests{left}\n{result['difference']}")  # fmt: skip
