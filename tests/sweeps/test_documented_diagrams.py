"""What docs/how-to/sweeps.md and the page of evidence say of the phase diagrams."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from theory_sim import Sweep, SweepStore, run_sweep

ROOT = Path(__file__).resolve().parents[2]


def said() -> tuple[list[list[int]], tuple[list[int], list[int]]]:
    """Rows of the page's table, without their names; and the other page's cells by all conditions and by the closure."""
    page = (ROOT / "docs" / "how-to" / "sweeps.md").read_text(encoding="utf-8")
    table = page.partition("| prediction | statement | left |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[int(cell) for cell in re.findall(r"\| (\d+) (?=\|)", row)] for row in table]
    other = re.sub(r"\s+", " ", (ROOT / "docs" / "explanation" / "evidence.md").read_text(encoding="utf-8"))
    (found,) = re.findall(r"simulation in (\d+) and (\d+) of the 88 cells, the closure's prediction in (\d+) and (\d+)", other)
    numbers = [int(each) for each in found]
    return rows, (numbers[:2], numbers[2:])


def test_both_pages_say_the_same() -> None:
    rows, (conditions, closure) = said()
    assert len(rows) == 5 and all(len(row) == 6 for row in rows)
    assert all(sum(row[:3]) == sum(row[3:]) == 88 for row in rows)
    assert [rows[3][0], rows[3][3]] == conditions and [rows[4][0], rows[4][3]] == closure


@pytest.mark.slow
def test_the_adaptive_example_computes_so_many_points(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "adaptive", Sweep.from_toml(ROOT / "docs" / "sweeps" / "adaptive.toml"))
    runs = run_sweep(store, workers=2).done
    page = re.sub(r"\s+", " ", (ROOT / "docs" / "how-to" / "sweeps.md").read_text(encoding="utf-8"))
    assert f"computes {runs // 2} of the 81 points of its full grid, {runs} of 162 runs" in page
