"""docs/explanation/closure.md, and the tables beside it, from the table of `closure_experiments` and the closure of today."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tests.limit import closure_experiments as protocol
from tests.limit.closure_experiments import LEVEL, TIMES, Row, experiments
from tests.result_table import csv_text
from theory_sim.closure.of_experiment import get_closure
from theory_sim.theory.closure.accuracy import Accuracy
from theory_sim.theory.crossings import learning_time
from theory_sim.theory.overlap import P_error

LOSSES = ("loss_P", "loss_Q", "loss_both")


@dataclass(frozen=True)
class Comparison:
    """One number of the closure against the limit's mean over data sets.

    ``quantity`` is "tau_P", "tau_Q", "P_error" or "loss"; ``at`` the kind of the loss, and the time in units of d. ``error`` is
    the mean's standard error: relative for times and P errors, whose mean is geometric, absolute for losses. ``learnt`` counts
    the data sets behind a learning time; ``closure`` and ``limit`` are infinite where it is not learnt.
    """

    experiment: str
    schedule: str
    quantity: str
    at: str
    closure: float
    limit: float
    error: float
    learnt: int

    @property
    def judged(self) -> bool:
        """Whether there is a difference to speak of: all data sets learn, or it is no time."""
        return self.learnt == protocol.DATA_SETS and math.isfinite(self.closure)

    @property
    def off(self) -> float:
        """log(closure / limit), or closure - limit of a loss."""
        return self.closure - self.limit if self.quantity == "loss" else math.log(self.closure / self.limit)

    @property
    def contradicts(self) -> bool:
        """Whether one learns and the other does not, on all data sets."""
        return self.quantity.startswith("tau") and math.isfinite(self.closure) != (self.learnt > 0) and (
            self.learnt in (0, protocol.DATA_SETS))  # fmt: skip


@cache
def predictions() -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """The closure's own course of every experiment and schedule: times, and values at TIMES."""
    found = {}
    for e in experiments():
        for schedule in protocol.SCHEDULES:
            course = get_closure(e, schedule)
            at = np.array(TIMES) * e.d
            values = {name: np.interp(at, course.tau, getattr(course, name)) for name in LOSSES}
            values["P_error"] = np.asarray(P_error(np.interp(at, course.tau, np.nan_to_num(course.overlap)), e.g0))
            for kind in "PQ":
                values[f"tau_{kind}"] = np.array(learning_time(course.tau, getattr(course, f"loss_{kind}"), LEVEL))
            found[e.name, schedule] = values
    return found


def comparisons(rows: Sequence[Row]) -> list[Comparison]:
    """Every number that the protocol names."""
    found = []
    for (name, schedule), told in predictions().items():
        runs = [row for row in rows if (row.experiment, row.schedule) == (name, schedule)]
        for kind in "PQ":
            times = np.array([getattr(row, f"tau_{kind}") for row in runs])
            known = times[np.isfinite(times)]
            mean, error = (float(known.mean()), _error(known) / float(known.mean())) if len(known) > 1 else (math.inf, math.nan)
            found.append(Comparison(name, schedule, f"tau_{kind}", "", float(told[f"tau_{kind}"]), mean, error, len(known)))
        for index, time in enumerate(TIMES):
            logs = np.log([row.P_error[index] for row in runs])
            found.append(Comparison(name, schedule, "P_error", f"{time:g} d", float(told["P_error"][index]),
                                    math.exp(float(logs.mean())), _error(logs), len(runs)))  # fmt: skip
            for loss in LOSSES:
                values = np.array([getattr(row, loss)[index] for row in runs])
                found.append(Comparison(name, schedule, "loss", f"{loss[5:]}, {time:g} d", float(told[loss][index]),
                                        float(values.mean()), _error(values), len(runs)))  # fmt: skip
    return found


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def accuracy(found: Sequence[Comparison], quantity: str) -> Accuracy:
    """Largest and median error of a quantity, as the package states it."""
    judged = [each for each in found if each.quantity == quantity and each.judged]
    off, errors = np.abs([each.off for each in judged]), np.array([each.error for each in judged])
    if quantity != "loss":
        off = np.expm1(off)
    digits = 3 if quantity == "loss" else 2

    def up(value: float) -> float:
        return math.ceil(value * 10**digits * (1 - 1e-9)) / 10**digits

    return Accuracy(up(off.max()), up(float(np.median(off))), up(float(np.median(errors))), len(judged))


