"""The page docs/reference/benchmarks.md, made of results.json: ``python benchmarks/page.py`` writes it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["PAGE", "page_of"]

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "reference" / "benchmarks.md"
_HEAD: Final = """# Benchmarks

<!-- Made of benchmarks/results.json by benchmarks/page.py; changes here are lost. -->

`make bench` measures these numbers again, on a machine that is otherwise idle. It fails if a target
is missed, or a ratio is more than 15 % above the one here, and keeps nothing. The page is made anew by
`python3 bootstrap.py bench --store`, whether or not its numbers reach the targets: those that do not are marked.
"""
_PARTIAL: Final = """
**Preliminary**: measured with the options {}, which leave benchmarks out or make them small.
"""
_GROUPS: Final = {
    "peers": ("Against peers", "Time over that of the peer in the same process, in turn, on as many threads (two); in\n"
              "brackets the range from 10 % to 90 % of the rounds. Ratios can be compared between machines, seconds cannot."),
    "workers": ("Workers", "Ratios of whole calls. With two processors, one half is what two workers can reach."),
    "memory": ("Memory", ""),
    "start-up": ("Start-up", "Best of three new processes."),
    "time": ("Whole runs", "Two threads."),
}  # fmt: skip
_COST: Final = """
## How the cost grows

Processor time of one thread grows as a power of a size, the others fixed. The exponent is fitted over the sizes below, with its
standard error. A part that does not grow with the size makes it smaller than the theory's, caches that no longer hold the data
make it larger.

"""


def page_of(kept: Mapping[str, Any]) -> str:
    """Text of the page.

    Parameters
    ----------
    kept : mapping
        What ``benchmarks/run.py --store`` keeps: ``machine``, ``options`` and ``records``.
    """
    machine, records = kept["machine"], kept["records"]
    partial = [_PARTIAL.format(f"`{' '.join(kept['options'])}`")] if kept["options"] else []
    parts = [_HEAD, *partial, "\n## The machine\n\n", _table(("", ""), [(name, value) for name, value in machine.items()])]
    for group, (title, words) in _GROUPS.items():
        if rows := [record for record in records if record["group"] == group]:
            parts += [f"\n## {title}\n\n", f"{words}\n\n" if words else "", _numbers(rows)]
        if group == "peers" and (rows := [record for record in records if record["group"] == "cost"]):
            parts += [_COST, _exponents(rows)]
    return "".join(parts)


def _numbers(records: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for each in records:
        value = f"{each['value']:.3g}" + (f" {each['unit']}" if each["unit"] != "ratio" else "")
        if each["low"] is not None:
            value += f" ({each['low']:.3g} to {each['high']:.3g})"
        rows.append((each["name"], value, each["source"] or "", _target(each)))
    return _table(("measured", "value", "over", "target: at most"), rows)


def _target(record: Mapping[str, Any]) -> str:
    if record["target"] is None:
        return ""
    return f"{record['target']:g}" + (", missed" if record["value"] > record["target"] else "")


def _exponents(records: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for each in records:
        points = ", ".join(f"{size}: {seconds:.2g} s" for size, seconds in each["points"])
        error = (each["high"] - each["low"]) / 2
        rows.append((each["name"], f"{each['value']:.2f} ± {error:.2f}", f"{each['theory']:g}", each["source"], points))
    return _table(("cost of", "fitted exponent", "theory", "since", "measured"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page_of(json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))), encoding="utf-8")
