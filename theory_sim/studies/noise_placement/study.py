"""Where to add noise [F 25-30].

Question: which placement of noise, matched in pre-activation variance, constant or annealed, restores L-S's order and error at
S's rate?

Statement of the authors: noise acts by perturbing the pre-activations; added there it is a mitigation of a small rate, and
noise on the gradient "would also serve as a mitigation strategy for our particular data distribution".

Hypothesis: at S's rate, with noise of the level that L-S has in its pre-activations before it anneals, annealed to nothing at
tau = 700, for each of three placements (pre-activations of each example, pre-activations shared over the batch, gradient)

1. *Order.* P is learnt first, as under L-S, where S alone learns Q first.
2. *Error.* The error on P at the end is below that of S alone.

The other placements (after the activation; on iterates, not kept), and constant noise, stand in the table and are not judged:
the authors say nothing of them. Noise on iterates that is kept is, at a constant rate and matched, noise on the gradient: the
same run.

Statistic, at finite width: over seeds of which L-S learns P first and S learns Q first at level 0.45, in how many the arm
learns P first, and in how many its exact error on P at tau = 1200 is below that of S on the same data.

Decision. Six parts (two for each of three placements), each: the exact interval of the share at level 1 - 0.05/6 lies above
1/2: supported; below: refuted; else undecided. The limit stands beside it where it has an equation, and decides nothing.

Fixed before the first stored result. Known by then: L-S and S without placed noise on one seed (L-S anneals at about 660 at
finite width, 820 in the limit), from which tau = 700 and the end 1200 were chosen; and the cost of a run.

Runs of the default size: m_V = 2000, seeds 300 to 313. They replace m_V = 1000 and seeds 0 to 7, which left all six parts
undecided: 5 of 8 data sets had something to restore, and on all 5 all parts held. small_rate.py says how the runs were
chosen; this study is the narrowest of the three since noise of each example's own costs m_V normals an example at each step,
half of all seconds even so. By its guess the share 5/8 becomes 0.67 at m_V = 2000; if an arm then shows a part with
probability 0.98, the rule supports it with probability 0.73 (0.62 with 12 seeds at m_V = 3000, 0.41 with 10 at 4000, for the
same seconds). Of 14 data sets it asks for 13, of 12 for 11, of 8 for all. A seed costs 56 s of one processor. Committed
before any run on the new seeds.

Repeated on 15 data sets of their own, seeds 3000 to 3014, by the same rule. Every part has power above 0.96 at a true share of
0.95. Committed before their first run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from theory_sim.studies.engines import BOTH, FINITE, get_rows, sweep_both
from theory_sim.studies.groups import Row
from theory_sim.studies.noise_placement.figure import plot
from theory_sim.studies.registry import register
from theory_sim.studies.small_rate import NEVER, arm_rows, judge_arm, make_base
from theory_sim.studies.study import PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.train.noise import matched_level

if TYPE_CHECKING:
    import pandas

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 6
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(300, 314), "full": range(300, 340)}
_ANNEALED: Final = 700.0
_PLACEMENTS: Final = ("pre-activations", "pre-activations-shared", "iterates-transient", "activations", "gradient")
_JUDGED: Final = ("pre-activations", "pre-activations-shared", "gradient")


def _plan(size: Size) -> Mapping[str, Sweep]:
    base, seeds = make_base(size, default=2000, full=10_000), tuple(_SEEDS[size])
    annealed = 120.0 if size == "small" else _ANNEALED

    def arm(placement: str) -> Sweep:
        level = matched_level(placement, base.tau_0_value, rate=base.eta_2, lambda_=base.lambda_)
        noisy = base.replace(noise_placement=placement, noise_level=level, noise_annealing=annealed)
        block = Product({"noise_annealing": [annealed, NEVER]})
        engines = tuple(engine for engine in BOTH if engine.unsupported(noisy) is None)
        return Sweep(placement, noisy, (block,), ("S",), seeds, engines)

    baseline = sweep_both("baseline", base, ("L-S", "S"), seeds)
    return {"baseline": baseline, **{placement: arm(placement) for placement in _PLACEMENTS}}


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    arms = {name: summary for name, summary in summaries.items() if name != "baseline"}
    rows = arm_rows(summaries["baseline"], arms, ("noise_placement", "noise_level", "noise_annealing"))
    return pandas.DataFrame([_named(row) for row in rows])


def _named(row: Row) -> Row:
    if "noise_annealing" not in row:
        return {**row, "annealed": "no noise"}
    annealing = float(row["noise_annealing"])
    return {**row, "annealed": "never" if annealing >= NEVER else f"tau = {annealing:g}"}


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    finite = get_rows(table, FINITE)
    annealed = finite[~finite["annealed"].isin(("no noise", "never"))]
    findings = [finding for placement in _JUDGED for finding in judge_arm(
        f"annealed noise, placement {placement}", annealed[annealed["noise_placement"] == placement], level=_LEVEL)]
    return StudyVerdict.of(findings, 0.95)


STUDY: Final = register(Study(
    name="noise-placement",
    brief="where to add noise: P first, less error?",
    question="Which placement of noise, matched in pre-activation variance, restores L-S's order and error at S's rate?",
    source="F 25-30",
    statement="Noise on the pre-activations mitigates a small rate; noise on the gradient would too, on this data.",
    hypothesis="At S's rate, annealed noise on pre-activations (own or shared) or gradient: P first, and less error than S.",
    statistic="Of seeds with L-S P first and S Q first: share with P first, and share with an error on P below that of S.",
    rule="Six parts (order and error of three placements): exact interval of the share at level 1 - 0.05/6 against 1/2.",
    limits="One data law, one noise level and annealing time; paired neurons, m_W = 100, m_V = 2000, tau_0 = 100; d = 200, "
           "where the gap in error is small; errors at equal tau, not at equal loss.",
    seconds={"small": 20, "default": 550, "full": 9_000},
    repeated_on=range(3000, 3015),
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    power=tuple(PartPower(f"{placement}, {part}", 14, _LEVEL, "the first edition's size; 15 reach 0.9")
                for placement in _JUDGED for part in ("order", "error")),
))
