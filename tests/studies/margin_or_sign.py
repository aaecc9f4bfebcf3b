"""What other definitions of "learnt" say of the order: runs of the default preset, for the page margin-or-sign.md.

``python -m tests.studies.margin_or_sign`` computes margin_or_sign.csv beside that page, half a minute of one processor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.result_table import write_table
from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.theory.crossings import learning_time
from theory_sim.trajectory import Trajectory

TABLE = Path(__file__).parents[2] / "docs" / "explanation" / "questions" / "margin-or-sign.csv"
SEEDS = range(16)
SCHEDULES = ("L-S", "S", "constant")
KINDS = ("P-only", "Q-only")
EARLY, SIGNS = 64.0, 0.99  # four steps of the large rate; share of examples whose signs are right
DEFINITIONS = ("signs", "half_drop", "level_60", "level_55", "level_50", "level_45", "area")


@dataclass(frozen=True)
class Row:
    """One kind of training examples of one run: when it is learnt by each definition, infinity for never; its losses.

    ``area`` is the mean of the loss over the run: the kind with the smaller one is first. The last two are the error on fresh P
    examples early and at the end, the same for both kinds of a run.
    """

    schedule: str
    seed: int
    kind: str
    right_early: float
    loss_early: float
    signs: float
    half_drop: float
    level_60: float
    level_55: float
    level_50: float
    level_45: float
    area: float
    at_end: float
    P_error_early: float
    P_error_at_end: float


def experiment(schedule: str, seed: int) -> Experiment:
    """The default preset, with records close enough for signs."""
    return Experiment(schedule=schedule, seed=seed, max_tau=1200.0, record_every=8.0, n_test=20)


def rows_of(run: Trajectory) -> list[Row]:
    """Both kinds of a run."""
    e, tau, error = run.experiment, run.history("tau"), run.history("P_error")
    found = []
    for kind in KINDS:
        loss, right = run.history("loss_train", kind=kind), run.history("accuracy_train", kind=kind)
        levels = {f"level_{100 * level:.0f}": learning_time(tau, loss, level) for level in (0.6, 0.55, 0.5, 0.45)}
        half = 0.5 * (math.log(2) + float(loss.min()))
        found.append(Row(
            e.schedule, e.seed, kind, float(np.interp(EARLY, tau, right)), float(np.interp(EARLY, tau, loss)),
            first_right(tau, right), learning_time(tau, loss, half), **levels,
            area=float(np.trapezoid(loss, tau) / tau[-1]), at_end=float(loss[-1]),
            P_error_early=float(np.interp(EARLY, tau, error)), P_error_at_end=float(error[-1])))  # fmt: skip
    return found


def first_right(tau: NDArray[np.float64], right: NDArray[np.float64], share: float = SIGNS) -> float:
    """First record at which this share of signs is right; the outputs of step 0 are zero, and their signs mean nothing."""
    there = np.flatnonzero(right[1:] >= share)
    return float(tau[1 + there[0]]) if len(there) else math.inf


def order(P: float, Q: float) -> str:
    """Which of two kinds is first, by times or areas."""
    if math.isinf(P) and math.isinf(Q):
        return "neither"
    return "tie" if P == Q else "P first" if P < Q else "Q first"


def summary(rows: Iterable[Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """By definition: on how many data sets P is first under each schedule, and under L-S with Q first under S, a flip."""
    by_run: dict[tuple[str, int], dict[str, Mapping[str, str]]] = {}
    for row in rows:
        by_run.setdefault((row["schedule"], int(row["seed"])), {})[row["kind"]] = row
    seeds = sorted({seed for _, seed in by_run})
    found = {}
    for name in DEFINITIONS:
        orders = {run: order(*(float(kinds[kind][name]) for kind in KINDS)) for run, kinds in by_run.items()}
        counts = {schedule: sum(orders[schedule, seed] == "P first" for seed in seeds) for schedule in SCHEDULES}
        flips = sum((orders["L-S", seed], orders["S", seed]) == ("P first", "Q first") for seed in seeds)
        found[name] = {**counts, "flips": flips, "sets": len(seeds)}
    return found


def main() -> None:
    rows = []
    for schedule in SCHEDULES:
        for seed in SEEDS:
            rows += rows_of(simulate(experiment(schedule, seed), "limit"))
            print(*asdict(rows[-2]).values(), *asdict(rows[-1]).values(), flush=True)
    write_table(rows, Row, TABLE)


if __name__ == "__main__":
    main()
