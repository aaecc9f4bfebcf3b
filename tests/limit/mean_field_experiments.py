"""The closure against the mean field, and the mean field's intervals against data sets: both laws fixed before any result.

``python -m tests.limit.mean_field_experiments`` computes what mean_field_closure.csv and mean_field_fresh.csv of
docs/explanation lack, and prints what follows from them.

Closure
    200 experiments from the law of `closure_experiments` with a seed of its own, S and L-S in turn. Learning times at 0.45, and
    P errors at tau = d, 2 d, 4 d and 8 d, closure over mean field. Targets: 1 % of learning times, 10 % of P errors.
Fresh
    30 experiments of that law with another seed and d log-uniform on 100 to 400, S and L-S in turn, one data set each in the
    limit in steps, with fresh examples. Its learning times and P errors at tau = d and 8 d are in the interval of 95 % that
    `predicted_intervals` gives, or are a miss.
Amended
    After the first results, since the mean field counts d - 1 directions across w*, as the closure does: its numbers were
    computed again, and those of the data sets were not.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.limit.closure_experiments import LEVEL, TIMES, drawn
from tests.result_table import read_table, write_table
from theory_sim import Experiment, simulate
from theory_sim.closure.mean_field.scatter import Interval, predicted_intervals
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.closure.of_experiment import get_closure
from theory_sim.theory.closure import Closure
from theory_sim.theory.crossings import learning_time
from theory_sim.theory.overlap import P_error

DOCS = Path(__file__).parents[2] / "docs" / "explanation"
OF_CLOSURE, OF_FRESH = DOCS / "mean_field_closure.csv", DOCS / "mean_field_fresh.csv"
COUNTS, SEEDS = (200, 30), (20261127, 20261128)
FRESH_TIMES = (1.0, 8.0)


def experiments(which: int) -> list[Experiment]:
    """Those of the closure (0) or the fresh ones (1)."""
    found = drawn(COUNTS[which], SEEDS[which], (60, 300) if which == 0 else (100, 400))
    name = ("pair", "single")[which]
    return [e.replace(name=f"{name}-{n}", schedule=("S", "L-S")[n % 2]) for n, e in enumerate(found)]


@dataclass(frozen=True)
class Row:
    """One experiment: learning times of P and Q, and P errors at the times of its table; infinite where not learnt."""

    experiment: str
    schedule: str
    tau_P: tuple[float, ...]
    tau_Q: tuple[float, ...]
    P_error: tuple[float, ...]


def _digits(values: list[float]) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def _of_course(e: Experiment, course: Closure) -> tuple[float, float, list[float]]:
    times = [float(learning_time(course.tau, getattr(course, f"loss_{kind}"), LEVEL)) for kind in "PQ"]
    overlap = np.interp(np.array(TIMES) * e.d, course.tau, np.nan_to_num(course.overlap))
    return times[0], times[1], np.asarray(P_error(overlap, e.g0)).tolist()


def against_closure(e: Experiment) -> Row:
    """Closure, then mean field, of each quantity."""
    (p, q, errors), (of_p, of_q, of_errors) = _of_course(e, get_closure(e)), _of_course(e, follow_particles(e))
    return Row(e.name, e.schedule, _digits([p, of_p]), _digits([q, of_q]), _digits([*errors, *of_errors]))


def on_one_data_set(e: Experiment) -> Row:
    """The limit's value, then the lower end, the middle and the upper end of the interval; of P errors, time by time."""
    run = simulate(e, "limit", threads=1)
    tau, told = run.dataset["tau"].values, predicted_intervals(e, FRESH_TIMES)
    times = [float(learning_time(tau, run.history("loss_train", kind=kind), LEVEL)) for kind in ("P-only", "Q-only")]
    errors = np.interp(np.array(FRESH_TIMES) * e.d, tau, run.history("P_error")).tolist()

    def cells(value: float, interval: Interval) -> list[float]:
        return [value, interval.low, interval.middle, interval.high]

    of_errors = [number for value, each in zip(errors, told.P_error, strict=True) for number in cells(value, each)]
    of_times = [_digits(cells(value, each)) for value, each in zip(times, (told.tau_P, told.tau_Q), strict=True)]
    return Row(e.name, e.schedule, *of_times, _digits(of_errors))


def load(table: Path) -> list[Row]:
    """Read a table."""
    return [Row(
        cells["experiment"], cells["schedule"],
        *(tuple(map(float, cells[name].split("; "))) for name in ("tau_P", "tau_Q", "P_error")),
    ) for cells in read_table(table)]  # fmt: skip


@dataclass(frozen=True)
class Apart:
    """Distance of the closure from the mean field of one number: |log of their ratio| as a share."""

    experiment: str
    schedule: str
    quantity: str
    share: float


def apart(rows: list[Row]) -> list[Apart]:
    """Of every number that both reach; where one alone reaches it, infinite."""
    found = []
    for row in rows:
        pairs = [("learning time of P", *row.tau_P), ("learning time of Q", *row.tau_Q)]
        half = len(row.P_error) // 2
        pairs += [(f"P error at {t:g} d", row.P_error[i], row.P_error[half + i]) for i, t in enumerate(TIMES)]
        for quantity, one, other in pairs:
            if math.isfinite(one) or math.isfinite(other):
                off = abs(math.log(one / other)) if math.isfinite(one) and math.isfinite(other) else math.inf
                found.append(Apart(row.experiment, row.schedule, quantity, math.expm1(off)))
    return found


@dataclass(frozen=True)
class Judged:
    """One number of a data set and its interval."""

    experiment: str
    schedule: str
    quantity: str
    value: float
    low: float
    middle: float
    high: float

    @property
    def hit(self) -> bool:
        """Whether the value is within; a time that is not reached, if the upper end is not."""
        return self.low <= self.value <= self.high


def judged(rows: list[Row]) -> list[Judged]:
    """Every number that is predicted or reached."""
    found = []
    for row in rows:
        cells = [("learning time of P", row.tau_P), ("learning time of Q", row.tau_Q)]
        cells += [(f"P error at {t:g} d", row.P_error[4 * i : 4 * i + 4]) for i, t in enumerate(FRESH_TIMES)]
        found += [Judged(row.experiment, row.schedule, quantity, *values) for quantity, values in cells
                  if math.isfinite(values[0]) or math.isfinite(values[1])]  # fmt: skip
    return found


def main() -> int:
    """Compute what is missing, then print."""
    for which, (table, one) in enumerate(((OF_CLOSURE, against_closure), (OF_FRESH, on_one_data_set))):
        rows = load(table) if table.exists() else []
        known = {row.experiment for row in rows}
        for number, e in enumerate(experiments(which)):
            if e.name not in known:
                rows.append(one(e))
            if number % 10 == 9:
                write_table(rows, Row, table)
    for each in sorted(apart(load(OF_CLOSURE)), key=lambda found: -found.share)[:20]:
        sys.stdout.write(f"{each.experiment} {each.schedule} {each.quantity}: {100 * each.share:.2f} %\n")
    for miss in judged(load(OF_FRESH)):
        if not miss.hit:
            sys.stdout.write(f"{miss}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
