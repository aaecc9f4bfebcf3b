"""Errors at equal training loss of all examples, patterns moving or not: runs for the page kernel-freezing.md.

``python -m tests.studies.freezing_equal_loss`` computes kernel-freezing-equal-loss.csv beside that page: the study's runs of
default size, a minute or two of one processor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.result_table import write_table
from theory_sim.engines import simulate
from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.studies.counts import ratio_columns
from theory_sim.studies.registry import get_study
from theory_sim.theory.crossings import learning_time
from theory_sim.trajectory import Trajectory

TABLE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "questions" / "kernel-freezing-equal-loss.csv"
MOVING: Final = "moving-large-rate"
LOSSES: Final = (0.65, 0.60, 0.56, 0.52, 0.48)
"""All runs fall to the third, those of redrawn patterns to no lower one; moving ones end just below the last."""


@dataclass(frozen=True)
class Row:
    """One run: error on P when the mean training loss of all examples first falls to a value, and that tau.

    Where it never does the error is not a number, tau infinite; ``train_loss`` is that at the end, tau = 1200.
    """

    arm: str
    seed: int
    train_loss: float
    loss_65: float
    loss_60: float
    loss_56: float
    loss_52: float
    loss_48: float
    tau_65: float
    tau_60: float
    tau_56: float
    tau_52: float
    tau_48: float


def plan() -> Mapping[str, tuple[int, ...]]:
    """Arms of the study's default size, with their seeds."""
    return {arm: sweep.seeds for arm, sweep in get_study("kernel-freezing").plan("default").items()}


def run_of(arm: str, seed: int) -> Trajectory:
    """A run of the study, as it was."""
    return simulate(get_study("kernel-freezing").plan("default")[arm].experiment.replace(seed=seed), "limit")


def row_of(arm: str, run: Trajectory) -> Row:
    """Errors and times of one run."""
    tau, losses = run.history("tau"), run.history("train_loss")
    return Row(arm, run.experiment.seed, float(losses[-1]), *(error_at_loss(run, loss) for loss in LOSSES),
               *(learning_time(tau, losses, loss) for loss in LOSSES))


def ratio(rows: Iterable[Mapping[str, str]], arm: str, loss: float) -> tuple[float, float, float, int]:
    """Error over that of moving patterns at the large rate, at one loss: geometric mean, Student's interval, data sets."""
    column = f"loss_{100 * loss:.0f}"
    errors = {name: {row["seed"]: float(row[column]) for row in rows if row["arm"] == name} for name in (arm, MOVING)}
    assert errors[arm].keys() == errors[MOVING].keys()
    found = ratio_columns("ratio", list(errors[arm].values()), list(errors[MOVING].values()))
    return found["ratio"], found["ratio low"], found["ratio high"], int(found["ratio n"])


def main() -> None:
    rows = []
    for arm, seeds in plan().items():
        for seed in seeds:
            rows.append(row_of(arm, run_of(arm, seed)))
            print(rows[-1], flush=True)
    write_table(rows, Row, TABLE)


if __name__ == "__main__":
    main()
