"""A small rate with annealed pre-activation noise, over the whole course [F 3, 26-30]; second edition of `mitigation`.

Question: does a small rate with annealed pre-activation noise do all that L-S does, and at which times?

Statement of the authors: their "mitigation strategy for small learning rate [...] works both theoretically and empirically".

What the first edition left open: its rule counted an arm as working that never learns Q, so that noise that is never annealed,
and the large rate that is never annealed, would have passed it; it held errors against S's at one tau alone.

Hypothesis: at S's rate, with pre-activation noise shared over the batch, of the level that L-S has before it anneals (s = 1),
annealed to nothing at tau = 700, on data sets on which L-S learns P first and Q by the end, and S learns Q first:

1. *Works.* P is learnt first, and Q by the end.
2. *Error at equal training loss.* The error on P is below S's at the smallest listed training loss that both reach.
3. *Error over time.* It is below S's at every listed time from half the run on: tau = 1200, 1800, 2400.
4. *Control, noise.* The same noise, never annealed, does not work.
5. *Control, rate.* The large rate, never annealed, does not work.

The same noise at s = 1/4, annealed and not, and L-S itself stand in the table and are not judged.

Statistic, at finite width: on how many of these data sets each part is so; learnt is the first crossing of level 0.45.

Decision. Five parts, each: the exact interval of the share at level 1 - 0.05/5 lies above 1/2 (parts 4 and 5: below):
supported; on the other side: refuted; else undecided.

Power: with 15 data sets a part is decided with probability 0.96 at a true share of 0.95, 0.40 at 0.8; if a data set or two has
nothing to restore, 0.85 with 14 and 0.87 with 13.

Fixed before any run on the study's seeds. Known by then: the first edition's answer (on 16 data sets), and the course of one
data set, seed 9001, at m_V = 2000: L-S learnt P at 702 and Q at 1087, S Q at 396 and P at 794, the arm P at 696 and Q at 1264;
both controls learnt P at about 700 and Q not at all; S's error over the arm's was 1.4, 1.35 and 1.23 at the three times, and
Q's loss under S and under both annealed arms was above 0.45 again at the end, as weight decay has it. The length of the runs
and the list of losses (0.5 to 0.34; S got to 0.328) were chosen from that data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from theory_sim.studies.decisions import judge_first
from theory_sim.studies.engines import FINITE, get_rows
from theory_sim.studies.groups import grid_cells
from theory_sim.studies.mitigation_over_time.figure import plot
from theory_sim.studies.over_time import course_metrics, course_table
from theory_sim.studies.registry import register
from theory_sim.studies.small_rate import NEVER, make_base
from theory_sim.studies.study import Finding, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 5
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(400, 415), "full": range(400, 440)}
_NOISE: Final = (0.25, 1.0)
_ANNEALED: Final = 700.0
_JUDGED, _NEVER, _CONSTANT = "s = 1, annealed", "s = 1, never annealed", "constant large rate"


def _plan(size: Size) -> Mapping[str, Sweep]:
    base = make_base(size, default=2000, full=10_000)
    base = base if size == "small" else base.replace(max_tau=2400.0)
    annealed, seeds = 120.0 if size == "small" else _ANNEALED, tuple(_SEEDS[size])
    noisy = base.replace(noise_placement="pre-activations-shared", noise_level=base.tau_0_value, noise_annealing=annealed)
    block = Product({"noise_level": [level * base.tau_0_value for level in _NOISE], "noise_annealing": [annealed, NEVER]})
    return {"baseline": Sweep("baseline", base, (), ("L-S", "S", "constant"), seeds),
            "noise": Sweep("noise", noisy, (block,), ("S",), seeds)}


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    e = summaries["baseline"].sweep.experiment
    groups: dict[tuple[str, str], xarray.Dataset] = {}
    for _, runs in grid_cells(summaries["baseline"].dataset):
        schedule = str(runs["schedule"].values)
        groups[_CONSTANT if schedule == "constant" else schedule, FINITE.label] = runs
    for _, runs in grid_cells(summaries["noise"].dataset):
        level = float(runs["noise_level"]) / e.tau_0_value
        when = "never annealed" if float(runs["noise_annealing"]) >= NEVER else "annealed"
        groups[f"s = {level:g}, {when}", FINITE.label] = runs
    return course_table(groups, e.max_tau)


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    rows = {str(arm): of for arm, of in get_rows(table, FINITE).groupby("arm")}
    none = table.iloc[:0]
    arm = rows.get(_JUDGED, none)

    def judge(statement: str, of: pandas.DataFrame, count: str, n: str = "restorable", *, above: bool = True) -> Finding:
        return judge_first(statement, of, count, n, level=_LEVEL, expect="above" if above else "below", what="data sets")

    return StudyVerdict.of([
        judge("annealed noise at S's rate learns P first, and Q by the end", arm, "works"),
        judge("its error on P is below S's at equal training loss", arm, "better at equal loss", "comparable"),
        judge("its error on P is below S's at every listed time from half the run on", arm, "better from half on"),
        judge("noise that is never annealed does not do it", rows.get(_NEVER, none), "works", above=False),
        judge("the large rate that is never annealed does not do it", rows.get(_CONSTANT, none), "works", above=False),
    ], 0.95)


STUDY: Final = register(Study(
    name="mitigation-over-time",
    brief="mitigation again: Q too, over a whole run",
    question="Does a small rate with annealed pre-activation noise do all that L-S does, and at which times?",
    source="F 3, 26-30",
    statement="Annealed pre-activation noise is a mitigation strategy for a small learning rate that works.",
    hypothesis="At S's rate, noise of L-S's level annealed at tau = 700: P first, Q learnt by the end, less error than S at "
               "equal training loss and from half the run on; noise or a large rate that is never annealed does not work.",
    statistic="Data sets on which each part is so, of those with L-S P first and Q learnt, and S Q first; finite width.",
    rule="Five parts: exact interval of the share at level 1 - 0.05/5 against 1/2; of the two controls it is to lie below.",
    limits="One data law; noise shared over the batch, one level and annealing time; paired neurons, m_W = 100, m_V = 2000, "
           "tau_0 = 100; d = 200, tau up to 2400.",
    seconds={"small": 15, "default": 300, "full": 4_000},
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot, metrics=course_metrics(),
    power=tuple(PartPower(part, 15, _LEVEL)
                for part in ("works", "equal loss", "over time", "control, noise", "control, rate")),
))
