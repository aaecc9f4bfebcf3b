"""What docs/how-to/sweeps.md and the page of evidence say of the phase diagrams, by the stored cells, and these by runs."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.rotation import rotation
from tests.sweeps.diagrams import DIAGRAMS, DOCS, PAGE, Diagram, cells_of, closure_orders, counts, load, table
from theory_sim import Product, Sweep, SweepStore, collect, run_sweep
from theory_sim.sweeps.adaptive import Grid, Point
from theory_sim.sweeps.phase_boundaries import margins_of
from theory_sim.sweeps.refinement import grid_of
from theory_sim.theory.conditions import ConditionId

EVIDENCE = DOCS / "explanation" / "evidence.md"
CELLS = 88
# Cells that are computed anew at night, others on each, and cells of which the first tier asks the closure.
_NIGHTLY, _FIRST = 4, 1

by_diagram = pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda diagram: str(diagram.name))


def page() -> str:
    return re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))


def test_the_pages_table_is_made_of_the_stored_cells() -> None:
    assert f"\n{table()}\n" in PAGE.read_text(encoding="utf-8")


def test_a_cell_that_shows_something_else_changes_the_table() -> None:
    left, cells = DIAGRAMS[0], load(DIAGRAMS[0])
    before = counts(left, cells)
    cells[0] = replace(cells[0], small=tuple("P first" if order == "Q first" else "Q first" for order in cells[0].small))
    assert counts(left, cells) != before


def test_the_page_of_evidence_says_the_same() -> None:
    text = re.sub(r"\s+", " ", EVIDENCE.read_text(encoding="utf-8"))
    said = re.findall(r"simulation in (\d+) and (\d+) of the 88 cells, the closure's prediction in (\d+) and (\d+)", text)
    found = [[agree for agree, _, _ in counts(diagram, load(diagram))] for diagram in DIAGRAMS]
    assert said == [tuple(str(each[row]) for row in (3, 4) for each in found)]


def test_the_largest_gap_is_as_said() -> None:
    """On the page of evidence too, which says it of both sweeps."""
    left, right = (max(cell.error_ratio for cell in load(diagram)) for diagram in DIAGRAMS)
    assert f"at most {left:.2f}-fold" in page()
    assert f"at most {max(left, right):.2f} times in [the sweeps below]" in EVIDENCE.read_text(encoding="utf-8")


def test_where_the_gap_is() -> None:
    """Largest in the theorem's region; above 1 where both learn Q first; below 1 in as many cells as are said."""
    cells = load(DIAGRAMS[0])
    largest = max(cells, key=lambda cell: cell.error_ratio)
    assert (Counter(largest.large)["P first"], Counter(largest.small)["Q first"]) == (2, 3)
    both_Q = [cell for cell in cells if {*cell.large, *cell.small} == {"Q first"} and cell.y < 1e-3]
    assert len(both_Q) > 20 and all(cell.error_ratio > 1.0 for cell in both_Q)
    below = [cell for cell in cells if cell.error_ratio < 1.0]
    least = math.floor(1000 * min(cell.error_ratio for cell in below)) / 1000
    assert f"below 1, at least {least:.3f}, in {len(below)} cells" in page()
    assert all(cell.y >= 3.2e-4 for cell in below)


def test_losses_that_rise_again_are_counted() -> None:
    left, right = (sum(cell.above_again for cell in load(diagram)) for diagram in DIAGRAMS)
    assert f"in {left} of 264 runs left and in {right} of 264 right" in page()
    assert all(cell.y >= 6.4e-4 for diagram in DIAGRAMS for cell in load(diagram) if cell.above_again)


@by_diagram
def test_stored_cells_are_those_of_the_sweep(diagram: Diagram) -> None:
    """All of its grid, under both schedules, on as many data sets; and of some the closure's orders are those of today."""
    cells, sweep = load(diagram), diagram.sweep
    assert len(cells) == CELLS and len(sweep) == 2 * len(sweep.seeds) * CELLS
    places = {(getattr(run.experiment, diagram.x), run.experiment.lambda_) for run in sweep}
    assert {(cell.x, cell.y) for cell in cells} == places
    assert all(len(cell.large) == len(cell.small) == len(sweep.seeds) for cell in cells)
    for cell in Random(rotation()).sample(cells, _FIRST):
        assert closure_orders(diagram, cell) == {"closure_large": cell.closure_large, "closure_small": cell.closure_small}


@pytest.mark.slow
@by_diagram
def test_cells_computed_anew_are_those_stored(diagram: Diagram, tmp_path: Path) -> None:
    """Some a night, others with each commit: all of them take 24 minutes of processor time a diagram."""
    drawn = Random(rotation()).sample(load(diagram), _NIGHTLY)
    for number, stored in enumerate(drawn):
        one = Product({diagram.x: [stored.x], "lambda": [stored.y]})
        store = SweepStore.create(tmp_path / str(number), replace(diagram.sweep, blocks=(one,)))
        run_sweep(store, workers=2)
        (found,) = cells_of(diagram, collect(store))
        assert replace(found, error_ratio=0.0) == replace(stored, error_ratio=0.0)
        assert found.error_ratio == pytest.approx(stored.error_ratio, rel=1e-4)


@pytest.mark.slow
def test_the_adaptive_example_computes_so_many_points(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "adaptive", Sweep.from_toml(DOCS / "sweeps" / "adaptive.toml"))
    runs = run_sweep(store, workers=2).done
    assert f"computes {runs // 2} of the 81 points of its full grid, {runs} of 162 runs" in page()


@pytest.mark.tier2
def test_the_points_that_finer_grids_save() -> None:
    """Of the page's table, by the conditions' predictions: L-S learns P first, and S learns Q first."""
    coarse = Sweep.from_toml(DOCS / "sweeps" / "adaptive.toml")
    margins: dict[tuple[float, float], dict[ConditionId, float]] = {}

    def predicted(r: float, decay: float) -> tuple[bool, bool]:
        if (r, decay) not in margins:
            margins[r, decay] = margins_of(coarse.experiment.replace(**{"r": r, "lambda": decay}))
        holds = {id: margin >= 0 for id, margin in margins[r, decay].items()}
        return holds["L-S-moves"], holds["S-learns-Q-first"] and holds["S-is-frozen"]

    def grid(levels: int) -> Grid:
        assert coarse.adaptive is not None
        points: tuple[Point, ...] = ()
        while True:
            now = grid_of(replace(coarse, adaptive=replace(coarse.adaptive, levels=levels, points=points)))
            more = now.next_points({(i, j): predicted(now.x[i], now.y[j]) for i, j in now.points})
            if not more:
                return now
            points += tuple(more)

    grids = [grid(levels) for levels in range(1, 7)]
    points, full = [len(each.points) for each in grids], [len(each.x) * len(each.y) for each in grids]
    rows = {"levels": range(1, 7), "points computed": points, "of the full grid's": full,
            "saved": (f"{1 - few / whole:.0%}".replace("%", " %") for few, whole in zip(points, full, strict=True))}
    for name, row in rows.items():
        assert f"| {name} | {' | '.join(map(str, row))} |" in page()
