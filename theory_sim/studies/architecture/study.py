"""Other networks than the split one of the theorem: shared filters, width, both layers trained [THEORY §2, §7, D].

Question: does the learning order rest on the network that the theorem is about?

Statement. The paper proves its theorem for a network with filters of its own for each patch and a fixed second layer, and has
a shared filter bank, a convolution, as an extension (THEORY §2). What this project's theory implies for others is judged:
filters may be shared, also where z has a component along w*; a width that the lazy regime asks for is enough; a narrower
network, and one whose second layer is trained at the same rate, lose the order.

Why the last. In this parametrisation, u of size 1/sqrt(m) and weights of level tau, the second layer's kernel is m tau^2 times
kappa_1, and m tau^2 is large where the network is lazy: with both layers trained at one rate the second learns. kappa_1 has no
kink at the angle r between z and z +- zeta: Q's direction is learnt like r^3 there, like r with the first layer. And the level
of the features matters: where the noise falls at the small rate, they shrink over 1/lambda. So Q should come late, if at all,
at the small rate, too.

A network *works* on a data set if L-S learns P first and Q by the end, and S learns Q first, at level 0.45.

Hypothesis, in eleven parts:

1.-5. *Works.* The split network and the shared one, in the limit and at finite width, and the shared one with <w*, z> = 0.5 in
the limit, work.
6.-8. *Error.* In the limit, split, shared, and shared with <w*, z> = 0.5: where it works S's error on P is above L-S's, at the
smallest listed training loss that both reach.
9. *Control.* With shared filters in the limit the large rate that is never annealed does not learn P first and Q by the end.
10. *Narrow.* A split network with sqrt(m_V) tau_0 a thirtieth of the wide one's, far from the lazy regime (q = 1.5), does not
work.
11. *Second layer.* A split network with both layers trained does not work.

Runs. d = 100, N = 400, q_0 = 0.3, r = 0.55, lambda = 1.6e-3, as the study `scaling` has them there; rates 16 and 1, stationary
noise of level tau_0 = 10, paired neurons, to tau = 800. Finite: m_W = 200 and m_V = 1000, shared filters m = 1000; narrow:
m_V = 100 and tau_0 = 1. Both layers trained: m_W = m_V = 1000, tau_0 = 0.3, in the clock of the second layer, which runs
m tau_0^2 = 90 times as fast: rates 8/90 and 0.5/90, decay 90 lambda, so that noise moves patterns as it does elsewhere, and
times are given times 90. (Its largest stable rate is lower, by kappa_1(0) in place of 0, so that both rates are halved.)

Statistic. Over seeds: on how many data sets each part is so. Errors over the course stand in the table; they are of the first
layer's signal (THEORY §10), so that there are none with both layers trained.

Decision. Eleven parts, together at 95 %: each by the exact interval of the share at level 1 - 0.05/11 against 1/2: above (9 to
11: below), supported; on the other side, refuted; else undecided.

Power: with 16 data sets a part asks for 14, and is decided with probability 0.957 at a true share of 0.95, 0.352 at 0.8; parts
6 to 9 are of the data sets on which the network works, and have less power if that is not on all.

Chosen from runs on seed 9001, which no size uses: the end, 800 in place of 600, as Q was learnt at 567 under L-S with the
overlap. There the five networks of parts 1 to 5 worked, S's error was above L-S's in the limit but for the overlap (0.0080
against 0.0085, at equal tau), the narrow network learnt Q under neither rate, and with both layers trained neither learnt Q in
four times the time, nor S P. Fixed before the first run on the seeds below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.studies.architecture.figure import plot
from theory_sim.studies.decisions import judge_first
from theory_sim.studies.engines import FINITE, LIMIT
from theory_sim.studies.groups import Row
from theory_sim.studies.over_time import course_metrics, course_rows
from theory_sim.studies.registry import register
from theory_sim.studies.study import Finding, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep

if TYPE_CHECKING:
    import pandas

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 11
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(600, 616), "full": range(600, 640)}
_SCHEDULES: Final = ("L-S", "S", "constant")
_CONSTANT: Final = "constant large rate"
_SPLIT, _SHARED, _OVERLAP = "split", "shared", "shared, overlap 0.5"
_FINITE, _SHARED_FINITE, _NARROW, _BOTH = "split, finite", "shared, finite", "narrow", "both layers"
_WORK: Final = (_SPLIT, _SHARED, _OVERLAP, _FINITE, _SHARED_FINITE)
_IN_LIMIT: Final = (_SPLIT, _SHARED, _OVERLAP)
_LARGE, _SMALL, _LAMBDA, _TAU_0 = 16.0, 1.0, 1.6e-3, 10.0


def _noise(level: float, rate: float, lambda_: float) -> float:
    """tau_xi with this stationary level (THEORY §5), for small rate x lambda."""
    return float(f"{level * math.sqrt(2.0 * lambda_ / rate):.6g}")


def _networks(size: Size) -> Mapping[str, tuple[Engine, Experiment, float]]:
    """Engine and experiment of each network, and how many times faster than the others' its clock runs."""
    base = Experiment(d=100, q0=0.3, r=0.55, lambda_=_LAMBDA, eta_1=_LARGE, eta_2=_SMALL, epsilon_1=0.23, tau_0=_TAU_0,
                      tau_xi=_noise(_TAU_0, _LARGE, _LAMBDA), m_W=200, m_V=1000, max_tau=800.0, record_every=20.0, n_test=10)
    if size == "small":
        base = base.replace(d=20, m_W=20, m_V=60, max_tau=80.0, record_every=10.0)
    if size == "full":
        base = base.replace(m_W=400, m_V=20_000)
    many = {"small": 40, "default": 1000, "full": 4000}[size]
    level, both = 0.3, 20 if size == "small" else 1000
    clock = both * level**2
    return {
        _SPLIT: (LIMIT, base, 1.0),
        _SHARED: (LIMIT, base.replace(network="shared"), 1.0),
        _OVERLAP: (LIMIT, base.replace(network="shared", overlap_z=0.5), 1.0),
        _FINITE: (FINITE, base, 1.0),
        _SHARED_FINITE: (FINITE, base.replace(network="shared", m_W=many), 1.0),
        _NARROW: (FINITE, base.replace(m_V=100, tau_0=1.0, tau_xi=_noise(1.0, _LARGE, _LAMBDA)), 1.0),
        _BOTH: (FINITE, base.replace(
            train_second_layer=True, m_W=both, m_V=both, tau_0=level, eta_1=0.5 * _LARGE / clock, eta_2=0.5 * _SMALL / clock,
            lambda_=_LAMBDA * clock, tau_xi=_noise(level, 0.5 * _LARGE / clock, _LAMBDA * clock),
            max_tau=base.max_tau / clock, record_every=base.record_every / clock), clock),
    }


