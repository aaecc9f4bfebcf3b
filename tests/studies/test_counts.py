"""What studies count and average: orders at a level, flips, and ratios on logarithms."""

from __future__ import annotations

import math

import numpy as np
import pandas
import pytest

from tests.studies.made_up import summaries_of
from theory_sim import Experiment, simulate
from theory_sim.statistics.intervals import student_quantile
from theory_sim.studies.counts import course_metrics, error_at_P_loss, flip_row, order_row, ratio_columns
from theory_sim.studies.groups import make_table
from theory_sim.studies.registry import get_study


def _runs(name: str = "annealing-time"):
    def outcome(sweep, run):
        e = run.experiment
        if e.seed == 9:
            return {"tau_P": math.nan, "tau_Q": math.nan}
        late = math.inf if e.seed > 6 else 500.0
        # At the first level Q is first throughout; at the third P is on seeds 0 to 3 under the constant rate.
        first = e.schedule == "constant" and e.seed < 4
        return {"tau_P": np.array([late, 200.0, 100.0]), "tau_Q": np.array([300.0, 250.0, 90.0]),
                "order": np.array(["Q first", "Q first", "P first" if first else "Q first"])}

    return summaries_of(get_study(name), outcome)["unannealed"].dataset.isel(engine=0)


def test_orders_and_flips_are_those_of_the_level_asked_for() -> None:
    runs = _runs()
    large, small = runs.sel(schedule="constant"), runs.sel(schedule="S")
    assert [order_row(large, level)["P first"] for level in (0.45, 0.50, 0.55)] == [0, 0, 4]
    row = order_row(large, 0.45)
    assert (row["n"], row["Q first"], row["no order"], row["tau_P censored"], row["P and Q learnt"]) == (10, 9, 1, 2, 7)
    assert order_row(large, 0.55)["P and Q learnt"] == 9 and order_row(large, 0.50)["tau_P"] == 200.0
    assert [flip_row(large, small, level)["flips"] for level in (0.45, 0.55)] == [0, 4]
    assert flip_row(large, small, 0.55)["pairs"] == 10 and flip_row(small, large, 0.55)["flips"] == 0


def test_ratios_are_averaged_on_logarithms() -> None:
    found = ratio_columns("x", [2.0, 8.0, math.nan, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0, math.inf], level=0.9)
    half = student_quantile(1, 0.9) * (math.log(4) / math.sqrt(2)) / math.sqrt(2)
    assert found["x"] == pytest.approx(4.0) and found["x n"] == 2
    assert (found["x low"], found["x high"]) == (pytest.approx(4 * math.exp(-half)), pytest.approx(4 * math.exp(half)))
    assert math.isnan(ratio_columns("x", [2.0], [1.0])["x low"]) and math.isnan(ratio_columns("x", [], [])["x"])


def test_errors_over_time_are_interpolated_on_logarithms() -> None:
    run = simulate(Experiment(d=40, max_tau=80.0, record_every=10.0), "closure")
    tau, error = run.history("tau"), run.history("P_error")
    metrics = course_metrics((0.5, 0.55))
    assert set(metrics) == {"error_at_50", "error_at_55"}
    at = int(np.flatnonzero(tau >= 44.0)[0])
    share = (44.0 - tau[at - 1]) / (tau[at] - tau[at - 1])
    expected = error[at - 1] ** (1 - share) * error[at] ** share
    assert metrics["error_at_55"](run) == pytest.approx(float(expected))
    squared = simulate(Experiment(d=40, loss="squared", max_tau=80.0, m_W=20, m_V=40, n_test=4))
    loss = squared.history("loss_train", kind="P-only")
    level = 0.55  # its margin, 0.3107, has the squared loss 0.2376
    reached = float(error_at_P_loss(level)(squared))
    assert math.isnan(reached) == bool((loss > 0.2376).all())
    if not math.isnan(reached):
        k = int(np.flatnonzero(loss <= 0.2376)[0])
        ends = sorted(squared.history("P_error")[k - 1:k + 1])
        assert ends[0] <= reached <= ends[1]


def test_a_count_that_some_rows_lack_is_written_as_a_whole_number() -> None:
    rows = [{"arm": "a", "flips": 16, "share": 1.0}, {"arm": "b"}, {"arm": "c", "flips": math.nan, "share": 0.5}]
    table = make_table(rows)
    assert table.to_csv(index=False) == "arm,flips,share\na,16,1.0\nb,,\nc,,0.5\n"
    assert "a,16.0" in pandas.DataFrame(rows).to_csv(index=False), "what it is for"
    assert table["flips"].iloc[0] == 16 and table["share"].dtype == float
    assert make_table([{"n": 3}, {"n": 4}])["n"].dtype.kind == "i"
