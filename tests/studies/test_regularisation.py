"""The study regularisation: its rule on made-up tables, and its runs at the small size."""

from __future__ import annotations

import math
from pathlib import Path

import pandas
import pytest

from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_table, run_study

STUDY = get_study("regularisation")


def _table(level: int, flips: int, alone: int, n: int = 10) -> pandas.DataFrame:
    """The flips of other lambdas, and the limit, say the opposite and must not be judged."""
    names = ("pairs", "flips", "level: sets", "level: shown", "noise alone: sets", "noise alone: shown")
    blank = dict.fromkeys(names, math.nan)
    row = {**blank, "lambda": 0.0, "engine": "finite", "run": "L-S"}
    return pandas.DataFrame([
        {**row, "pairs": n, "flips": flips},
        {**row, "lambda": 5e-4, "pairs": n, "flips": n - flips},
        {**row, "run": "constant", "level: sets": n, "level: shown": level},
        {**row, "run": "constant, noise annealed", "noise alone: sets": n, "noise alone: shown": alone},
        {**row, "engine": "limit", "pairs": n, "flips": n - flips, "level: sets": n, "level: shown": n - level},
    ])


@pytest.mark.parametrize(("counts", "verdict", "parts"), [
    ((10, 10, 10), "supported", ["supported"] * 3),
    ((10, 0, 10), "refuted", ["supported", "refuted", "supported"]),
    ((0, 10, 10), "refuted", ["refuted", "supported", "supported"]),
    ((10, 10, 0), "refuted", ["supported", "supported", "refuted"]),
    ((10, 5, 10), "undecided", ["supported", "undecided", "supported"]),
])
def test_its_rule(counts: tuple[int, int, int], verdict: str, parts: list[str]) -> None:
    found = STUDY.decide(_table(*counts))
    assert found.verdict == verdict and [each.verdict for each in found.findings] == parts


def test_few_or_missing_runs_decide_nothing() -> None:
    assert STUDY.decide(_table(3, 3, 3, n=3)).verdict == "undecided"
    missing = _table(10, 10, 10)
    found = STUDY.decide(missing[missing["run"] == "L-S"])
    assert [each.verdict for each in found.findings] == ["undecided", "supported", "undecided"]


@pytest.mark.alternating
def test_the_small_size(tmp_path: Path) -> None:
    result = run_study(STUDY, size="small", out=tmp_path, workers=0, threads=1)
    assert result.failed == 0 and result.verdict.verdict == "undecided"
    limit = result.table[result.table["engine"] == "limit"].set_index(["lambda", "run"])
    # THEORY §5 by hand: without lambda tau^2 = 100 + eta_1 tau_xi^2 tau; the noise annealed at 80 stays as it is there.
    assert limit.loc[(0.0, "constant"), "noise level at end"] == pytest.approx(math.sqrt(100 + 16 * 0.0789**2 * 160), rel=1e-4)
    assert limit.loc[(0.0, "constant, noise annealed"), "noise level at end"] == pytest.approx(
        math.sqrt(100 + 16 * 0.0789**2 * 80), rel=1e-4)
    assert limit.loc[(5e-4, "constant"), "level, end / half"] == pytest.approx(1.0, abs=1e-3)
    stored = read_table(tmp_path / "regularisation-small" / "table.csv")
    assert STUDY.decide(stored) == result.verdict and len(STUDY.plot(stored).axes) == 2
