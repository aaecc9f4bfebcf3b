"""What docs/how-to/examples.md states: the commands of its set-ups, and the tables of what they measure.

A table's first column is a measured quantity, its second the range over the seeds that the head names, rounded::

    | seeds 0 to 4 | range |
    |---|---|
    | largest training loss | 4.8 to 5.8 |
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from theory_sim import Experiment
from theory_sim.cli.options import make_plan

__all__ = ["FOLDER", "PAGE", "Row", "check", "command", "experiment", "loose_numbers", "rows", "sections", "settings"]

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "examples"
PAGE = (FOLDER.parent / "how-to" / "examples.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Row:
    """A line of a table: the seeds, the ends of the range, and the unit of their last digit."""

    seeds: range
    low: float
    high: float
    unit: float


def sections(page: str = PAGE) -> dict[str, str]:
    """Text of each set-up by its heading."""
    return {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}


def rows(section: str) -> dict[str, Row]:
    """Lines of all tables of a section by the quantity measured."""
    found: dict[str, Row] = {}
    seeds = range(0)
    for line in section.splitlines():
        if head := re.fullmatch(r"\| seeds (\d) (?:to|and) (\d) \| range \|", line):
            seeds = range(int(head[1]), int(head[2]) + 1)
        elif line.startswith("| "):
            name, text = (cell.strip() for cell in line.strip("|").rsplit("|", 1))
            ends = re.findall(r"-?\d+(?:\.\d+)?", text)
            assert seeds and name not in found and len(ends) in (1, 2), f"a range of a new quantity: {line}"
            decimals = {len(end.partition(".")[2]) for end in ends}
            assert len(decimals) == 1, f"both ends have as many digits: {line}"
            found[name] = Row(seeds, float(ends[0]), float(ends[-1]), 10.0 ** -decimals.pop())
    return found


def check(section: str, measured: Mapping[str, Sequence[float]], seeds: range) -> None:
    """Fail unless the tables of these seeds state exactly what is measured: all of it, nothing else, no wider, no narrower.

    `measured` has a value or several for each seed in turn. An end may be off by the unit of its last digit: half of that is
    rounding, the rest is left to other processors.
    """
    stated = {name: row for name, row in rows(section).items() if row.seeds == seeds}
    assert stated.keys() == measured.keys(), f"stated or measured only: {sorted(stated.keys() ^ measured.keys())}"
    wrong = [f"{name}: {min(values):.6g} to {max(values):.6g}, stated {row.low:g} to {row.high:g}"
             for name, row in stated.items() for values in [measured[name]]
             if max(abs(min(values) - row.low), abs(max(values) - row.high)) > row.unit * (1 + 1e-9)]
    assert not wrong, "; ".join(wrong)


def command(folder: str) -> list[str]:
    """Words of the command whose runs go to runs/folder."""
    found = [line for line in PAGE.splitlines() if line.startswith("theory-sim ") and line.endswith(f" --out runs/{folder}")]
    assert len(found) == 1, f"one command for runs/{folder}"
    return shlex.split(found[0])


def settings(words: Sequence[str]) -> list[str]:
    """What --set is given in a command."""
    return [text for option, text in pairwise(words) if option == "--set"]


def experiment(folder: str, seed: int) -> Experiment:
    """Experiment of the command whose runs go to runs/folder, as the command line reads it."""
    words = command(folder)
    return make_plan(FOLDER.parent.parent / words[2], None, settings(words), None, None).experiment.replace(seed=seed)


def loose_numbers(section: str) -> list[str]:
    """Decimal numbers and percentages of the text on what is seen here that neither a table, a command nor the file holds."""
    _, _, own = section.partition("**Seen here.**")
    known = "\n".join(line for line in section.splitlines() if line.startswith("theory-sim "))
    known += (FOLDER.parent.parent / known.split()[2]).read_text(encoding="utf-8")
    text = "\n".join(line for line in own.splitlines() if not line.startswith(("|", "theory-sim ")))
    fields = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", known)}
    return [number for number in re.findall(r"\d+\.\d+|\d+(?= %)", text) if float(number) not in fields]
