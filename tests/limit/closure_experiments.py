"""How near the closure is to the limit, on fresh random experiments: the protocol, fixed before any result (THEORY §8, §16).

``python -m tests.limit.closure_experiments`` simulates what closure.csv of docs/explanation lacks and writes closure.md;
``... page`` writes the page alone, from the table and the closure of today.

Experiments
    16, from the seed and the law of `experiments`; no draw is repeated or left out, and no part of the closure was chosen by
    looking at any of them. max_tau = 8 d.
Simulation
    The limit in steps, S and L-S, 8 data sets each (SEEDS).
Quantities
    Learning times of P and Q at 0.45: the mean over data sets, where every one learns. Where none does, closure and limit agree
    if the closure does not either; where some do, nothing is judged. P error, by the formula of THEORY §10, at tau = d, 2 d,
    4 d and 8 d: the geometric mean over data sets, since errors of single data sets differ by a factor. Mean training losses
    of P-only, Q-only and both at the same times: the mean.
Accuracy
    Of a quantity: the largest |log(closure / limit)|, as a per cent, over all experiments and schedules (and times), and the
    median; for losses the largest |closure - limit|. Standard errors of the limit's means are given beside and are not taken
    off: with 8 data sets they are a part of the error.
Amended
    For computing time, while the simulations ran and before any of their numbers was looked at: 8 data sets in place of 12,
    those that were done, or nearly, by then. (The runs were made from both ends of the list.)
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.result_table import log_uniform, read_table, write_table
from theory_sim import Experiment, Trajectory, simulate
from theory_sim.theory.crossings import learning_time

DOCS = Path(__file__).parents[2] / "docs"
PAGE, TABLE = DOCS / "explanation" / "closure.md", DOCS / "explanation" / "closure.csv"
COUNT, SEED, LEVEL = 16, 20261126, 0.45
SEEDS = (0, 1, 2, 3, 8, 9, 10, 11)
DATA_SETS = len(SEEDS)
SCHEDULES = ("S", "L-S")
TIMES = (1.0, 2.0, 4.0, 8.0)  # in units of d


def experiments() -> list[Experiment]:
    """Drawn once and for all."""
    return drawn(COUNT, SEED, (60, 300))


def drawn(count: int, seed: int, sizes: tuple[int, int]) -> list[Experiment]:
    """The law, with d log-uniform on ``sizes``; tau_0 is the stationary level of eta_1, so that the level does not matter."""
    rng = np.random.default_rng(seed)
    spread = log_uniform(rng)
    found = []
    for index in range(count):
        d, kappa = round(spread(*sizes)), round(float(rng.uniform(0.35, 0.75)), 3)
        p0 = round(spread(0.5, 1.5) * kappa**2 / 2.0, 4)
        q0, g0 = round(float(rng.uniform(0.1, 0.55)), 3), round(float(rng.uniform(0.5, 1.5)), 3)
        r, alpha_min = round(spread(0.2, 1.0), 3), float(rng.choice([0.0, 0.25, 0.5, 0.75]))
        lambda_, eta_1 = float(f"{spread(3e-5, 2e-3):.3g}"), round(float(rng.uniform(8.0, 20.0)), 2)
        eta_2 = float(f"{8.0 * d / spread(800, 2400):.3g}")  # so many steps in max_tau
        found.append(Experiment(
            name=f"random-{index}", d=d, kappa=kappa, p0=p0, q0=q0, g0=g0, r=r, alpha_min=alpha_min, lambda_=lambda_,
            eta_1=eta_1, eta_2=eta_2, max_tau=8.0 * d, record_every=0.02 * d,
        ))  # fmt: skip
    return found


@dataclass(frozen=True)
class Row:
    """One simulated run; times are infinite where not learnt, tuples are at tau = d, 2 d, 4 d and 8 d."""

    experiment: str
    schedule: str
    seed: int
    tau_P: float
    tau_Q: float
    P_error: tuple[float, ...]
    loss_P: tuple[float, ...]
    loss_Q: tuple[float, ...]
    loss_both: tuple[float, ...]


def row_of(run: Trajectory, seed: int) -> Row:
    """What is kept of a run, to 6 digits."""
    e, tau = run.experiment, run.dataset["tau"].values
    losses = {kind: run.history("loss_train", kind=kind) for kind in ("P-only", "Q-only", "both")}
    times = (learning_time(tau, losses[kind], LEVEL) for kind in ("P-only", "Q-only"))
    courses = (run.history("P_error"), *losses.values())
    at = (tuple(_digits(np.interp(t * e.d, tau, course)) for t in TIMES) for course in courses)
    return Row(e.name, e.schedule, seed, *map(_digits, times), *at)


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def simulated(experiment: Experiment, schedule: str, seed: int) -> Row:
    """One run of the limit."""
    return row_of(simulate(experiment.replace(schedule=schedule, seed=seed), "limit", threads=1), seed)


def save(rows: list[Row]) -> None:
    """Write the table, whole or not at all."""
    write_table(rows, Row, TABLE)


def load() -> list[Row]:
    """Read the table."""
    return [Row(
        cells["experiment"], cells["schedule"], int(cells["seed"]), float(cells["tau_P"]), float(cells["tau_Q"]),
        *(tuple(map(float, cells[name].split("; "))) for name in ("P_error", "loss_P", "loss_Q", "loss_both")),
    ) for cells in read_table(TABLE)]  # fmt: skip


def main(words: list[str]) -> int:
    """Simulate what is missing, then write the page."""
    rows = load() if TABLE.exists() else []
    if words != ["page"]:
        known = {(row.experiment, row.schedule, row.seed): row for row in rows}
        for seed in SEEDS:
            for e in experiments():
                for schedule in SCHEDULES:
                    if (e.name, schedule, seed) not in known:
                        known[e.name, schedule, seed] = simulated(e, schedule, seed)
            rows = list(known.values())
            save(rows)
    from tests.limit.closure_page import page, tables

    PAGE.write_text(page(rows), encoding="utf-8")
    for name, text in tables(rows).items():
        PAGE.with_name(name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
