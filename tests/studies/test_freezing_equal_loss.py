"""Errors at equal training loss of all examples: what the page says of the stored runs, which are those of the study."""

from __future__ import annotations

import math
import re

import pandas
import pytest

from tests.result_table import read_table
from tests.studies.freezing_equal_loss import LOSSES, MOVING, TABLE, plan, ratio, row_of, run_of
from theory_sim.studies.run_study import read_runs

PAGE = TABLE.with_name("kernel-freezing.md")
SAID = {
    "stopped-at-64-large-rate": "stopped at 64, large rate", "redrawn-small-rate": "redrawn, small rate",
    "moving-small-from-64": "moving, small from 64", "moving-annealed-at-608": "moving, annealed at 608",
    "stopped-at-608-annealed": "stopped at 608, annealed", "frozen-small-rate": "frozen, small rate",
}  # fmt: skip
SHOWN = (0.60, 0.56, 0.52, 0.48)


def _cell(value: float, low: float, high: float, sets: int) -> str:
    assert sets in (0, 15)
    return f"{value:.2f} [{low:.2f}, {high:.2f}]" if sets else "-"


def phrases(rows: list[dict[str, str]]) -> list[str]:
    """What the page must say of these runs."""
    found = [f"| {said} | " + " | ".join(_cell(*ratio(rows, arm, loss)) for loss in SHOWN) + " |" for arm, said in SAID.items()]
    t = pandas.DataFrame(rows).set_index(["arm", "seed"]).astype(float)
    moving = t.loc[MOVING]
    for arm in ("stopped-at-64-large-rate", "moving-small-from-64", "frozen-small-rate"):
        for loss in SHOWN:
            name = f"{100 * loss:.0f}"
            assert (t.loc[arm, f"loss_{name}"] > moving[f"loss_{name}"]).all(), "the page: on all data sets"
            assert (t.loc[arm, f"tau_{name}"] < moving[f"tau_{name}"]).all(), "the page: sooner"
    redrawn = t.loc["redrawn-small-rate"]
    assert (redrawn["loss_56"] < moving["loss_56"]).all() and (redrawn["tau_56"] > moving["tau_56"]).all()
    times = [t.loc[arm, f"tau_{name}"].median() for name in ("52", "48") for arm in ("stopped-at-64-large-rate", MOVING)]
    return [*found, f"0.52 at τ = {times[0]:.0f}, moving ones at {times[1]:.0f}, and 0.48 at {times[2]:.0f} and {times[3]:.0f}",
            f"they end at {redrawn['train_loss'].min():.2f} to {redrawn['train_loss'].max():.2f}"]


def test_the_page_says_what_the_runs_are() -> None:
    rows = list(read_table(TABLE))
    text = re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))
    assert len(rows) == 105 and set(SAID) | {MOVING} == set(plan())
    assert [phrase for phrase in phrases(rows) if phrase not in text] == []


def test_the_runs_are_those_of_the_study() -> None:
    """Each run ends at the training loss that the study has stored of it."""
    stored = read_runs(TABLE.parent / "results" / "kernel-freezing" / "runs.csv").set_index(["part", "seed"])["train_loss"]
    rows = list(read_table(TABLE))
    assert {(row["arm"], int(row["seed"])) for row in rows} == set(stored.index)
    for row in rows:
        assert float(row["train_loss"]) == pytest.approx(stored[row["arm"], int(row["seed"])], rel=1e-4)


def test_a_ratio_by_hand() -> None:
    def row(arm: str, seed: int, error: float) -> dict[str, str]:
        return {"arm": arm, "seed": str(seed), "loss_56": str(error)}

    rows = [row(MOVING, 1, 0.1), row(MOVING, 2, 0.1), row(MOVING, 3, 0.1), row("a", 1, 0.2), row("a", 2, 0.8),
            row("a", 3, math.nan)]
    value, low, high, sets = ratio(rows, "a", 0.56)
    assert value == pytest.approx(4.0) and low < 2.0 and high > 8.0 and sets == 2, "one data set never gets there"


@pytest.mark.parametrize("arm", ["stopped-at-64-large-rate", pytest.param("redrawn-small-rate", marks=pytest.mark.tier2)])
def test_a_stored_run_is_found_again(arm: str) -> None:
    """One data set, to what another processor may change."""
    (stored,) = (row for row in read_table(TABLE) if (row["arm"], row["seed"]) == (arm, "567"))
    found = row_of(arm, run_of(arm, 567))
    for loss in LOSSES:
        for name in (f"loss_{100 * loss:.0f}", f"tau_{100 * loss:.0f}"):
            assert getattr(found, name) == pytest.approx(float(stored[name]), rel=1e-4, nan_ok=True), name
