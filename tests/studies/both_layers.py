"""Errors of the whole function where both layers are trained: runs for the page architecture.md.

``python -m tests.studies.both_layers`` computes architecture-both-layers.csv beside that page: the study's runs of default size
with both layers trained, and beside them those with the first alone, on 4000 fresh examples of each kind. It took a quarter of
an hour of two processors that were shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas

from tests.result_table import write_table
from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.studies.registry import get_study
from theory_sim.trajectory import Trajectory

TABLE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "questions" / "architecture-both-layers.csv"
NETWORKS: Final = ("both layers", "split, finite")
SCHEDULES: Final = ("L-S", "S")
SEEDS: Final = range(600, 616)
END, EVERY, FRESH = 800.0, 40.0, 4000


@dataclass(frozen=True)
class Row:
    """One record of a run: tau in the clock of the other networks, and shares of wrong signs on fresh examples.

    ``signal`` is the share of the signal part alone, on P-only examples; ``formula`` the exact error of its linear part.
    """

    network: str
    schedule: str
    seed: int
    tau: float
    train_loss: float
    P_only: float
    Q_only: float
    both: float
    signal: float
    formula: float


def experiment(network: str, schedule: str, seed: int, *, fresh: int = FRESH) -> Experiment:
    """A run of the study's default size, on more fresh examples and with fewer records."""
    e = get_study("architecture").plan("default")[network.replace(", ", "-").replace(" ", "-")].experiment
    return e.replace(schedule=schedule, seed=seed, n_test=fresh, record_every=e.max_tau * EVERY / END)


def rows_of(run: Trajectory, network: str) -> Iterator[Row]:
    """All records."""
    e = run.experiment
    P_only, Q_only, both = (1.0 - run.history("accuracy_test", kind=kind) for kind in ("P-only", "Q-only", "both"))
    signal = 1.0 - run.history("accuracy_signal_test", kind="P-only")
    for i, tau in enumerate(run.history("tau")):
        loss, formula = (float(run.history(name)[i]) for name in ("train_loss", "P_error"))
        yield Row(
            network, e.schedule, e.seed, tau=round(float(tau) * END / e.max_tau, 3), train_loss=float(f"{loss:.8g}"),
            P_only=round(float(P_only[i]), 6), Q_only=round(float(Q_only[i]), 6), both=round(float(both[i]), 6),
            signal=round(float(signal[i]), 6), formula=float(f"{formula:.6g}"))  # fmt: skip


def at_tau(rows: pandas.DataFrame, schedule: str, column: str, tau: float = END) -> pandas.Series:
    """By seed, of the rows of one network."""
    return rows[(rows["schedule"] == schedule) & (rows["tau"] == tau)].set_index("seed")[column]


def at_loss(rows: pandas.DataFrame, schedule: str, column: str, loss: float) -> pandas.Series:
    """By seed, where the training loss first falls to a value; between records by the logarithm, as `error_at_loss` does."""
    found = {}
    for seed, run in rows[rows["schedule"] == schedule].groupby("seed"):
        losses, logs = run["train_loss"].to_numpy(), np.log(run[column].to_numpy())
        i = int(np.flatnonzero(losses <= loss)[0])
        found[seed] = float(np.exp(np.interp(-loss, -losses[i - 1:i + 1], logs[i - 1:i + 1])))
    return pandas.Series(found)


def main() -> None:
    rows: list[Row] = []
    for network in NETWORKS:
        for seed in SEEDS:
            for schedule in SCHEDULES:
                rows += rows_of(simulate(experiment(network, schedule, seed), "finite"), network)
                print(rows[-1], flush=True)
            write_table(rows, Row, TABLE)


if __name__ == "__main__":
    main()
