"""The studies noise-placement, mitigation and kernel-change: their rules on made-up tables, and runs at the small size."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas
import pytest

from theory_sim.studies.decisions import judge_share
from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_table, run_study
from theory_sim.train.noise import matched_level

PLACEMENT, MITIGATION, KERNEL = (get_study(name) for name in ("noise-placement", "mitigation", "kernel-change"))
JUDGED = ("pre-activations", "pre-activations-shared", "gradient")


def _placements(counts: dict[str, tuple[int, int]], n: int = 10) -> pandas.DataFrame:
    """Other placements, constant noise and the limit show the opposite of everything and must not be judged."""
    rows = [{"arm": "S", "engine": "finite", "noise_placement": None, "annealed": "no noise", "restorable": n}]
    rows[0] |= {"restored": 0, "better": 0}
    for placement in (*JUDGED, "activations"):
        restored, better = counts.get(placement, (0, 0))
        row = {"arm": "S + noise", "engine": "finite", "noise_placement": placement, "annealed": "tau = 700", "restorable": n}
        rows.append({**row, "restored": restored, "better": better})
        rows.append({**row, "annealed": "never", "restored": n - restored, "better": n - better})
        rows.append({**row, "engine": "limit", "restored": n - restored, "better": n - better})
    return pandas.DataFrame(rows)


@pytest.mark.parametrize(("counts", "verdict"), [
    ({name: (10, 10) for name in JUDGED}, "supported"),
    ({**{name: (10, 10) for name in JUDGED}, "gradient": (0, 10)}, "refuted"),
    ({**{name: (10, 10) for name in JUDGED}, "pre-activations": (10, 0)}, "refuted"),
    ({**{name: (10, 10) for name in JUDGED}, "gradient": (9, 10)}, "undecided"),
])
def test_the_rule_of_noise_placement(counts: dict[str, tuple[int, int]], verdict: str) -> None:
    found = PLACEMENT.decide(_placements(counts))
    assert found.verdict == verdict and len(found.findings) == 6
    assert PLACEMENT.decide(_placements({name: (7, 7) for name in JUDGED}, n=7)).verdict == "undecided"
    assert PLACEMENT.decide(_placements({}, n=0)).verdict == "undecided"


def _map(restored: int, better: int, n: int = 8) -> pandas.DataFrame:
    row = {"arm": "S + noise", "engine": "finite", "s": 1.0, "annealed at tau": 700.0, "restorable": n}
    return pandas.DataFrame([
        {**row, "restored": restored, "better": better},
        {**row, "annealed at tau": 200.0, "restored": n - restored, "better": n - better},
        {**row, "s": 2.0, "restored": n - restored, "better": n - better},
        {**row, "engine": "limit", "restored": n - restored, "better": n - better},
        {**row, "arm": "S", "s": 0.0, "restored": n - restored, "better": n - better},
    ])


@pytest.mark.parametrize(("restored", "better", "verdict"), [
    (8, 8, "supported"), (0, 8, "refuted"), (8, 0, "refuted"), (8, 4, "undecided"), (4, 8, "undecided"),
])
def test_the_rule_of_mitigation(restored: int, better: int, verdict: str) -> None:
    assert MITIGATION.decide(_map(restored, better)).verdict == verdict
    assert MITIGATION.decide(_map(3, 3, n=3)).verdict == "undecided"
    assert MITIGATION.decide(_map(0, 0).iloc[4:]).verdict == "undecided"


def _laws(moving: int, frozen: int, at_annealing: int, redrawn: int, n: int = 10) -> pandas.DataFrame:
    counts = {"moving": moving, "frozen": frozen, "frozen-at-annealing": at_annealing, "redrawn": redrawn}
    return pandas.DataFrame([
        {"patterns": law, "engine": engine, "flips": count if engine == "finite" else n - count, "pairs": n}
        for law, count in counts.items() for engine in ("limit", "finite")
    ])


@pytest.mark.parametrize(("counts", "verdict"), [
    ((10, 0, 10, 0), "supported"), ((0, 0, 10, 0), "refuted"), ((10, 10, 10, 0), "refuted"), ((10, 0, 0, 0), "refuted"),
    ((10, 0, 10, 10), "refuted"), ((7, 0, 10, 0), "undecided"),
])
def test_the_rule_of_kernel_change(counts: tuple[int, int, int, int], verdict: str) -> None:
    assert KERNEL.decide(_laws(*counts)).verdict == verdict
    assert KERNEL.decide(_laws(3, 0, 3, 0, n=3)).verdict == "undecided"
    assert KERNEL.decide(_laws(0, 0, 0, 0, n=0)).verdict == "undecided"


def test_arms_are_matched_and_share_the_data() -> None:
    for size in ("default", "full"):
        plan = PLACEMENT.plan(size)  # type: ignore[arg-type]
        base = plan["baseline"].experiment
        for name, sweep in plan.items():
            e = sweep.experiment
            assert (e.d, e.eta_2, e.tau_xi, sweep.seeds) == (base.d, base.eta_2, base.tau_xi, plan["baseline"].seeds)
            if name != "baseline":
                level = matched_level(name, base.tau_0_value, rate=base.eta_2, lambda_=base.lambda_)
                assert e.noise_placement == name and e.noise_level == pytest.approx(level)
        others = [MITIGATION.plan(size)["baseline"], KERNEL.plan(size)["patterns"]]  # type: ignore[arg-type]
        for sweep in others:  # the same experiment at widths and on seeds of their own
            e = sweep.experiment
            assert e.replace(m_V=base.m_V, name=base.name) == base and e.m_V >= base.m_V
        seeds = [set(sweep.seeds) for sweep in (plan["baseline"], *others)]
        assert len(set.union(*seeds)) == sum(map(len, seeds)) and min(set.union(*seeds)) >= 100, "fresh, and each study its own"


@pytest.mark.parametrize(("level", "n", "least"), [
    (1 - 0.05 / 4, 24, 19), (1 - 0.05 / 2, 16, 13), (1 - 0.05 / 2, 13, 11), (1 - 0.05 / 2, 10, 9), (1 - 0.05 / 2, 7, 7),
    (1 - 0.05 / 6, 14, 13), (1 - 0.05 / 6, 12, 11), (1 - 0.05 / 6, 8, 8),
])
def test_how_many_data_sets_the_rules_ask_for(level: float, n: int, least: int) -> None:
    """The numbers from which the default sizes were chosen; by hand, n tosses of a coin give as many with chance below half the
    error, and one fewer with a larger one."""
    tails = [sum(math.comb(n, j) for j in range(k, n + 1)) / 2**n for k in (least, least - 1)]
    assert tails[0] <= (1 - level) / 2 < tails[1]
    assert judge_share("x", least, n, level=level).verdict == "supported"
    assert judge_share("x", least - 1, n, level=level).verdict == "undecided"
    assert judge_share("x", n - least, n, level=level).verdict == "refuted"


@pytest.mark.alternating
@pytest.mark.parametrize("study", [PLACEMENT, MITIGATION, KERNEL], ids=lambda study: study.name)
def test_the_small_size(study, tmp_path: Path) -> None:
    result = run_study(study, size="small", out=tmp_path, workers=0, threads=1)
    assert result.failed == 0 and result.diverged == 0 and result.verdict.verdict == "undecided"
    table = result.table
    assert set(table["engine"]) == {"finite", "limit"} and set(table["n"]) == {1}
    if study is KERNEL:  # with redrawn patterns Q's separation cannot build up, THEORY §8
        assert (np.abs(table[table["patterns"] == "redrawn"]["Q loss at end"] - np.log(2)) < 0.02).all()
    stored = read_table(tmp_path / f"{study.name}-small" / "table.csv")
    assert study.decide(stored) == result.verdict
    assert study.plot(stored).axes
