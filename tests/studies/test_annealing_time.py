"""The study annealing-time: its rule on made-up tables, and its runs at the small size."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas
import pytest

from theory_sim.studies.annealing_time.study import _sides
from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_table, run_study

STUDY = get_study("annealing-time")


def _table(level: int, motion: int, epoch: int, n: int = 10) -> pandas.DataFrame:
    """Another way of annealing shows everything; the limit and the unannealed runs must not be judged."""
    row = {"way": "threshold", "engine": "finite", "eta_2 / eta_1": 1 / 32, "annealed": n}
    return pandas.DataFrame([
        {**row, "runs level": n, "runs motion": n, "runs epoch": n},
        {**row, "way": "tau = 50", "runs level": level, "runs motion": motion, "runs epoch": epoch},
        {**row, "engine": "limit", "runs level": 0, "runs motion": 0, "runs epoch": 0},
        {**row, "way": "S", "annealed": 0, "runs level": 0, "runs motion": 0, "runs epoch": 0},
    ])


@pytest.mark.parametrize(("counts", "verdict", "parts"), [
    ((10, 10, 10), "supported", ["supported"] * 3),
    ((0, 10, 10), "refuted", ["refuted", "supported", "supported"]),
    ((10, 0, 10), "refuted", ["supported", "refuted", "supported"]),
    ((10, 10, 5), "undecided", ["supported", "supported", "undecided"]),
])
def test_its_rule(counts: tuple[int, int, int], verdict: str, parts: list[str]) -> None:
    found = STUDY.decide(_table(*counts))
    assert found.verdict == verdict and [each.verdict for each in found.findings] == parts


def test_few_runs_decide_nothing() -> None:
    assert STUDY.decide(_table(3, 3, 3, n=3)).verdict == "undecided"
    assert STUDY.decide(_table(0, 0, 0, n=0)).verdict == "undecided"


@pytest.mark.alternating
def test_the_small_size(tmp_path: Path) -> None:
    result = run_study(STUDY, size="small", out=tmp_path, workers=0, threads=1)
    assert result.failed == 0 and result.diverged == 0
    table = result.table
    assert set(table["engine"]) == {"finite", "limit"} and set(table["n"]) == {1}
    limit = table[(table["engine"] == "limit") & (table["annealed"] > 0)]
    # In the limit the decorrelation rate is -log rho per tau: exactly by eta_2/eta_1, but for the level's own change.
    assert limit["motion after / before"].to_numpy() == pytest.approx(limit["eta_2 / eta_1"].to_numpy(), rel=0.03)
    assert (limit["level after / before"] > 0.98).all() and result.verdict.verdict == "undecided"
    stored = read_table(tmp_path / "annealing-time-small" / "table.csv")
    assert STUDY.decide(stored) == result.verdict
    assert len(STUDY.plot(stored).axes) == 1


def test_sides_lie_a_record_interval_from_the_annealing() -> None:
    tau = np.arange(8.0)
    run = SimpleNamespace(dataset={"tau": SimpleNamespace(values=tau)}, annealed_tau=4.5)
    assert _sides(run) == (4, 6)  # type: ignore[arg-type]
    run.annealed_tau = 4.0
    assert _sides(run) == (4, 5)  # type: ignore[arg-type]
    for none in (0.0, 7.0, math.nan):
        run.annealed_tau = none
        assert _sides(run) is None  # type: ignore[arg-type]
