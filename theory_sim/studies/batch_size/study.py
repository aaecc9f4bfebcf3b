"""Mini-batches without injected noise, over rate and batch size [F 5-9].

Question: is the effect of small batches the same as that of a large rate?

Statement of the authors: a small batch acts as a large learning rate does, since "the scale of SGD's noise" grows with the rate
and falls with the batch size. What this implies is judged: runs of one noise scale g = eta (N/B - 1) (THEORY §12) are alike,
in error and in order, and a small batch at a small rate does what a large rate does.

Hypothesis, in six parts, without injected noise, at constant rates eta, N = 800, at finite width. *Order*: which of P and Q is
first below 0.50 nats.

1. *Errors collapse.* At g = 800 the error on P at tau = 700 is the same under rates 4 and 16, within a factor 1.5.
2. *g sets them.* At rate 16 the error at g = 800 is more than twice that of full batches (g = 0).
3. *Orders collapse.* At g = 800 the order is the same under rates 4 and 16.
4. *A small batch is a large rate.* At rate 4 batches of one (g = 3196) learn P first, and full batches Q first.
5. *The rate alone.* Full batches at rate 48 learn P first, and at rate 4 Q first: no batch's noise is needed.
6. *Where it stops.* At g = 800 the order under rate 48 is another than under rate 4.

The largest stable rate is about 63 here (so it was thought before the runs: it is 34, and rate 48 is above it). Learning
times follow the injected noise of the other studies through moving patterns; a batch moves the patterns of a wide network
little, so that part 4 is a real question, and 5 and 6 ask for another way.

Runs. Data and rates of the preset quick without its noise, m_W = 100, m_V = 4000 paired neurons, tau_0 = 10, to tau = 700,
batches without replacement. Beside these, not judged: the same from tau_0 = 3, less far into the lazy regime, and g = 100.

Statistic. Parts 1 and 2: mean over seeds of the logarithm of the ratio, with Student's interval. The others: on how many data
sets they are so.

Decision. Six parts, together at 95 %, each at level 1 - 0.05/6: supported if the interval lies in the range (1: within
log 1.5 of 0; 2: above log 2), or above 1/2 for a share; refuted if it lies outside, or below; else undecided. With 15 data
sets a share asks for 13; it is decided with probability 0.964 at a true share of 0.95, 0.398 at 0.8.

Chosen from runs on seeds 9001 and 9002, which no size uses: rates, batch sizes, widths, the level and the end. There errors
were alike at equal g under rates 4 and 16 (0.0061 and 0.0070 at g = 800, 0.0005 at g = 0), the order was Q first under
both and P first at rate 48, whatever the batch. Fixed before the first run on the seeds below.

Repeated on 40 data sets of their own, seeds 3000 to 3039, by the same rule. Part 1's spread over data sets was found to be
0.48, for which these 40 have power 0.90. Committed before their first run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.statistics.intervals import mean_interval
from theory_sim.studies.batch_size.figure import plot
from theory_sim.studies.counts import is_order, order_row
from theory_sim.studies.decisions import judge_first, judge_mean
from theory_sim.studies.engines import FINITE
from theory_sim.studies.groups import Row, done_seeds, mean_columns
from theory_sim.studies.registry import register
from theory_sim.studies.study import PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 6
_READ_AT: Final = 0.50
_SEEDS: Final[Mapping[Size, range]] = {"small": range(1), "default": range(460, 475), "full": range(460, 500)}
_TAU_0: Final = 10.0
_N: Final = 800
# Rate to the noise scales that are aimed at, and the batch size of each; None: all examples.
_BATCHES: Final[Mapping[float, Mapping[int, int | None]]] = {
    4.0: {0: None, 100: 31, 800: 4, 3200: 1},
    16.0: {0: None, 100: 110, 800: 16, 3200: 4},
    48.0: {0: None, 100: 259, 800: 45},
}


def _name(rate: float, g: int) -> str:
    return f"rate-{rate:g}-g-{g}"


def _plan(size: Size) -> Mapping[str, Sweep]:
    base = Experiment.preset("quick").replace(N=_N, tau_xi=0.0, tau_0=_TAU_0, m_W=100, m_V=4000, schedule="constant",
                                              max_tau=700.0, record_every=10.0, n_test=10)
    if size == "small":
        base = base.replace(d=40, m_W=20, m_V=100, max_tau=96.0)
    if size == "full":
        base = base.replace(m_V=40_000)
    levels, seeds = Product({"tau_0": [3.0, _TAU_0]}), tuple(_SEEDS[size])
    return {_name(rate, g): Sweep(_name(rate, g), base.replace(eta_1=rate, batch_size=batch), (levels,), ("constant",), seeds)
            for rate, batches in _BATCHES.items() for g, batch in batches.items()}


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    rows = []
    tau_0s = next(iter(summaries.values())).dataset["tau_0"].values.tolist()
    for tau_0 in tau_0s:
        runs = {name: each.dataset.isel(engine=0, schedule=0).sel(tau_0=tau_0) for name, each in summaries.items()}
        for rate, batches in _BATCHES.items():
            for g, batch in batches.items():
                at = runs[_name(rate, g)]
                row: Row = {"tau_0": tau_0, "eta": rate, "g": g, "B": _N if batch is None else batch, "engine": FINITE.label,
                            "exact g": rate * (_N / batch - 1) if batch else 0.0, **order_row(at, _READ_AT)}
                kept = at.isel(seed=done_seeds(at))
                row |= mean_columns("P error", kept["P_error"].values, least=0.0)
                row |= mean_columns("Q loss at end", kept["loss_train"].sel(kind="Q-only").values, least=0.0)
                row |= _against(at, runs[_name(rate, 0)], "full batches") | _against(at, runs[_name(4.0, g)], "rate 4")
                row |= _flip(at, runs[_name(4.0, 0)])
                rows.append(row)
    return pandas.DataFrame(rows)


def _against(runs: xarray.Dataset, other: xarray.Dataset, name: str) -> Row:
    """Log ratio of errors on the same data, and on how many the order is the same."""
    kept = done_seeds(runs, other)
    one, two = runs.isel(seed=kept), other.isel(seed=kept)
    logs = np.log(one["P_error"].values / two["P_error"].values)
    found = mean_interval(logs.tolist() if np.isfinite(logs).all() else [], _LEVEL)
    low, high = (found.low, found.high) if found.n > 1 else (math.nan, math.nan)
    p_first, q_first = ([is_order(each, order, _READ_AT) for each in (one, two)] for order in ("P first", "Q first"))
    same = (p_first[0] & p_first[1]) | (q_first[0] & q_first[1])
    other_way = (p_first[0] & q_first[1]) | (q_first[0] & p_first[1])
    what = f"log error / {name}"
    return {what: found.value, f"{what} low": low, f"{what} high": high, f"sets with {name}": len(kept),
            f"order as {name}": int(same.sum()), f"order not as {name}": int(other_way.sum())}


def _flip(runs: xarray.Dataset, reference: xarray.Dataset) -> Row:
    """Data sets on which these learn P first, and full batches at rate 4 Q first."""
    kept = done_seeds(runs, reference)
    one, other = runs.isel(seed=kept), reference.isel(seed=kept)
    return {"sets": len(kept), "flips": int((is_order(one, "P first", _READ_AT) & is_order(other, "Q first", _READ_AT)).sum())}


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    lazy = table[table["tau_0"] == _TAU_0]

    def at(rate: float, g: int) -> pandas.DataFrame:
        return lazy[(lazy["eta"] == rate) & (lazy["g"] == g)]

    near = math.log(1.5)
    return StudyVerdict.of([
        judge_mean("at g = 800 rates 4 and 16 have the same error on P within a factor 1.5", at(16.0, 800),
                   "log error / rate 4", level=_LEVEL, least=-near, most=near),
        judge_mean("at rate 16 the error at g = 800 is more than twice that of full batches", at(16.0, 800),
                   "log error / full batches", level=_LEVEL, least=math.log(2.0)),
        judge_first("at g = 800 rates 4 and 16 have the same order", at(16.0, 800), "order as rate 4", "sets with rate 4",
                    level=_LEVEL, what="data sets"),
        judge_first("at rate 4 batches of one learn P first and full batches Q first", at(4.0, 3200), "flips", "sets",
                    level=_LEVEL, what="data sets"),
        judge_first("full batches learn P first at rate 48 and Q first at rate 4", at(48.0, 0), "flips", "sets", level=_LEVEL,
                    what="data sets"),
        judge_first("at g = 800 the order at rate 48 is another than at rate 4", at(48.0, 800), "order not as rate 4",
                    "sets with rate 4", level=_LEVEL, what="data sets"),
    ], 0.95)


STUDY: Final = register(Study(
    name="batch-size",
    brief="small batches against a large rate",
    question="Do small batches do what a large rate does, and does the noise scale g = eta (N/B - 1) say all?",
    source="F 5-9",
    statement="A small batch acts as a large learning rate does: both raise the scale of SGD's noise.",
    hypothesis="At equal g errors on P and orders are the same under rates 4 and 16; g sets the error; batches of one give the "
               "large rate's order; near the largest stable rate the rate alone decides the order, and g no longer does.",
    statistic="Mean log ratios of errors on P at tau = 700, and data sets with an order (level 0.50); finite width.",
    rule="Six parts at level 1 - 0.05/6: Student's interval against log 1.5 or log 2, exact interval of a share against 1/2.",
    limits="No injected noise; paired neurons, m_W = 100, m_V = 4000, tau_0 = 10, where a batch moves few patterns; d = 200; "
           "constant rates, no momentum, batches without replacement; tau to 700.",
    seconds={"small": 15, "default": 60, "full": 600},
    repeated_on=range(3000, 3040),
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    power=(PartPower("errors collapse", why="a mean: with a spread of 0.3 a ratio of 1.1 is told from 1.5 with probability "
                                            "0.80, with a spread of 0.2 with 0.99"),
           PartPower("g sets them", why="a mean: with a spread of 0.3 a ratio of 4 is told from 2 with probability over 0.99"),
           *(PartPower(part, 15, _LEVEL)
             for part in ("orders collapse", "a small batch is a large rate", "the rate alone", "where it stops"))),
))