def page(rows: Sequence[Row]) -> str:
    """docs/explanation/closure.md."""
    found = comparisons(rows)
    return "\n".join([_head(found), _where(found), _LISTS, _LAW])


def tables(rows: Sequence[Row]) -> dict[str, str]:
    """Every comparison and every experiment, as CSV, by the name of the file."""
    found = comparisons(rows)
    return {"closure_times.csv": _times(found), "closure_errors.csv": _errors(found), "closure_experiments.csv": _experiments()}


def _head(found: Sequence[Comparison]) -> str:
    mixed = [each for each in found if each.quantity.startswith("tau") and 0 < each.learnt < protocol.DATA_SETS]
    never = [each for each in found if each.quantity.startswith("tau") and each.learnt == 0 and not math.isfinite(each.closure)]
    contradicting = [each for each in found if each.contradicts]
    names = {"tau_P": "learning time of P", "tau_Q": "learning time of Q", "P_error": "error on fresh P examples",
             "loss": "training loss of a kind, nats"}  # fmt: skip
    timed = accuracy(found, "tau_P").count + accuracy(found, "tau_Q").count
    cells = []
    for quantity, name in names.items():
        of = accuracy(found, quantity)
        sizes = [f"{value:.3f}" if quantity == "loss" else f"{100 * value:.0f} %" for value in
                 (of.median, of.worst, of.standard_error)]  # fmt: skip
        cells.append([name, str(of.count), _bias(found, quantity), *sizes])
    return f"""# The closure against the limit

How near is the closure to what it approximates? This page compares it with the limit on {protocol.COUNT} fresh
experiments, each under S and L-S on {protocol.DATA_SETS} data sets. Their law, the quantities and the statistic were written
down before any of them was run, and no part of the closure was chosen by looking at them.

{_table(["quantity", "compared", "closure against limit", "median error", "largest error", "s.e. of the limit's mean"], cells)}
Errors are of the closure against the limit's mean over data sets. The last column, a median, is what {protocol.DATA_SETS}
data sets leave uncertain in that mean: it is a part of the two before it, and most of them. The third column has the bias:
mean of closure over limit (geometric; difference for losses) over experiments, with its standard error over experiments.
Learning times are at loss {LEVEL:g}. Errors on fresh P examples and losses are at τ = d, 2 d, 4 d and 8 d; the mean of P
errors is geometric, since those of single data sets differ by a factor.

Of {2 * 2 * protocol.COUNT} learning times, {timed} are reached by the closure and on every data set. {len(never)} are
reached by neither and {len(contradicting)} by one of the two alone. On {len(mixed)} some data sets learn and others do not;
their means are over those that do, and nothing is judged. In the table such means are of learners only.

`theory-sim run --engine closure` prints the largest errors with its predictions, and so does `proofs-check check --verbose`
where it predicts by the closure.
`python -m tests.limit.closure_experiments` simulates what the table beside this page, `closure.csv`, does not have, and writes
the page; without the table, everything.
"""


def _bias(found: Sequence[Comparison], quantity: str) -> str:
    """Mean over experiments, each with the mean of its own comparisons, and its standard error."""
    judged = [each for each in found if each.quantity == quantity and each.judged]
    means = np.array([np.mean([each.off for each in judged if each.experiment == name]) for name in
                      dict.fromkeys(each.experiment for each in judged)])  # fmt: skip
    mean, error = float(means.mean()), float(means.std(ddof=1) / math.sqrt(len(means)))
    return f"{mean:+.4f} ± {error:.4f}" if quantity == "loss" else f"{math.exp(mean):.3f} ± {math.exp(mean) * error:.3f}"


