"""The limit of the gap as r d goes to infinity, as the page on the mean field has it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.limit.mean_field_gap import experiment, load
from tests.limit.mean_field_gap_limit import P0, D, course_of, limit
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.theory.overlap import P_error


@pytest.mark.tier2
def test_the_limit_of_the_gap() -> None:
    """476 at equal loss and 431 at the end, above the whole curve; if S did not learn Q there would be none."""
    found = limit(60, 1024)
    assert found.at_equal_loss == pytest.approx(476.0, rel=0.02) and found.at_end == pytest.approx(431.0, rel=0.02)
    rows = [row for row in load() if row.family == "study"]
    assert max(row.at_equal_loss for row in rows) < 476.0 and max(row.at_end for row in rows) < 431.0
    assert limit(60, 1024, learnt=False).at_end < 10.0


@pytest.mark.tier2
def test_S_is_then_descent_on_the_P_only_examples_alone() -> None:
    """A mean over p0 N examples has 1 / p0 times their force: as an experiment of its own it is p0 as long."""
    alone = experiment("study", D, 0.5).model_copy(update={
        "N": round(P0 * 4 * D), "kappa": None, "p0": 1.0, "q0": 0.0, "lambda_": 0.0, "tau_xi": 0.0, "tau_0": 1.0,
        "patterns": "frozen", "eta_1": 1.0, "eta_2": 0.5, "max_tau": 6.0 * P0 * D, "schedule": "S",
    })  # fmt: skip
    errors = [float(np.asarray(P_error(course.overlap[-1], 1.0)))
              for course in (course_of("S", 60, 1024), follow_particles(alone, 60, 1024))]  # fmt: skip
    assert errors[0] == pytest.approx(errors[1], rel=2e-3) and errors[0] == pytest.approx(0.0266, rel=0.01)
