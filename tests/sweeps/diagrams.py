"""The phase diagrams of docs/how-to/sweeps.md: their cells, stored, and the page's table made of them.

``python -m tests.sweeps.diagrams`` computes both sweeps (528 runs of the limit each) into runs/, or resumes them there, and
writes r-lambda.csv and rates-lambda.csv in docs/sweeps, a row a cell, and the page's table; ``... page`` only the table.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from tests.result_table import read_table, write_table
from theory_sim import Experiment, Summary, Sweep, SweepStore, collect, run_sweep
from theory_sim.regimes import regime
from theory_sim.sweeps.phase_boundaries import margins_of
from theory_sim.theory.conditions import ConditionId

__all__ = ["DIAGRAMS", "DOCS", "ROWS", "Cell", "Diagram", "cells_of", "closure_orders", "counts", "load", "table"]

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "how-to" / "sweeps.md"
LEVEL: Final = 0.45
HEAD: Final = """\
| prediction | statement | left | predicted only | simulated only | right | predicted only | simulated only |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Diagram:
    """A sweep over two fields, x and lambda."""

    name: str
    x: str

    @cached_property
    def sweep(self) -> Sweep:
        return Sweep.from_toml(DOCS / "sweeps" / f"{self.name}.toml")

    @property
    def table(self) -> Path:
        return DOCS / "sweeps" / f"{self.name}.csv"


DIAGRAMS: Final = (Diagram("r-lambda", "r"), Diagram("rates-lambda", "eta_2"))
"""The page's left and right one."""


@dataclass(frozen=True)
class Cell:
    """What is simulated and predicted in one cell.

    Attributes
    ----------
    x, y : float
        The field of the diagram, and lambda.
    large, small : tuple of str
        What is learnt first under L-S and under S, of each data set.
    closure_large, closure_small : str
        The same by the closure.
    above_again : int
        Data sets on which Q, once learnt under S, is above the level again later.
    error_ratio : float
        Error on P under S over that under L-S at the end, geometric mean over the data sets.
    """

    x: float
    y: float
    large: tuple[str, ...]
    small: tuple[str, ...]
    closure_large: str
    closure_small: str
    above_again: int
    error_ratio: float

    def experiment(self, diagram: Diagram) -> Experiment:
        """What is simulated there, but for schedule and seed."""
        return diagram.sweep.experiment.replace(**{diagram.x: self.x, "lambda": self.y})


ROWS: Final[tuple[tuple[str, tuple[ConditionId, ...], str], ...]] = (
    (r"$Y(\eta_1) \ge 1$", ("L-S-moves",), "L-S learns P first"),
    ("$rd$", ("S-learns-Q-first",), "S learns Q first"),
    (r"$rd$ and $Y(\eta_2) \le 0.03$", ("S-learns-Q-first", "S-is-frozen"), "S learns Q first"),
    ("all three", ("L-S-moves", "S-learns-Q-first", "S-is-frozen"), "both"),
    ("closure", (), "both"),
)
"""Of the page's table: what predicts, the conditions that it takes (of the closure its own orders), and the statement."""


def cells_of(diagram: Diagram, summary: Summary) -> list[Cell]:
    """Cells of a diagram whose runs are all done."""
    data = summary.dataset.isel(engine=0).sel(level=LEVEL)
    assert bool((data["state"] == "done").all())
    found = []
    for y in data["lambda"].values.tolist():
        for x in data[diagram.x].values.tolist():
            at = data.sel({diagram.x: x, "lambda": y})
            large, small = (at.sel(schedule=schedule) for schedule in ("L-S", "S"))
            ratio = np.exp(np.mean(np.log(small["P_error"].values / large["P_error"].values)))
            cell = Cell(x, y, tuple(large["order"].values.tolist()), tuple(small["order"].values.tolist()), "", "",
                        int(np.isfinite(small["above_again_Q"].values).sum()), float(f"{ratio:.6g}"))
            found.append(Cell(**{**vars(cell), **closure_orders(diagram, cell)}))
    return found


def closure_orders(diagram: Diagram, cell: Cell) -> dict[str, str]:
    """Columns of a cell that the closure fills."""
    orders = regime(cell.experiment(diagram), infinite_width=True, engine="closure").predicted_order
    assert orders is not None
    return {"closure_large": orders["L-S"].order, "closure_small": orders["S"].order}


def load(diagram: Diagram) -> list[Cell]:
    """The stored cells."""
    return [Cell(float(row["x"]), float(row["y"]), tuple(row["large"].split("; ")), tuple(row["small"].split("; ")),
                 row["closure_large"], row["closure_small"], int(row["above_again"]), float(row["error_ratio"]))
            for row in read_table(diagram.table)]


def counts(diagram: Diagram, cells: Sequence[Cell]) -> list[tuple[int, int, int]]:
    """Cells in which each row's prediction agrees with most data sets, is alone predicted, and is alone simulated."""
    found = [Counter[tuple[bool, bool]]() for _ in ROWS]
    for cell in cells:
        margins = margins_of(cell.experiment(diagram))
        for count, (_, conditions, statement) in zip(found, ROWS, strict=True):
            predicted = all(margins[id] >= 0 for id in conditions) if conditions else (
                _says(statement, cell.closure_large, cell.closure_small))
            simulated = sum(_says(statement, *orders) for orders in zip(cell.large, cell.small, strict=True))
            count[predicted, 2 * simulated > len(cell.large)] += 1
    return [(each[True, True] + each[False, False], each[True, False], each[False, True]) for each in found]


def _says(statement: str, large: str, small: str) -> bool:
    holds = {"L-S learns P first": large == "P first", "S learns Q first": small == "Q first"}
    return all(holds.values()) if statement == "both" else holds[statement]


def table() -> str:
    """The page's table, of the stored cells."""
    left, right = (counts(diagram, load(diagram)) for diagram in DIAGRAMS)
    rows = [f"| {name} | {statement} | {' | '.join(map(str, (*a, *b)))} |\n"
            for (name, _, statement), a, b in zip(ROWS, left, right, strict=True)]
    return HEAD + "".join(rows)


def write_page() -> None:
    """Put the table in its place on the page."""
    before, head, rest = PAGE.read_text(encoding="utf-8").partition(HEAD)
    after = rest[rest.index("\n\n") + 1 :]
    assert head
    PAGE.write_text(before + table() + after, encoding="utf-8")


def main(runs: Path) -> None:
    """Compute or resume both sweeps, and write their tables."""
    for diagram in DIAGRAMS:
        folder = runs / diagram.name
        store = SweepStore(folder) if folder.exists() else SweepStore.create(folder, diagram.sweep)
        assert run_sweep(store).done == len(store.sweep)
        write_table(cells_of(diagram, collect(store)), Cell, diagram.table)


if __name__ == "__main__":
    if sys.argv[1:] != ["page"]:
        main(Path("runs"))
    write_page()
