"""Which way of annealing is best? [F 21].

Question: must the rate fall at once, and late, as L-S's does, or does any way from a large rate to a small one do as well?

Statement of the authors: "By 'getting annealed', we mean reducing the pre-activation noise by a constant factor at a certain
epoch". That is a definition: no run refutes it. What it implies is judged here: whether a rate that falls otherwise than by a
factor at a certain time does what the definition's schedule does.

Hypothesis, in seven parts. A schedule *works* on a data set if under it P is learnt first, Q is learnt by the end, and the
error on P is below that of S, at the end (equal tau) and when the training loss first falls to 0.42 nats (equal loss). All are
of the same length, tau = 1600, from rate 16 to 0.5.

1. *Step.* The rate falls by its whole factor at tau = 800: works.
2. *Linear*, 3. *cosine*, 4. *warm-up, stable, decay* (a straight line over the second half): works.
5. *Cyclic* (four cosines with restarts): works.
6. *Never.* The large rate to the end does not work, as Q is not learnt: the control that equal tau alone would pass.
7. *Gradual is better.* At equal training loss the error under the cosine is below that under the step.

Learnt is at level 0.50, not 0.45: gradual schedules of this length have little time left at small rates.

Runs. The default preset (d = 200) in the limit. L-S itself, which falls when the training loss says so, and an exponential
decay stand beside these. So that the whole course is seen, step, S and constant are also run to tau = 4000 ("long"; continuous
time), with the errors at a quarter, a half, three quarters and the end.

Statistic. Over seeds: on how many data sets each part is so; NaN of a training loss that is never reached counts as no.

Decision. Seven parts, together at 95 %: each by the exact interval of the share at level 1 - 0.05/7 against 1/2: above,
supported; below, refuted; part 6 the other way round; else undecided. With 16 data sets it asks for 14; it decides with
probability 0.957 at a true share of 0.95, 0.352 at 0.8 (full size, 40: 1.000 and 0.912).

Chosen from runs on seed 900, which no size uses: the end, the level, the training loss of 0.42. There step, cosine and the
second half's straight line worked, linear too at 0.50, cyclic did not, and parts 6 and 7 were so. Fixed before the first run
on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.studies.counts import course_metrics, is_order, order_row, ratio_columns
from theory_sim.studies.decisions import judge_first
from theory_sim.studies.engines import LIMIT
from theory_sim.studies.groups import Row, done_seeds, make_table, mean_columns
from theory_sim.studies.registry import register
from theory_sim.studies.schedules.figure import plot
from theory_sim.studies.study import PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.theory.crossings import LEVELS
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas
    import xarray
    from numpy.typing import NDArray

__all__ = ["STUDY"]

_PARTS: Final = 7
_READ_AT: Final = 0.50
_LOSS: Final = 0.42
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(340, 356), "full": range(340, 380)}
_FLOW: Final = Engine("limit", {"time": "flow"})
_JUDGED: Final = ("step", "linear", "cosine", "warm-up, stable, decay", "cyclic")


def _arms(end: float) -> Mapping[str, Mapping[str, Any]]:
    return {
        "step": {"schedule": "pieces", "pieces": ((end / 2, 16.0), (1e6, 0.5))},
        "linear": {"schedule": "linear"}, "cosine": {"schedule": "cosine"},
        "warm-up, stable, decay": {"schedule": "warm-up-stable-decay", "warm_up": end / 100, "decay_time": end / 2},
        "cyclic": {"schedule": "cyclic", "cycle": end / 4, "cycle_shape": "cosine"},
        "exponential": {"schedule": "exponential"}, "L-S": {"schedule": "L-S"},
        "S": {"schedule": "S"}, "constant": {"schedule": "constant"},
    }


def _plan(size: Size) -> Mapping[str, Sweep]:
    end = 160.0 if size == "small" else 1600.0
    base = Experiment(max_tau=end, record_every=end / 80, n_test=20)
    if size == "small":
        base = base.replace(d=40)
    seeds, sweeps = tuple(_SEEDS[size]), {}
    for arm, fields in _arms(end).items():
        name = arm.replace(", ", "-")
        sweeps[name] = Sweep(name, base.replace(**fields), (), (), seeds, (LIMIT,))
    far = base.replace(max_tau=2.5 * end, record_every=end / 16)
    for arm in ("step", "S", "constant"):
        sweeps[f"{arm}-long"] = Sweep(f"{arm}-long", far.replace(**_arms(end)[arm]), (), (), seeds, (_FLOW,))
    return sweeps


def _error_at_equal_loss(run: Trajectory) -> float:
    return error_at_loss(run, _LOSS)


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    runs = {name: summary.dataset.isel(engine=0, schedule=0) for name, summary in summaries.items()}
    rows = []
    for name, group in runs.items():
        long = name.endswith("-long")
        row: Row = {"arm": name.replace("-long", ", long").replace("up-stable-decay", "up, stable, decay"),
                    "engine": (_FLOW if long else LIMIT).label, **order_row(group, _READ_AT)}
        kept = group.isel(seed=done_seeds(group))
        row |= mean_columns("Q loss at end", kept["loss_train"].sel(kind="Q-only").values, least=0.0)
        row |= mean_columns("training loss at end", kept["train_loss"].values, least=0.0)
        row |= mean_columns("P error", kept["P_error"].values, least=0.0)
        small = runs["S-long" if long else "S"]
        both = done_seeds(group, small)
        one, other = group.isel(seed=both), small.isel(seed=both)
        for key, when in {"error_at_25": "25 %", "error_at_50": "50 %", "error_at_75": "75 %", "P_error": "end",
                          "equal_loss": "equal loss"}.items():
            row |= ratio_columns(f"error S / arm, {when}", other[key].values, one[key].values)
        if not long:
            row |= _counts(group, small, runs["step"])
        rows.append(row)
    return make_table(rows)


def _counts(runs: xarray.Dataset, small: xarray.Dataset, step: xarray.Dataset) -> Row:
    """Data sets on which an arm works, what that needs one by one, and on which its error at equal loss is below the step's."""
    kept = done_seeds(runs, small, step)
    one, other, cut = (each.isel(seed=kept) for each in (runs, small, step))
    first = is_order(one, "P first", _READ_AT)
    learnt: NDArray[np.bool_] = np.isfinite(one["tau_Q"].isel(level=LEVELS.index(_READ_AT)).values)
    at_end, at_loss = (one[key].values < other[key].values for key in ("P_error", "equal_loss"))  # not-a-number: no
    below = one["equal_loss"].values < cut["equal_loss"].values
    return {"sets": len(kept), "works": int((first & learnt & at_end & at_loss).sum()), "of them P first": int(first.sum()),
            "Q learnt": int(learnt.sum()), "below S at end": int(at_end.sum()), "below S at equal loss": int(at_loss.sum()),
            "below step at equal loss": int(below.sum())}


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    level = 1 - 0.05 / _PARTS
    at = {arm: table[table["arm"] == arm] for arm in (*_JUDGED, "constant")}
    findings = [judge_first(f"{arm}: works", at[arm], "works", "sets", level=level, what="data sets") for arm in _JUDGED]
    findings.append(judge_first("the large rate to the end does not work", at["constant"], "works", "sets", level=level,
                                expect="below", what="data sets on which it does"))
    findings.append(judge_first("cosine: less error on P than the step at equal training loss", at["cosine"],
                                "below step at equal loss", "sets", level=level, what="data sets"))
    return StudyVerdict.of(findings, 0.95)


STUDY: Final = register(Study(
    name="schedules",
    brief="ways in which the rate falls",
    question="Does it matter how the rate falls: at once, little by little, at the end, in cycles?",
    source="F 21",
    statement="Rates that fall little by little, at the end or in cycles do what one cut at a certain time does.",
    hypothesis="Step, linear, cosine, stable-then-decay and cyclic rates work, the constant one does not: P first, Q learnt by "
               "the end, less error on P than S at equal tau and at equal training loss; the cosine has less than the step.",
    statistic="Of data sets: on how many each schedule works (level 0.50, equal loss at 0.42 nats).",
    rule="Seven parts: exact interval of each share at level 1 - 0.05/7 against 1/2.",
    limits="The limit alone; d = 200, where the gap in error is small; one length, one pair of rates; errors to tau = 1600, "
           "of step, S and the constant rate to 4000.",
    seconds={"small": 15, "default": 70, "full": 170},
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    power=tuple(PartPower(part, 16, 1 - 0.05 / _PARTS) for part in (*_JUDGED, "never", "gradual is better")),
    metrics={"equal_loss": _error_at_equal_loss, **course_metrics()},
))
