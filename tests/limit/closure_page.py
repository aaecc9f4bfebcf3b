"""docs/closure.md from the table of `closure_experiments` and the closure of today."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tests.limit import closure_experiments as protocol
from tests.limit.closure_experiments import LEVEL, TIMES, Row, experiments
from theory_sim.limit.closure import closure_of
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
            course = closure_of(e, schedule)
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
