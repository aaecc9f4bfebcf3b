"""Why regularise? [F 43-47].

Question: what is the reason for the weight decay lambda?

Statement of the authors: without it the noise part of the iterate "will keep accumulating"; mild regularization "will balance
the noise level at a stable level"; "it is possible to extend our analysis to deal with no regularization, the main message
would remain the same".

Hypothesis, in three parts, of runs from the same U_0 with lambda = 0, 5e-4 (moderate) and 5e-3 (large):

1. *Level.* At the constant large rate the measured noise level of W still grows by more than 5 % over the second half of the
   run without lambda, and changes by less than 5 % with the moderate one.
2. *Message.* Without lambda L-S learns P first and S learns Q first, at level 0.45.
3. *By the noise alone.* Without lambda, and with the large rate throughout, annealing the noise alone (to nothing, at tau =
   800) does what annealing the rate does: P is learnt first, and Q by the end; with the noise left on Q is not learnt.

Statistic. At finite width, over seeds: on how many data sets each part is so.

Decision. Three parts, together at 95 %: each by the exact interval of the share at level 1 - 0.05/3 against 1/2: above,
supported; below, refuted; else undecided. What the large lambda does, the errors, and the limit stand beside it and decide
nothing.

All fixed before the first stored result.

Repeated on 14 data sets of their own, seeds 3000 to 3013, by the same rule. Every part has power above 0.96 at a true share of
0.95. Committed before their first run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.studies.decisions import judge_share
from theory_sim.studies.engines import FINITE, engine_label, get_rows, sweep_both
from theory_sim.studies.groups import Row, done_seeds, grid_cells, group_row, make_table, mean_columns, pair_row
from theory_sim.studies.quick import quick_base, quick_seeds
from theory_sim.studies.registry import register
from theory_sim.studies.regularisation.figure import plot
from theory_sim.studies.study import Finding, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 3
_CHANGE: Final = 0.05
_LAMBDAS: Final = (0.0, 5e-4, 5e-3)
_STATEMENTS: Final = {
    "level": "without lambda the noise keeps accumulating, with a mild one it is stable",
    "message": "without lambda L-S still learns P first and S learns Q first",
    "noise alone": "without lambda, annealing the noise alone does what annealing the rate does",
}


def _plan(size: Size) -> Mapping[str, Sweep]:
    base, seeds = quick_base(size, max_tau=1600.0, small_max_tau=160.0), quick_seeds(size)
    base = base.replace(tau_0=base.tau_0_value)
    quiet_from = 80.0 if size == "small" else 800.0
    quiet = base.replace(lambda_=0.0, tau_xi=0.0, noise_placement="gradient", noise_level=base.tau_xi,
                         noise_annealing=quiet_from, noise_factor=0.0)
    return {
        "lambda": sweep_both("lambda", base, ("L-S", "S", "constant"), seeds, Product({"lambda": _LAMBDAS})),
        "noise-annealed": sweep_both("noise-annealed", quiet, ("constant",), seeds),
    }


def _growth(run: Trajectory) -> float:
    """Measured noise level of W at the end over that at half the time."""
    tau, level = run.dataset["tau"].values, run.history("tau_noise", layer="W")
    return float(level[-1] / level[int(np.searchsorted(tau, 0.5 * tau[-1]))])


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    swept = summaries["lambda"].dataset
    rows = []
    for part, summary in summaries.items():
        for _, runs in grid_cells(summary.dataset):
            schedule, engine = str(runs["schedule"].values), engine_label(runs)
            lambda_ = float(runs["lambda"]) if part == "lambda" else 0.0
            row: Row = {"lambda": lambda_, "engine": engine,
                        "run": "constant, noise annealed" if part == "noise-annealed" else schedule}
            row |= group_row(runs)
            kept = runs.isel(seed=done_seeds(runs))
            row |= mean_columns("level, end / half", kept["growth"].values)
            row |= mean_columns("annealed at tau", kept["annealed_tau"].values)
            if schedule == "L-S":
                row |= pair_row(runs, swept.sel({"lambda": lambda_, "engine": engine, "schedule": "S"}))
            elif part == "lambda" and schedule == "constant" and lambda_ == 0:
                row |= _shown_of("level", _level(swept.sel(engine=engine, schedule="constant")))
            elif part == "noise-annealed":
                noisy = swept.sel({"lambda": 0.0, "engine": engine, "schedule": "constant"})
                row |= _shown_of("noise alone", _alone(noisy, runs))
            rows.append(row)
    return make_table(rows)


def _shown_of(part: str, shown: list[bool]) -> Row:
    return {f"{part}: sets": len(shown), f"{part}: shown": sum(shown)}


def _level(runs: xarray.Dataset) -> list[bool]:
    """For each data set, whether part 1 is so; runs of the constant rate along lambda."""
    free, mild = (runs.sel({"lambda": value}) for value in _LAMBDAS[:2])
    kept = done_seeds(free, mild)
    return [bool(a > 1 + _CHANGE and abs(b - 1) < _CHANGE)
            for a, b in zip(free["growth"].values[kept], mild["growth"].values[kept], strict=True)]


def _alone(noisy: xarray.Dataset, quiet: xarray.Dataset) -> list[bool]:
    """For each data set, whether part 3 is so."""
    kept = done_seeds(noisy, quiet)
    order = quiet["order"].isel(level=0).values[kept]
    learnt = np.isfinite(quiet["tau_Q"].isel(level=0).values[kept])
    unlearnt = np.isinf(noisy["tau_Q"].isel(level=0).values[kept])  # of a run without an order neither is known
    return [bool(order[i] == "P first" and learnt[i] and unlearnt[i]) for i in range(len(kept))]


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    finite = get_rows(table, FINITE)
    flips = finite[(finite["run"] == "L-S") & (finite["lambda"] == 0)]
    counts = {
        "level": _counted(finite, "level: shown", "level: sets"), "message": _counted(flips, "flips", "pairs"),
        "noise alone": _counted(finite, "noise alone: shown", "noise alone: sets"),
    }
    findings = []
    for part, statement in _STATEMENTS.items():
        shown, n = counts[part]
        if n == 0:
            findings.append(Finding(statement, "undecided", "runs are missing"))
        else:
            findings.append(judge_share(statement, shown, n, level=_LEVEL, what="data sets"))
    return StudyVerdict.of(findings, 0.95)


def _counted(table: pandas.DataFrame, shown: str, of: str) -> tuple[int, int]:
    """Sums of two columns over the rows that hold them."""
    counts, totals = (int(sum(value for value in table[name] if not math.isnan(value))) for name in (shown, of))
    return counts, totals


STUDY: Final = register(Study(
    name="regularisation",
    brief="what weight decay lambda is for",
    question="What is the weight decay lambda for, and what happens without it?",
    source="F 43-47",
    statement="Without lambda the noise keeps accumulating, a mild one makes it stable; the main message is the same without.",
    hypothesis="The level grows without lambda only; the order flips without it; annealing the noise alone reveals Q.",
    statistic="Data sets on which each part is so; finite width, level 0.45.",
    rule="Exact interval of each share at level 1 - 0.05/3 against 1/2.",
    limits="One data law (preset quick), paired neurons, one start (the moderate lambda's stable level), tau up to 1600.",
    seconds={"small": 15, "default": 180, "full": 6000},
    repeated_on=range(3000, 3014),
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot, metrics={"growth": _growth},
    power=tuple(PartPower(part, 10, _LEVEL, "the first edition's size; 14 reach 0.9") for part in _STATEMENTS),
))
