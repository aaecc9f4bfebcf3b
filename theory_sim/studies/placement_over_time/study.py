"""Where to add noise, over the whole course [F 25-30]; second edition of `noise-placement`.

Question: which placement of noise, matched in pre-activation variance, does all that L-S does at S's rate, and at which times?

Statement of the authors: noise acts by perturbing the pre-activations; added there it is a mitigation of a small rate, and
noise on the gradient "would also serve as a mitigation strategy for our particular data distribution".

What the first edition left open: its rule counted a placement as a mitigation that never learns Q, so that constant noise, and
the large rate that is never annealed, would have passed it; it held errors against S's at one tau alone.

Hypothesis: at S's rate, with noise of the level that L-S has before it anneals, annealed to nothing at tau = 700, for each of
three placements (pre-activations of each example, pre-activations shared over the batch, gradient), on data sets on which L-S
learns P first and Q by the end, and S learns Q first:

1.-3. *Works.* P is learnt first, and Q by the end.
4.-6. *Error at equal training loss.* The error on P is below S's at the smallest listed training loss that both reach.
7.-9. *Error over time.* It is below S's at every listed time from half the run on: tau = 900, 1350, 1800.
10. *Control, noise.* The noise on the gradient, never annealed, does not work.
11. *Control, rate.* The large rate, never annealed, does not work.

Statistic, at finite width: on how many of these data sets each part is so; learnt is the first crossing of level 0.45.

Decision. Eleven parts, each: the exact interval of the share at level 1 - 0.05/11 lies above 1/2 (parts 10 and 11: below):
supported; on the other side: refuted; else undecided.

Power: with 16 data sets a part asks for 14, and is decided with probability 0.957 at a true share of 0.95, 0.352 at 0.8.
Noise of each example's own is dear, 51 s of processor time a run where the others take 3 to 5: the runs end at tau = 1800, not
2400, for ten minutes on two processors.

Fixed before any result. Known by then: the first edition's answer (on 14 data sets), and what stands at the head of
`mitigation_over_time/study.py`. The design was first one of 17 data sets and thirteen parts, with the control of noise under
all three placements; measured, it would have taken twice the ten minutes. So the control is of the gradient alone: on
pre-activations, shared, `mitigation-over-time` has it, and of each example's own it is what costs most. 22 runs of L-S and S
were finished then, and none was looked at; they are not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from theory_sim.studies.decisions import judge_first
from theory_sim.studies.engines import FINITE, get_rows
from theory_sim.studies.groups import grid_cells
from theory_sim.studies.mitigation_over_time.figure import plot as plot_course
from theory_sim.studies.over_time import course_metrics, course_table, relabelled
from theory_sim.studies.registry import register
from theory_sim.studies.small_rate import NEVER, make_base
from theory_sim.studies.study import Finding, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.train.noise import matched_level

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.figure import Figure

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 11
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(420, 436), "full": range(420, 460)}
_ANNEALED: Final = 700.0
_PLACEMENTS: Final = ("pre-activations", "pre-activations-shared", "gradient")
_CONTROL: Final = "gradient"
_CONSTANT: Final = "constant large rate"
_MITIGATED: Final = (
    ("works", "restorable", "learns P first, and Q by the end"),
    ("better at equal loss", "comparable", "has less error on P than S at equal training loss"),
    ("better from half on", "restorable", "has less error on P than S at every listed time from half the run on"),
)


def _plan(size: Size) -> Mapping[str, Sweep]:
    base = make_base(size, default=2000, full=10_000)
    base = base if size == "small" else base.replace(max_tau=1800.0)
    annealed, seeds = 120.0 if size == "small" else _ANNEALED, tuple(_SEEDS[size])

    def arm(placement: str) -> Sweep:
        level = matched_level(placement, base.tau_0_value, rate=base.eta_2, lambda_=base.lambda_)
        noisy = base.replace(noise_placement=placement, noise_level=level, noise_annealing=annealed)
        blocks = (Product({"noise_annealing": [annealed, NEVER]}),) if placement == _CONTROL else ()
        return Sweep(placement, noisy, blocks, ("S",), seeds)

    return {"baseline": Sweep("baseline", base, (), ("L-S", "S", "constant"), seeds),
            **{placement: arm(placement) for placement in _PLACEMENTS}}


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    groups: dict[tuple[str, str], xarray.Dataset] = {}
    for part, summary in summaries.items():
        for _, runs in grid_cells(summary.dataset):
            schedule = str(runs["schedule"].values)
            name = _CONSTANT if schedule == "constant" else schedule
            if part != "baseline":
                never = "noise_annealing" in runs.coords and float(runs["noise_annealing"]) >= NEVER
                name = f"{part}, {'never annealed' if never else 'annealed'}"
            groups[name, FINITE.label] = runs
    return course_table(groups, summaries["baseline"].sweep.experiment.max_tau)


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    finite = get_rows(table, FINITE)

    def judge(statement: str, arm: str, count: str, n: str, *, above: bool) -> Finding:
        return judge_first(statement, finite[finite["arm"] == arm], count, n, level=_LEVEL,
                           expect="above" if above else "below", what="data sets")

    findings = [judge(f"noise on {placement}, annealed, {says}", f"{placement}, annealed", count, n, above=True)
                for count, n, says in _MITIGATED for placement in _PLACEMENTS]
    findings.append(judge(f"noise on {_CONTROL}, never annealed, does not do it", f"{_CONTROL}, never annealed", "works",
                          "restorable", above=False))
    findings.append(judge("the large rate that is never annealed does not do it", _CONSTANT, "works", "restorable",
                          above=False))
    return StudyVerdict.of(findings, 0.95)


def _plot(table: pandas.DataFrame) -> Figure:
    """Error on P of S over that of each arm, along the runs; see the study mitigation-over-time."""
    short = {f"{placement}, {when}": f"{said}, {when}" for placement, said in zip(_PLACEMENTS, ("own", "shared", "gradient"),
             strict=True) for when in ("annealed", "never annealed")}  # fmt: skip
    return plot_course(relabelled(table, short | {_CONSTANT: "large rate"}, "arm"))  # else too long for 80 mm


STUDY: Final = register(Study(
    name="placement-over-time",
    brief="noise-placement again: Q too, over a whole run",
    question="Which placement of noise does all that L-S does at S's rate, and at which times?",
    source="F 25-30",
    statement="Noise on the pre-activations mitigates a small rate; noise on the gradient would too, on this data.",
    hypothesis="At S's rate, annealed noise on pre-activations (own or shared) or gradient: P first, Q learnt by the end, less "
               "error than S at equal training loss and from half the run on; never annealed, neither noise on the gradient "
               "nor the large rate works.",
    statistic="Data sets on which each part is so, of those with L-S P first and Q learnt, and S Q first; finite width.",
    rule="Eleven parts: exact interval of the share at level 1 - 0.05/11 against 1/2; of the two controls it is to lie below.",
    limits="One data law, one noise level and annealing time, the control of noise on the gradient alone; paired neurons, "
           "m_W = 100, m_V = 2000, tau_0 = 100; d = 200, tau up to 1800.",
    seconds={"small": 20, "default": 560, "full": 9_000},
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=_plot, metrics=course_metrics(),
    power=tuple(PartPower(part, 16, _LEVEL) for part in (
        *(f"{placement}, {what}" for what in ("works", "equal loss", "over time") for placement in _PLACEMENTS),
        "gradient, control", "constant large rate")),
))
