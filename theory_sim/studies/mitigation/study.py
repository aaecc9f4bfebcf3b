"""A small rate with annealed pre-activation noise [F 3, 26-30].

Question: does a small rate with annealed pre-activation noise do what L-S does, and at which noise level and annealing time?

Statement of the authors: their "mitigation strategy for small learning rate [...] works both theoretically and empirically".

Hypothesis: at S's rate, with pre-activation noise shared over the batch, of the level that L-S has before it anneals (s = 1
in the table), annealed to nothing at tau = 700,

1. *Order.* P is learnt first, as under L-S, where S alone learns Q first.
2. *Error.* The error on P at the end is below that of S alone.

The map around this point, noise level s from 1/4 to 2 and annealing at tau = 200, 450, 700, shows where it works; it is not
judged.

Statistic, at finite width: over seeds of which L-S learns P first and S learns Q first at level 0.45, in how many the arm
learns P first, and in how many its exact error on P at tau = 1200 is below that of S on the same data.

Decision. Each part: the exact interval of the share at level 1 - 0.05/2 lies above 1/2: supported; below: refuted; else
undecided. The limit stands beside it and decides nothing.

Fixed before the first stored result; what was known by then stands in noise_placement.py.

Runs of the default size: m_V = 10 000, seeds 200 to 215. They replace m_V = 1000 and seeds 0 to 7, which left both parts
undecided: 5 of 8 data sets had something to restore, and on all 5 both parts held (8 and 8 of 8 in the limit). small_rate.py
says how the runs were chosen. By its guess the share 5/8 becomes 0.84 at m_V = 10 000; if an arm then shows a part with
probability 0.95, the rule supports it with probability 0.95. Of 16 data sets it asks for 13, of 13 for 11, of 10 for 9, of 7
for all. A seed costs 43 s of one processor. Committed before any run on the new seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.studies.engines import FINITE, get_rows, sweep_both
from theory_sim.studies.mitigation.figure import plot
from theory_sim.studies.registry import register
from theory_sim.studies.small_rate import arm_rows, judge_arm, make_base
from theory_sim.studies.study import PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep

if TYPE_CHECKING:
    import pandas

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 2
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(200, 216), "full": range(200, 240)}
_NOISE: Final = (0.25, 0.5, 1.0, 2.0)
_TIMES: Final = (200.0, 450.0, 700.0)


def _plan(size: Size) -> Mapping[str, Sweep]:
    base = make_base(size, default=10_000, full=100_000)
    levels, times = (_NOISE[2:], (60.0, 120.0)) if size == "small" else (_NOISE, _TIMES)
    noisy = base.replace(noise_placement="pre-activations-shared", noise_level=base.tau_0_value, noise_annealing=times[-1])
    block = Product({"noise_level": [level * base.tau_0_value for level in levels], "noise_annealing": list(times)})
    return {"baseline": sweep_both("baseline", base, ("L-S", "S"), _SEEDS[size]),
            "map": sweep_both("map", noisy, ("S",), _SEEDS[size], block)}


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    rows = arm_rows(summaries["baseline"], {"map": summaries["map"]}, ("noise_level", "noise_annealing"))
    size = summaries["baseline"].sweep.experiment.tau_0_value
    for row in rows:
        row["s"] = round(float(row.get("noise_level", 0.0)) / size, 6)
        row["annealed at tau"] = row.get("noise_annealing", float("nan"))
    return pandas.DataFrame(rows)


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    finite = get_rows(table, FINITE)
    arms = finite[finite["arm"] == "S + noise"]
    chosen = arms[np.isclose(arms["s"], 1.0)].sort_values("annealed at tau", ascending=False, kind="stable")
    findings = judge_arm("pre-activation noise of L-S's level, annealed", chosen, level=_LEVEL)
    return StudyVerdict.of(findings, 0.95)


STUDY: Final = register(Study(
    name="mitigation",
    brief="annealed noise at S's rate: P first, and error",
    question="Does a small rate with annealed pre-activation noise do what L-S does, and at which level and annealing time?",
    source="F 3, 26-30",
    statement="Annealed pre-activation noise is a mitigation strategy for a small learning rate that works.",
    hypothesis="At S's rate, pre-activation noise of L-S's level annealed at tau = 700: P first, and less error than S.",
    statistic="Of seeds with L-S P first and S Q first: share with P first, and share with an error on P below that of S.",
    rule="Two parts (order, error) at s = 1, annealed at tau = 700: exact interval of the share at 1 - 0.05/2 against 1/2.",
    limits="One data law; noise shared over the batch; paired neurons, m_W = 100, m_V = 10 000, tau_0 = 100; d = 200, where "
           "the gap in error is small; errors at equal tau, not at equal loss.",
    seconds={"small": 15, "default": 480, "full": 8_000},
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    power=tuple(PartPower(part, 16, _LEVEL) for part in ("order", "error")),
))
