"""When patterns stop moving [F 31-36]; second edition of `kernel-change`.

Question: is it the large rate that hides Q, or the patterns that move under it?

Statement of the authors: a main contribution is to deal with "the changing kernel caused by the rapid changes of the activation
pattern in contrast to the NTK results that often require stable activation patterns". That is of a proof. What it implies is
judged: the order follows the patterns, whatever the rate.

What the first edition left open: its third part, patterns that are frozen at the annealing, was the same run as moving patterns
wherever P is learnt before the annealing, and so true by construction. Here patterns are frozen long before either is learnt,
and the rate stays.

Hypothesis, in six parts. The rate is 16 (large) or 0.5 (small). *Stopped*: patterns are those of tau = 64 from then on; in runs
whose rate stays it falls by less than a hundredth there, to 15.9, as an annealing is what stops patterns.

1. *Moving, large.* P is learnt first.
2. *Stopped, large.* Q is learnt first.
3. *Redrawn at each step, small.* P is learnt first.
4. *Moving, small from tau = 64 on.* Q is learnt first: the small rate alone moves the patterns too little.
5. *Stopped at the annealing*, tau = 608, and small from then on: Q is learnt by the end, and earlier than by
   patterns that keep moving.
6. *Error.* At the end, tau = 1200, the error on P of 2 is above that of 1.

Learnt is at level 0.50: P is, before tau = 608.

Runs. The default preset (d = 200) in the limit. Beside these, not judged: patterns frozen from the start, at the small rate.

Statistic. Over seeds: on how many data sets each part is so.

Decision. Six parts, together at 95 %: each by the exact interval of the share at level 1 - 0.05/6 against 1/2: above,
supported; below, refuted; else undecided. With 15 data sets it asks for 13; it decides with probability 0.964 at a true share
of 0.95, 0.398 at 0.8 (full size, 40: 1.000 and 0.912).

Chosen from runs on seed 9001, which no size uses: the times, the level; what all parts say was seen there. Fixed before the
first run on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from theory_sim.experiment import Experiment
from theory_sim.studies.counts import course_metrics, order_row, ratio_columns
from theory_sim.studies.decisions import judge_first
from theory_sim.studies.engines import LIMIT
from theory_sim.studies.groups import Row, done_seeds, mean_columns
from theory_sim.studies.kernel_freezing.figure import plot
from theory_sim.studies.registry import register
from theory_sim.studies.study import Finding, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.theory.crossings import LEVELS

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["STUDY"]

_PARTS: Final = 6
_READ_AT: Final = 0.50
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(560, 575), "full": range(560, 600)}
_STOPPED: Final = "frozen-at-annealing"
_MOVING: Final = "moving, large rate"
_LATE: Final = ("moving, annealed at 608", "stopped at 608, annealed")


def _arms(early: float, late: float) -> Mapping[str, Mapping[str, Any]]:
    kept, small = ((early, 16.0), (1e6, 15.9)), ((early, 16.0), (1e6, 0.5))
    annealed = ((late, 16.0), (1e6, 0.5))
    return {
        _MOVING: {"schedule": "pieces", "pieces": kept},
        "stopped at 64, large rate": {"schedule": "pieces", "pieces": kept, "patterns": _STOPPED},
        "redrawn, small rate": {"schedule": "S", "patterns": "redrawn"},
        "moving, small from 64": {"schedule": "pieces", "pieces": small},
        _LATE[0]: {"schedule": "pieces", "pieces": annealed},
        _LATE[1]: {"schedule": "pieces", "pieces": annealed, "patterns": _STOPPED},
        "frozen, small rate": {"schedule": "S", "patterns": "frozen"},
    }


def _name(arm: str) -> str:
    return arm.replace(", ", "-").replace(" ", "-")


def _plan(size: Size) -> Mapping[str, Sweep]:
    base, seeds, part = Experiment(n_test=20), tuple(_SEEDS[size]), 0.125 if size == "small" else 1.0
    if size == "small":
        base = base.replace(d=40)
    base = base.replace(tau_0=base.tau_0_value, max_tau=1200.0 * part, record_every=20.0)
    return {_name(arm): Sweep(_name(arm), base.replace(**fields), (), (), seeds, (LIMIT,))
            for arm, fields in _arms(64.0 * part, 608.0 * part).items()}


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    runs = {arm: summaries[_name(arm)].dataset.isel(engine=0, schedule=0) for arm in _arms(64.0, 608.0)}
    rows = []
    for arm, group in runs.items():
        row: Row = {"arm": arm, "engine": LIMIT.label, **order_row(group, _READ_AT)}
        kept = group.isel(seed=done_seeds(group))
        row |= mean_columns("Q loss at end", kept["loss_train"].sel(kind="Q-only").values, least=0.0)
        row |= mean_columns("P error", kept["P_error"].values, least=0.0)
        rows.append(row | _against(group, runs[_MOVING], runs[_LATE[0]]))
    return pandas.DataFrame(rows)


def _against(runs: xarray.Dataset, moving: xarray.Dataset, late: xarray.Dataset) -> Row:
    """Data sets on which the error exceeds that of moving patterns, and on which Q is learnt earlier than by those annealed."""
    kept = done_seeds(runs, moving, late)
    one, other, annealed = (each.isel(seed=kept) for each in (runs, moving, late))
    q, q_late = (each["tau_Q"].isel(level=LEVELS.index(_READ_AT)).values for each in (one, annealed))
    row: Row = {"sets": len(kept), "above moving": int((one["P_error"].values > other["P_error"].values).sum()),
                "Q before the annealed": int((q < q_late).sum())}
    for key, when in {"P_error": "end", **{key: f"{key[9:]} %" for key in course_metrics()}}.items():
        row |= ratio_columns(f"error / moving, {when}", one[key].values, other[key].values)
    return row


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    def at(arm: str, count: str, n: str, says: str) -> Finding:
        return judge_first(f"{arm}: {says}", table[table["arm"] == arm], count, n, level=1 - 0.05 / _PARTS, what="data sets")

    stopped, redrawn = "stopped at 64, large rate", "redrawn, small rate"
    return StudyVerdict.of([
        at(_MOVING, "P first", "n", "P is learnt first"), at(stopped, "Q first", "n", "Q is learnt first"),
        at(redrawn, "P first", "n", "P is learnt first"), at("moving, small from 64", "Q first", "n", "Q is learnt first"),
        at(_LATE[1], "Q before the annealed", "sets", "Q is learnt, earlier than by patterns that keep moving"),
        at(stopped, "above moving", "sets", "the error on P is above that of moving patterns"),
    ], 0.95)


STUDY: Final = register(Study(
    name="kernel-freezing",
    brief="does the rate hide Q, or do moving patterns?",
    question="Is it the large rate that hides Q, or the patterns that move under it?",
    source="F 31-36",
    statement="The changing kernel, caused by rapid changes of the activation patterns, is what matters: the order follows the "
              "patterns, whatever the rate.",
    hypothesis="At the large rate moving patterns learn P first, and those stopped at tau = 64 Q first, with more error on P; "
               "redrawn ones at the small rate learn P first; the small rate from tau = 64 on learns Q first; patterns stopped "
               "at the annealing learn Q earlier than moving ones.",
    statistic="Data sets on which each part is so, at level 0.50.",
    rule="Six parts: exact interval of each share at level 1 - 0.05/6 against 1/2.",
    limits="The limit alone; d = 200, alpha on [1/2, 1]; one pair of rates, one early and one late time; tau to 1200.",
    seconds={"small": 15, "default": 45, "full": 110},
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    power=tuple(PartPower(part, 15, 1 - 0.05 / _PARTS) for part in (
        "moving, large", "stopped, large", "redrawn, small", "moving, small", "stopped at the annealing", "error")),
    metrics=course_metrics(),
))