def _plan(size: Size) -> Mapping[str, Sweep]:
    return {_name(network): Sweep(_name(network), e, (), _SCHEDULES, tuple(_SEEDS[size]), (engine,))
            for network, (engine, e, _) in _networks(size).items()}


def _name(network: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in network.replace(", ", "-"))


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    longest = max(summary.sweep.experiment.max_tau for summary in summaries.values())
    rows: list[Row] = []
    for network, (engine, _, _) in _networks("default").items():
        summary = summaries[_name(network)]
        e, runs = summary.sweep.experiment, summary.dataset.isel(engine=0)
        groups = {_CONSTANT if schedule == "constant" else schedule: runs.sel(schedule=schedule) for schedule in _SCHEDULES}
        clock = e.m_W * e.tau_0_value**2 if e.train_second_layer else 1.0
        for row in course_rows(groups, longest):
            rows.append({"network": network, "engine": engine.label, **_in_clock(row, clock, errors=not e.train_second_layer)})
    return pandas.DataFrame(rows)


def _in_clock(row: Row, clock: float, *, errors: bool) -> Row:
    """Learning times in the others' clock; without errors where the signal of the first layer is not all that is learnt."""
    found: Row = {}
    for name, value in row.items():
        if name.removesuffix(" low").removesuffix(" high") in ("tau_P", "tau_Q"):
            value = float(value) * clock
        if not errors and "error" in name:
            value = math.nan
        found[name] = value
    return found


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    def judge(says: str, network: str, arm: str, count: str, n: str, *, above: bool = True) -> Finding:
        rows = table[(table["network"] == network) & (table["arm"] == arm)]
        return judge_first(f"{network}: {says}", rows, count, n, level=_LEVEL, expect="above" if above else "below",
                           what="data sets")

    works = "L-S learns P first and Q by the end, S learns Q first"
    findings = [judge(works, network, "L-S", "restorable", "n") for network in _WORK]
    findings += [judge("S's error on P is above L-S's at equal training loss", network, "L-S", "better at equal loss",
                       "comparable") for network in _IN_LIMIT]
    findings.append(judge("the large rate that is never annealed does not do it", _SHARED, _CONSTANT, "works", "restorable",
                          above=False))
    findings += [judge("the order is lost", network, "L-S", "restorable", "n", above=False) for network in (_NARROW, _BOTH)]
    return StudyVerdict.of(findings, 0.95)


STUDY: Final = register(Study(
    name="architecture",
    brief="shared filters, width, both layers trained",
    question="Does the learning order rest on the network that the theorem is about?",
    source="D, THEORY 2 and 7",
    statement="The order does not rest on filters of each patch's own: it is there with shared filters. A narrow network, and "
              "one whose second layer is trained at the same rate, lose it.",
    hypothesis="Split and shared, in the limit and at finite width, and shared with <w*, z> = 0.5: P first and Q by the end "
               "under L-S, Q first under S; in the limit S errs more on P at equal loss; not without annealing, not far from "
               "the lazy regime, not with both layers trained.",
    statistic="Data sets on which each part is so, at level 0.45.",
    rule="Eleven parts: exact interval of the share at level 1 - 0.05/11 against 1/2; of the last three it is to lie below.",
    limits="One data law, d = 100, alpha on [1/2, 1]; paired neurons; one overlap, one narrow network, one level of that with "
           "both layers trained, whose second layer has no noise of its own.",
    seconds={"small": 15, "default": 300, "full": 3_000},
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot, metrics=course_metrics(),
    power=tuple(PartPower(part, 16, _LEVEL) for part in (
        *(f"{network}, works" for network in _WORK), *(f"{network}, error" for network in _IN_LIMIT), "control, shared",
        "narrow", "both layers")),
))
