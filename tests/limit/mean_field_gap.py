"""The gap in error on P, S over L-S, along the study scaling's family to r d = 10^5, where d is 10^8: the mean field's curve.

``python -m tests.limit.mean_field_gap`` computes what mean_field_gap.csv of docs/explanation lacks, and
mean_field_gap_over_time.csv if it is not there.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tests.result_table import read_table, write_table
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.experiment import Experiment
from theory_sim.studies.scaling.study import experiment_at
from theory_sim.theory.closure import Closure
from theory_sim.theory.overlap import P_error

TABLE = Path(__file__).parents[2] / "docs" / "explanation" / "mean_field_gap.csv"
OVER_TIME = TABLE.with_name("mean_field_gap_over_time.csv")
# r = 0.55 (d / 100)^-a, lambda = 0.0016 (d / 100)^-b: the study's exponents, and the paper's own, which bite at large d alone;
# there with the study's ratio of rates, 1e-4, and with 1e-2 / d, by which S's patterns stay as frozen as they are at d = 100.
EXPONENTS = {"study": (0.45, 1.2), "paper": (0.75, 1.25), "paper, rates too": (0.75, 1.25)}
OF_PAPER = (10_000, 10**5, 10**6, 10**7)
SIZES = (100, 316, 1000, 3162, 10_000, 31_623, 100_000, 10**6, 10**7, 10**8)
FAMILIES = {"study": SIZES, "paper": OF_PAPER, "paper, rates too": (*OF_PAPER, 10**8)}
LAWS = (0.5, 0.0)  # of alpha, uniform from there to 1
TIMES, SIZES_OVER_TIME = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0), (100, 1000, 10_000, 100_000)  # in units of d, and d
# Rates this much smaller, with as much more noise, are gradient flow, in which the study's runs are.
FLOW = 1e-3


@dataclass(frozen=True)
class Row:
    """Errors of S over those of L-S at one d: at tau = 6 d, and at the smallest training loss that both reach; NaN for none."""

    family: str
    alpha_min: float
    d: int
    rd: float
    at_end: float
    at_equal_loss: float
    loss: float
    error_S: float
    error_LS: float


@dataclass(frozen=True)
class Moment:
    """Errors of S over those of L-S at one time, and L-S's, whose rate falls at ``annealed``; times in units of d."""

    alpha_min: float
    d: int
    tau: float
    ratio: float
    error_LS: float
    annealed: float


def experiment(family: str, d: int, alpha_min: float) -> Experiment:
    """The experiment of a family at d, which differs from the study's in r and lambda alone."""
    (a, b), share = EXPONENTS[family], d / 100.0
    e = experiment_at(d, alpha_min)
    eta_2 = e.eta_2 / share if family == "paper, rates too" else e.eta_2
    return e.replace(r=float(f"{0.55 * share**-a:.6g}"), lambda_=float(f"{1.6e-3 * share**-b:.6g}"), eta_2=eta_2)


def in_flow(e: Experiment, schedule: str) -> Experiment:
    """The experiment with rates near 0 and noise of the same strength: gradient flow under noise that it does not change."""
    return e.replace(
        schedule=schedule, eta_1=FLOW * e.eta_1, eta_2=FLOW * e.eta_2, tau_xi=e.tau_xi / math.sqrt(FLOW), tau_0=e.tau_0_value
    )


def log_error_at(course: Closure, errors: np.ndarray, loss: float) -> float:
    """Log of P's error where the training loss first falls to a value."""
    reached = np.flatnonzero(course.loss <= loss)
    if not reached.size or reached[0] == 0:
        return math.nan
    after = int(reached[0])
    share = (course.loss[after - 1] - loss) / (course.loss[after - 1] - course.loss[after])
    return float((1.0 - share) * math.log(errors[after - 1]) + share * math.log(errors[after]))


def gap(family: str, d: int, alpha_min: float, nodes: int = 100, particles: int = 4096, seed: int = 0) -> Row:
    """One point of the curve."""
    e = experiment(family, d, alpha_min)
    # With a ratio of rates of 1e-2 / d steps, of which L-S's are of 16: S's are small enough as they are.
    made = e.replace if family == "paper, rates too" else partial(in_flow, e)
    courses = [follow_particles(made(schedule=schedule), nodes, particles, seed) for schedule in ("S", "L-S")]
    errors = [np.asarray(P_error(np.nan_to_num(course.overlap), e.g0)) for course in courses]
    loss = max(float(course.loss.min()) for course in courses)
    logs = [log_error_at(course, each, loss) for course, each in zip(courses, errors, strict=True)]
    ends = [float(each[-1]) for each in errors]
    values = e.r * d, ends[0] / ends[1], math.exp(logs[0] - logs[1]), loss, *ends
    return Row(family, alpha_min, d, *(float(f"{value:.5g}") for value in values))


def over_time(d: int, alpha_min: float, nodes: int = 100, particles: int = 4096) -> list[Moment]:
    """The gap at several times, in gradient flow."""
    e = experiment("study", d, alpha_min)
    courses = [follow_particles(e.replace(schedule=schedule), nodes, particles, flow=True) for schedule in ("S", "L-S")]
    errors = [np.exp(np.interp(np.array(TIMES) * d, course.tau[1:], np.log(np.asarray(P_error(course.overlap[1:], e.g0)))))
              for course in courses]  # fmt: skip
    annealed = courses[1].annealed_tau / d
    return [Moment(alpha_min, d, time, *(float(f"{value:.5g}") for value in (s / ls, ls, annealed)))
            for time, s, ls in zip(TIMES, *errors, strict=True)]  # fmt: skip


def load_over_time() -> list[Moment]:
    """Read the table over time."""
    return [Moment(float(cells["alpha_min"]), int(cells["d"]), *(float(cells[name]) for name in (
        "tau", "ratio", "error_LS", "annealed"))) for cells in read_table(OVER_TIME)]  # fmt: skip


def load() -> list[Row]:
    """Read the table."""
    return [Row(cells["family"], float(cells["alpha_min"]), int(cells["d"]), *(float(cells[name]) for name in (
        "rd", "at_end", "at_equal_loss", "loss", "error_S", "error_LS"))) for cells in read_table(TABLE)]  # fmt: skip


def main() -> int:
    """Compute what is missing."""
    rows = load() if TABLE.exists() else []
    known = {(row.family, row.alpha_min, row.d) for row in rows}
    for family, sizes in FAMILIES.items():
        for d in sizes:
            for alpha_min in LAWS:
                if (family, alpha_min, d) not in known:
                    rows.append(gap(family, d, alpha_min))
                    write_table(rows, Row, TABLE)
    if not OVER_TIME.exists():
        moments = [each for alpha_min in LAWS for d in SIZES_OVER_TIME for each in over_time(d, alpha_min)]
        write_table(moments, Moment, OVER_TIME)
    return 0


if __name__ == "__main__":
    sys.exit(main())
