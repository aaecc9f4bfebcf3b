"""When, and by how much, to anneal [F 18-21].

Question: what does "getting annealed" mean, and does it matter when?

Statement of the authors: annealing is "reducing the pre-activation noise by a constant factor at a certain epoch". That is a
definition, which no run refutes. Judged is what it implies for the way to anneal that the question is about: that lowering the
learning rate does this. (Second edition; the first gave its verdict on the definition. Hypothesis, statistic, rule and runs are
the same.)

Hypothesis, in three parts, each for every way to anneal that is tried (at the loss threshold of L-S, at a fixed tau, early or
late, by different factors of the rate):

1. *Level.* The pre-activation noise of the network itself, that of the accumulated noise in the weights, falls by its factor
   at the annealing. THEORY §5 says that its factor sqrt(eta_2/eta_1) is reached only after tau of about 1/(2 lambda).
2. *Motion.* The rate at which activation patterns decorrelate falls at the annealing by at least half of the (logarithmic)
   factor eta_2/eta_1.
3. *Epoch.* Q is learnt only after the annealing.

Statistic. Between the last record before and the second record after the annealing (tau about 20 to 60 apart): (1) the
logarithm of the ratio of the measured noise levels of W, as a share of log of the ratio of stable levels; (2) the logarithm of
the ratio of measured decorrelation rates, -log cos(pi x flipped share) per tau between two records on both sides, as a share
of log(eta_2/eta_1); (3) whether tau_Q lies beyond the annealing. At finite width, over seeds: in how many runs is the share
at least 1/2 (1, 2), or the statement true (3).

Decision. For each part, and the way to anneal that shows it least: the exact interval of the share of runs at level 1 - 0.05/3
lies above 1/2: supported; below: refuted; else undecided. The limit stands beside it and decides nothing.

The early annealing is asked for at tau = 50, before anything is learnt (the first step of 16 at or after it leaves at 64); late
is after P is learnt by a factor two. All fixed before the first stored result.

Repeated on 14 data sets of their own, seeds 3000 to 3013, by the same rule. Of one way to anneal a part has power 0.97 at a
true share of 0.95; of the way that shows it least, at most that. Committed before their first run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.studies.annealing_time.figure import plot
from theory_sim.studies.decisions import judge_share
from theory_sim.studies.engines import FINITE, engine_label, get_rows, sweep_both
from theory_sim.studies.groups import Row, done_seeds, grid_cells, group_row, mean_columns
from theory_sim.studies.quick import quick_base, quick_seeds
from theory_sim.studies.registry import register
from theory_sim.studies.study import Finding, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product, Zip
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.theory.noise_law import anneal_ratio
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 3
_FACTORS: Final = (8.0, 2.0, 0.5)  # eta_2, from eta_1 = 16
_TIMES: Final = (50.0, 400.0, 1600.0)
_PARTS: Final = {
    "level": "the pre-activation noise falls by its constant factor at the annealing",
    "motion": "the decorrelation rate of the patterns falls by the factor of the rate at the annealing",
    "epoch": "Q is learnt only after the annealing",
}


def _plan(size: Size) -> Mapping[str, Sweep]:
    seeds = quick_seeds(size)
    base = quick_base(size, max_tau=2000.0, small_max_tau=240.0)
    base = base.replace(record_every=20.0, observe={"patterns": {"probes": 16}})
    if size == "full":
        base = base.replace(tau_xi=0.02)
    times = (40.0, 80.0, 160.0) if size == "small" else _TIMES
    pieces = [[[until, base.eta_1], [1e6, base.eta_2]] for until in times]
    by_tau = base.replace(schedule="pieces", pieces=pieces[0])
    return {
        "threshold": sweep_both("threshold", base, ("L-S",), seeds, Product({"eta_2": _FACTORS})),
        "tau": sweep_both("tau", by_tau, ("pieces",), seeds, Zip({"pieces": pieces})),
        "unannealed": sweep_both("unannealed", base, ("constant", "S"), seeds),
    }


def _sides(run: Trajectory) -> tuple[int, int] | None:
    """Records before and after the annealing, with an interval of records on the far side of each; None if there are none."""
    tau = run.dataset["tau"].values
    before = np.flatnonzero(tau <= run.annealed_tau)
    after = np.flatnonzero(tau >= run.annealed_tau)
    if not math.isfinite(run.annealed_tau) or len(before) < 2 or len(after) < 2:
        return None
    return int(before[-1]), int(after[1])


def _ratio_level(run: Trajectory) -> float:
    sides = _sides(run)
    if sides is None:
        return math.nan
    level = run.history("tau_noise", layer="W")
    return float(level[sides[1]] / level[sides[0]])


def _ratio_motion(run: Trajectory) -> float:
    sides = _sides(run)
    if sides is None:
        return math.nan
    flips = run.dataset["flips"].sel(feature="P", since="last record").values
    tau = run.dataset["tau"].values
    rate = [-math.log(max(math.cos(math.pi * float(flips[i])), 1e-12)) / float(tau[i] - tau[i - 1]) for i in sides]
    return rate[1] / rate[0] if rate[0] > 0 else math.nan


def _ratio_end(run: Trajectory) -> float:
    sides = _sides(run)
    level = run.history("tau_noise", layer="W")
    return float(level[-1] / level[sides[0]]) if sides is not None else math.nan


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    rows = []
    for part, summary in summaries.items():
        for at, runs in grid_cells(summary.dataset):
            e = summary.sweep.experiment
            schedule = str(runs["schedule"].values)
            small = float(runs["eta_2"].values) if part == "threshold" else e.eta_2
            row: Row = {"way": schedule, "engine": engine_label(runs), "eta_2 / eta_1": small / e.eta_1}
            if part == "threshold":
                row["way"] = "threshold"
            elif part == "tau":
                row["way"] = f"tau = {_times_of(summary)[at['zip' if 'zip' in at else 'pieces']]:g}"
            annealed = part != "unannealed"
            kept = runs.isel(seed=done_seeds(runs))
            row |= group_row(runs)
            stable = anneal_ratio(e.eta_1, small, e.lambda_)
            for name, factor in (("level", stable), ("motion", small / e.eta_1)):
                ratio = kept[f"ratio_{name}"].values
                row |= mean_columns(f"{name} after / before", ratio)
                with np.errstate(invalid="ignore", divide="ignore"):
                    row[f"runs {name}"] = int((np.log(ratio) / math.log(factor) >= 0.5).sum()) if annealed else 0
            row["stable level after / before"] = stable if annealed else math.nan
            row |= mean_columns("level at end / before", kept["ratio_end"].values)
            row |= mean_columns("annealed at tau", kept["annealed_tau"].values)
            row["annealed"] = int(np.isfinite(kept["annealed_tau"].values).sum()) if annealed else 0
            row["runs epoch"] = int((kept["tau_Q"].isel(level=0).values > kept["annealed_tau"].values).sum()) if annealed else 0
            rows.append(row)
    return pandas.DataFrame(rows)


def _times_of(summary: Summary) -> list[float]:
    """Times of annealing of the part "tau", along its axis."""
    times = {run.index[0]: float(run.experiment.pieces[0][0]) for run in summary.sweep if run.experiment.pieces}
    return [times[place] for place in sorted(times)]


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    finite = get_rows(table, FINITE)
    judged = finite[finite["annealed"] > 0]
    findings = []
    for part, statement in _PARTS.items():
        if judged.empty:
            findings.append(Finding(statement, "undecided", "no run was annealed"))
            continue
        least = judged.loc[(judged[f"runs {part}"] / judged["annealed"]).idxmin()]
        what = f"runs annealed by {least['way']} with eta_2 / eta_1 = {least['eta_2 / eta_1']:.3g}"
        findings.append(judge_share(statement, int(least[f"runs {part}"]), int(least["annealed"]), level=_LEVEL, what=what))
    return StudyVerdict.of(findings, 0.95)


STUDY: Final = register(Study(
    name="annealing-time",
    brief="when, and by how much, to anneal",
    question="What does annealing do to the noise, and does it matter when and by how much?",
    source="F 18-21",
    statement="Lowering the learning rate reduces the pre-activation noise by a constant factor at that epoch: what the "
              "authors' definition of annealing implies for it.",
    hypothesis="At the annealing the noise level falls by its factor, pattern motion by the rate's; Q is learnt only after it.",
    statistic="Share of the logarithmic factor by which level and motion fall between two records around the annealing; tau_Q.",
    rule="For the way to anneal that shows a part least: exact interval of the share of runs at level 1 - 0.05/3 against 1/2.",
    limits="One data law (preset quick), paired neurons, finite width m_V = 20 000; annealing of the rate, not of added noise.",
    seconds={"small": 15, "default": 200, "full": 5400},
    repeated_on=range(3000, 3014),
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    metrics={"ratio_level": _ratio_level, "ratio_motion": _ratio_motion, "ratio_end": _ratio_end},
    power=tuple(PartPower(part, 10, _LEVEL, "the first edition's size; 14 reach 0.9") for part in _PARTS),
))
