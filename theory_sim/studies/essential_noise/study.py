"""Is the Gaussian noise essential, and its growth with the learning rate? [F 22-24].

Question: how important is the Gaussian noise that is injected at every step?

Statement of the authors: it "is essential for our analysis, as it models noise from SGD"; the analysis "relies on the fact that
the scale of this Gaussian noise is larger with a larger learning rate".

Hypothesis, in four parts. A *flip* is a data set on which L-S learns P first and S learns Q first, at level 0.45.

1. *With it.* The noise xi, scaled by the rate, gives the flip (without this the others say nothing).
2. *Needed.* Without noise (tau_xi = 0, U_0 as before) there is no flip.
3. *Scaled.* Without the scaling there is no flip. Two ways to remove it: every step moves the weights by the noise increment
   that xi gives at eta_1, whatever the rate ("per step"); or S gets as much noise per unit of tau as the large rate ("per
   tau"; L-S, whose order is settled before it anneals, is then the reference's).
4. *Models SGD.* Real mini-batches, without Gaussian noise, give the flip, for some batch size and initial level.

Statistic. At finite width, over seeds: in how many data sets there is a flip.

Decision. Four parts, together at 95 %: each at level 1 - 0.05/4, by the exact interval of the share of flips against 1/2.
Parts 2 and 3 are supported if it lies below; of part 3 the way with more flips is judged, with half the error for each. Of part
4 the setting with most flips is judged, with its error divided by the number of settings: supported above, refuted below. A
diverged run is no flip. The limit stands beside it and decides nothing: there mini-batches cannot move patterns, whatever
their size.

All fixed before the first stored result.

Repeated on 17 data sets of their own, seeds 3000 to 3016, by the same rule. Every part has power 0.9 or more there at a true
share of 0.95. Committed before their first run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from theory_sim.studies.decisions import Side, judge_share
from theory_sim.studies.engines import FINITE, engine_label, get_rows, sweep_both
from theory_sim.studies.essential_noise.figure import plot
from theory_sim.studies.groups import Row, grid_cells, group_row, pair_row
from theory_sim.studies.quick import quick_base, quick_seeds
from theory_sim.studies.registry import register
from theory_sim.studies.study import Finding, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep

if TYPE_CHECKING:
    import pandas

__all__ = ["STUDY"]

_ERROR: Final = 0.05 / 4
_SCHEDULES: Final = ("L-S", "S")
_GAUSSIAN: Final = ("scaled", "none", "per-step", "per-tau")
_BATCHES: Final = (1, 10)
# Initial level of the weights; the second is far below that of the noise, so that batches may count.
_LEVELS: Final = (10.0, 0.3)


def _plan(size: Size) -> Mapping[str, Sweep]:
    base, seeds = quick_base(size, small_max_tau=120.0), quick_seeds(size)
    quiet = base.replace(tau_0=base.tau_0_value, tau_xi=0.0)
    placed = quiet.replace(noise_placement="iterates", noise_level=base.eta_1 * base.tau_xi)
    per_tau = quiet.replace(noise_placement="iterates", noise_level=math.sqrt(base.eta_1 * base.eta_2) * base.tau_xi)
    return {
        "scaled": sweep_both("scaled", base, _SCHEDULES, seeds),
        "none": sweep_both("none", quiet, _SCHEDULES, seeds),
        "per-step": sweep_both("per-step", placed, _SCHEDULES, seeds),
        "per-tau": sweep_both("per-tau", per_tau, ("S",), seeds),
        "batches": sweep_both("batches", quiet, _SCHEDULES, seeds, Product({"batch_size": _BATCHES, "tau_0": _LEVELS})),
    }


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    rows = []
    reference = {engine_label(runs): runs for _, runs in grid_cells(summaries["scaled"].dataset)
                 if str(runs["schedule"].values) == "L-S"}
    for part, summary in summaries.items():
        for _, runs in grid_cells(summary.dataset):
            schedule, engine = str(runs["schedule"].values), engine_label(runs)
            if schedule == "L-S":
                continue
            label = part
            large = reference[engine]
            if part == "batches":
                place = {"batch_size": int(runs["batch_size"]), "tau_0": float(runs["tau_0"])}
                label = f"batches of {place['batch_size']}, tau_0 = {place['tau_0']:g}"
                large = summary.dataset.sel({**place, "engine": engine, "schedule": "L-S"})
            elif part != "per-tau":
                large = summary.dataset.sel(engine=engine, schedule="L-S")
            row: Row = {"noise": label, "engine": engine, **pair_row(large, runs)}
            for name, group in (("L-S", large), ("S", runs)):
                found = group_row(group)
                row |= {f"{name}: {key}": value for key, value in found.items() if not key.startswith("share")}
            rows.append(row)
    return pandas.DataFrame(rows)


def _judge(table: pandas.DataFrame, statement: str, noises: list[str], expect: Side) -> Finding:
    """Judge the one of several noises with most flips, the error divided among them."""
    rows = table[table["noise"].isin(noises) & (table["pairs"] > 0)]
    if len(rows) < len(noises) or rows.empty:
        return Finding(statement, "undecided", "runs are missing")
    most = rows.loc[(rows["flips"] / rows["pairs"]).idxmax()]
    return judge_share(statement, int(most["flips"]), int(most["pairs"]), level=1 - _ERROR / len(noises), expect=expect,
                       what=f"data sets flip with noise {most['noise']!r}")


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    finite = get_rows(table, FINITE)
    batches = [str(noise) for noise in finite["noise"] if noise not in _GAUSSIAN]
    return StudyVerdict.of([
        _judge(finite, "noise scaled by the rate gives the flip", ["scaled"], "above"),
        _judge(finite, "without noise there is no flip", ["none"], "below"),
        _judge(finite, "without the scaling by the rate there is no flip", ["per-step", "per-tau"], "below"),
        _judge(finite, "mini-batches alone give the flip", batches or ["batches"], "above"),
    ], 0.95)


STUDY: Final = register(Study(
    name="essential-noise",
    brief="the noise of every step: is it needed?",
    question="How important is the Gaussian noise of every step, and that it grows with the learning rate?",
    source="F 22-24",
    statement="The Gaussian noise is essential, as it models noise from SGD; its scale must be larger with a larger rate.",
    hypothesis="L-S learns P first and S learns Q first with the noise, and with mini-batches; not without noise or scaling.",
    statistic="Data sets on which L-S learns P first and S learns Q first, of all; finite width, level 0.45.",
    rule="Exact interval of the share against 1/2 at level 1 - 0.05/4 (divided further among ways and settings).",
    limits="One data law (preset quick), paired neurons, lazy but for tau_0 = 0.3; four settings of mini-batches, no momentum.",
    seconds={"small": 15, "default": 260, "full": 7200},
    repeated_on=range(3000, 3017),
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    power=(*(PartPower(part, 10, 1 - _ERROR, "the first edition's size; 15 reach 0.9") for part in ("with it", "needed")),
           PartPower("scaled", 10, 1 - _ERROR / 2, "the first edition's size; 16 reach 0.9"),
           PartPower("models SGD", 10, 1 - _ERROR / 4, "the first edition's size; 17 reach 0.9")),
))
