"""Errors of the whole function where both layers are trained: what the page says of the stored runs, which are the study's."""

from __future__ import annotations

import re

import numpy as np
import pandas
import pytest

from tests.result_table import read_table
from tests.studies.both_layers import END, NETWORKS, SCHEDULES, SEEDS, TABLE, at_loss, at_tau, experiment, rows_of
from theory_sim import simulate
from theory_sim.statistics.intervals import mean_interval
from theory_sim.studies.counts import ratio_columns
from theory_sim.studies.run_study import read_runs

PAGE = TABLE.with_name("architecture.md")
RUNS = TABLE.parent / "results" / "architecture" / "runs.csv"
TIMES = (400.0, 600.0, 800.0)


def load(network: str = NETWORKS[0]) -> pandas.DataFrame:
    rows = pandas.DataFrame([row for row in read_table(TABLE) if row["network"] == network]).drop(columns="network")
    return rows.astype({name: float for name in rows.columns if name not in ("schedule", "seed")} | {"seed": int})


def _mean(values: pandas.Series) -> str:
    found = mean_interval(values.tolist(), least=0.0)
    return f"{found.value:.4f} [{found.low:.4f}, {found.high:.4f}]"


def _ratio(above: pandas.Series, below: pandas.Series) -> str:
    found = ratio_columns("r", above, below)
    assert found["r n"] == len(SEEDS)
    return f"{found['r']:.2f} [{found['r low']:.2f}, {found['r high']:.2f}]"


def lines(rows: pandas.DataFrame) -> list[str]:
    """The page's table."""
    found = [f"| {schedule} | " + " | ".join(_mean(at_tau(rows, schedule, "P_only", tau)) for tau in TIMES)
             + f" | {at_tau(rows, schedule, 'formula').mean():.5f} |" for schedule in SCHEDULES]
    over = [_ratio(*(at_tau(rows, schedule, "P_only", tau) for schedule in ("S", "L-S"))) for tau in TIMES]
    return [*found, f"| S over L-S | {' | '.join(over)} | - |"]


def equal_loss(rows: pandas.DataFrame) -> float:
    """The lowest multiple of 0.02 to which every run falls."""
    return float(np.ceil(rows.groupby(["schedule", "seed"])["train_loss"].min().max() / 0.02 - 1e-9) * 0.02)


def phrases(rows: pandas.DataFrame) -> list[str]:
    """What the page must say beside its table."""
    loss = equal_loss(rows)
    over = _ratio(*(at_loss(rows, schedule, "P_only", loss) for schedule in ("S", "L-S")))
    Q = {schedule: at_tau(rows, schedule, "Q_only") for schedule in SCHEDULES}
    assert all(np.abs(4 * each - (4 * each).round()).max() < 0.1 for each in Q.values()), "the page: 0, 1/4, 1/2"
    right = [int((each < 0.1).sum()) for each in Q.values()]
    both = [_mean(at_tau(rows, schedule, "both")) for schedule in SCHEDULES]
    first = [at_tau(load(NETWORKS[1]), schedule, "P_only").mean() for schedule in SCHEDULES]
    assert f"{first[0]:.5f}" == f"{first[1]:.5f}", "the page: under both schedules"
    return [f"At an equal training loss of {loss:.2f}, the lowest multiple of 0.02 that all runs reach, it is {over}",
            f"all of Q's signs right on {right[0]} of 16 data sets under L-S and on {right[1]} under S",
            f"Of examples with both patches {both[0]} are wrong under L-S and {both[1]} under S",
            f"it is {first[0]:.5f} under both schedules"]


def test_the_page_says_what_the_runs_are() -> None:
    rows, page = load(), PAGE.read_text(encoding="utf-8")
    assert [line for line in lines(rows) if line not in page.splitlines()] == []
    text = re.sub(r"\s+", " ", page)
    assert [phrase for phrase in phrases(rows) if phrase not in text] == []


@pytest.mark.parametrize("network", NETWORKS)
def test_the_runs_are_those_of_the_study(network: str) -> None:
    """Each ends at the training loss and error that the study has stored of it."""
    rows, stored = load(network), read_runs(RUNS)
    runs = {(schedule, seed) for schedule in SCHEDULES for seed in SEEDS}
    assert set(zip(rows["schedule"], rows["seed"], strict=True)) == runs
    assert len(rows) == 21 * len(SCHEDULES) * len(SEEDS) and rows["tau"].max() == END
    for schedule in SCHEDULES:
        part = network.replace(", ", "-").replace(" ", "-")
        same = stored[(stored["part"] == part) & (stored["schedule"] == schedule)].set_index("seed")
        for name, column in (("train_loss", "train_loss"), ("formula", "P_error")):
            np.testing.assert_allclose(at_tau(rows, schedule, name).loc[list(SEEDS)], same[column].loc[list(SEEDS)], rtol=1e-4)


def test_errors_at_equal_loss_by_hand() -> None:
    rows = pandas.DataFrame({"schedule": "S", "seed": 3, "tau": [0.0, 1.0, 2.0, 3.0], "train_loss": [0.69, 0.6, 0.5, 0.55],
                             "P_only": [1.0, 0.16, 0.04, 0.02]})
    assert at_loss(rows, "S", "P_only", 0.55).to_dict() == {3: pytest.approx(0.08)}, "half-way, by logarithms"
    assert at_tau(rows, "S", "P_only", 3.0).to_dict() == {3: 0.02} and equal_loss(rows) == pytest.approx(0.5)


@pytest.mark.tier2
def test_a_stored_run_is_found_again() -> None:
    """One run, to what another processor may change: some of 4000 signs."""
    stored = load()
    stored = stored[(stored["schedule"] == "L-S") & (stored["seed"] == 605)].reset_index(drop=True)
    found = pandas.DataFrame(list(rows_of(simulate(experiment(NETWORKS[0], "L-S", 605), "finite"), NETWORKS[0])))
    np.testing.assert_allclose(found["train_loss"], stored["train_loss"], rtol=1e-4)
    np.testing.assert_allclose(found["P_only"], stored["P_only"], atol=0.002)