def _where(found: Sequence[Comparison]) -> str:
    small = {e.name for e in experiments() if e.d < 120}
    cells = []
    for label, inside in (("d below 120", lambda each: each.experiment in small), ("d from 120 on", lambda each: each.experiment
                          not in small)):  # fmt: skip
        for time in TIMES:
            off = [each for each in found if each.quantity == "P_error" and each.at == f"{time:g} d" and inside(each)]
            ratios = np.array([each.off for each in off])
            cells.append([label, f"{time:g} d", str(len(off)), f"{math.exp(float(ratios.mean())):.3f}",
                          f"{math.exp(float(ratios.min())):.2f} to {math.exp(float(ratios.max())):.2f}"])  # fmt: skip
    return f"""## Where it is worst

Error on fresh P examples, closure over limit: geometric mean over experiments, and the range.

{_table(["experiments", "τ", "compared", "closure / limit", "range"], cells)}
The largest factors are at small d and where errors are tiny: there the error of one data set is far from the next one's, and
eight of them leave a large uncertainty (the list has each). What the closure itself leaves out grows in two directions.
At small d, terms of order 1/d: the overlap's $c^2/(1-c^2)$ is 0.2 to 0.9/d low
on [two laws](mean_field.md). At late times the reaction, which each kind gives with one mean slope:
at τ = 100 d, far beyond the times measured here, the
prototype had P errors 16 % off. Blocks of time are of 2 d and of 0.1/λ at most, up to
runs of 1000 d and of 50/λ. What the blocks leave out at the end of such a run, found by shorter ones at λd from 0.05 to 0.4,
is 0.1 % of losses and 2 % of P errors. A longer run says that its end may be off.
"""


def _times(found: Sequence[Comparison]) -> str:
    cells = []
    for each in found:
        if each.quantity.startswith("tau"):
            limit = f"{each.limit:.0f} ± {each.error * each.limit:.0f}" if each.learnt > 1 else "-"
            ratio = f"{each.closure / each.limit:.3f}" if each.judged else ""
            told = f"{each.closure:.0f}" if math.isfinite(each.closure) else "not learnt"
            learnt = f"{each.learnt} of {protocol.DATA_SETS}"
            cells.append([each.experiment, each.schedule, each.quantity[4:], told, limit, learnt, ratio])
    names = ["experiment", "schedule", "kind", "closure", "limit (mean ± s.e.)", "learnt on", "closure / limit"]
    return csv_text(names, cells)


def _errors(found: Sequence[Comparison]) -> str:
    cells = [[each.experiment, each.schedule, each.at, f"{each.closure:.3g}", f"{each.limit:.3g} ± {100 * each.error:.0f} %",
              f"{each.closure / each.limit:.2f}"] for each in found if each.quantity == "P_error"]  # fmt: skip
    names = ["experiment", "schedule", "τ", "closure", "limit (geometric mean ± s.e.)", "closure / limit"]
    return csv_text(names, cells)


_LISTS = """## Every number

- [Learning times](closure_times.csv): predicted, simulated with the standard error of the mean, and how many data sets learn.
- [Errors on fresh P examples](closure_errors.csv), at the four times.
- [The experiments](closure_experiments.csv).
- [The simulations](closure.csv) that all of it is made of: a row a data set.
"""


def _experiments() -> str:
    names = ("name", "d", "n_examples", "p0", "q0", "g0", "r", "alpha_min", "lambda_", "eta_1", "eta_2")
    cells = [[f"{v:g}" if isinstance(v := getattr(e, name), float) else str(v) for name in names] for e in experiments()]
    heads = ["experiment", "d", "N", "p0", "q0", "g0", "r", "alpha_min", "lambda", "eta_1", "eta_2"]
    return csv_text(heads, cells)


_LAW = f"""## The experiments

Drawn from seed {protocol.SEED}, all apart: d log-uniform on 60 to 300, kappa uniform on 0.35 to 0.75, p0 = kappa²/2 times a
log-uniform factor of 0.5 to 1.5, q0 uniform on 0.1 to 0.55, g0 on 0.5 to 1.5, eta_1 on 8 to 20, r log-uniform on 0.2 to 1,
lambda on 3e-5 to 2e-3, alpha_min one of 0, 0.25, 0.5, 0.75; eta_2 gives 800 to 2400 steps, log-uniform, by max_tau = 8 d.
The noise starts at the stable level of eta_1. No draw is repeated or left out.
"""


def _table(names: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    return "".join("| " + " | ".join(line) + " |\n" for line in [names, ["---"] * len(names), *cells])
