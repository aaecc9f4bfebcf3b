"""The study essential-noise: its rule on made-up tables, its arms, and its runs at the small size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas
import pytest

from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_runs, read_table, run_study

STUDY = get_study("essential-noise")
BATCHES = ["batches of 1, tau_0 = 10", "batches of 10, tau_0 = 10", "batches of 1, tau_0 = 0.3", "batches of 10, tau_0 = 0.3"]


def _table(scaled: int, none: int, per_step: int, per_tau: int, batches: int, n: int = 10) -> pandas.DataFrame:
    """One of the batches shows ``batches`` flips, the others none; the limit says the opposite and must not be judged."""
    counts = {"scaled": scaled, "none": none, "per-step": per_step, "per-tau": per_tau, **dict.fromkeys(BATCHES, 0)}
    counts[BATCHES[2]] = batches
    rows = [{"noise": noise, "engine": "finite", "pairs": n, "flips": flips} for noise, flips in counts.items()]
    return pandas.DataFrame(rows + [{**row, "engine": "limit", "flips": n - row["flips"]} for row in rows])


@pytest.mark.parametrize(("flips", "verdict", "parts"), [
    ((10, 0, 0, 0, 10), "supported", ["supported"] * 4),
    ((10, 0, 0, 0, 0), "refuted", ["supported", "supported", "supported", "refuted"]),
    ((10, 10, 0, 0, 10), "refuted", ["supported", "refuted", "supported", "supported"]),
    ((10, 0, 0, 10, 10), "refuted", ["supported", "supported", "refuted", "supported"]),
    ((10, 0, 10, 0, 10), "refuted", ["supported", "supported", "refuted", "supported"]),
    ((0, 0, 0, 0, 10), "refuted", ["refuted", "supported", "supported", "supported"]),
    ((10, 0, 5, 0, 10), "undecided", ["supported", "supported", "undecided", "supported"]),
    ((5, 0, 0, 0, 10), "undecided", ["undecided", "supported", "supported", "supported"]),
])
def test_its_rule(flips: tuple[int, ...], verdict: str, parts: list[str]) -> None:
    found = STUDY.decide(_table(*flips))
    assert found.verdict == verdict and [each.verdict for each in found.findings] == parts


def test_few_or_missing_runs_decide_nothing() -> None:
    assert STUDY.decide(_table(3, 0, 0, 0, 3, n=3)).verdict == "undecided"
    missing = _table(10, 0, 0, 0, 10)
    found = STUDY.decide(missing[~missing["noise"].isin(["per-tau", *BATCHES])])
    assert [each.verdict for each in found.findings] == ["supported", "supported", "undecided", "undecided"]


def test_each_arm_has_the_noise_that_it_says() -> None:
    """Kicks by hand: of xi 16 x 0.0789 at eta_1; per tau, the variance of a step is that of eta_1 x tau_xi^2 for eta_2."""
    plan = {name: sweep.experiment for name, sweep in STUDY.plan("default").items()}
    increment = 16.0 * 0.0789
    assert plan["per-step"].noise_level == pytest.approx(increment) and plan["per-step"].tau_xi == 0
    assert plan["per-tau"].noise_level ** 2 / 0.5 == pytest.approx(increment**2 / 16.0)
    assert plan["none"].tau_0_value == pytest.approx(plan["scaled"].tau_0_value) and plan["none"].noise_placement == "none"
    assert {run.experiment.batch_size for run in STUDY.plan("default")["batches"]} == {1, 10}
    assert {run.experiment.tau_xi for run in STUDY.plan("default")["batches"]} == {0.0}


@pytest.mark.alternating
def test_the_small_size(tmp_path: Path) -> None:
    result = run_study(STUDY, size="small", out=tmp_path, workers=0, threads=1)
    assert result.failed == 0 and result.verdict.verdict == "undecided"
    assert len(result.table) == 16 and set(result.table["pairs"]) == {1}
    limit = result.table[result.table["engine"] == "limit"].set_index("noise")
    # The recursion of THEORY §5 by hand: no noise leaves 10 (1 - eta_2 lambda)^240 under S.
    assert limit.loc["none", "S: noise level at end"] == pytest.approx(10.0002 * (1 - 0.5 * 5e-4) ** 240, rel=1e-3)
    stored = read_table(tmp_path / "essential-noise-small" / "table.csv")
    assert STUDY.decide(stored) == result.verdict and STUDY.plot(stored).axes


def test_what_the_page_says_after_seeing_the_result_is_so_of_the_stored_runs() -> None:
    """Parts 2 and 3: one flow, or one noise, in two step sizes; the flips are the same at each level; Q comes too late."""
    page = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "questions" / "essential-noise.md"
    text = re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))
    runs = read_runs(page.parent / "results" / "essential-noise" / "runs.csv")

    def of(part: str, schedule: str) -> pandas.DataFrame:
        kept = (runs["part"] == part) & (runs["schedule"] == schedule) & (runs["engine"] == "finite")
        return runs[kept].set_index("seed")

    def apart(one: pandas.DataFrame, other: pandas.DataFrame, times: Sequence[str]) -> float:
        return 100 * max(float((one[name] / other[name] - 1).abs().max()) for name in times)

    levels = ("0.45", "0.5", "0.55")
    quiet = apart(of("none", "S"), of("none", "L-S"), [f"tau_{kind} {level}" for kind in "PQ" for level in levels])
    noisy = apart(of("per-tau", "S"), of("scaled", "L-S"), ["tau_P 0.45"])
    assert f"within {quiet:.1f} % of each other" in text and f"P is learnt within {noisy:.1f} %" in text
    assert np.isinf(of("scaled", "L-S")["tau_Q 0.45"]).all() and "on none of the ten by τ = 1000" in text
    for level in levels:
        name, flips = f"order {level}", {}
        for part, large in (("scaled", "scaled"), ("none", "none"), ("per-step", "per-step"), ("per-tau", "scaled")):
            flips[part] = int(((of(large, "L-S")[name] == "P first") & (of(part, "S")[name] == "Q first")).sum())
        assert flips == {"scaled": 10, "none": 0, "per-step": 0, "per-tau": 0}
