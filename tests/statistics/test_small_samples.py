"""Few values: an interval of two, none of fewer pairs than a bootstrap needs; errors without a logarithm are left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray

from theory_sim.statistics.intervals import mean_interval
from theory_sim.statistics.paired import LEAST_PAIRS, compare_paired
from theory_sim.studies.groups import pair_row


def test_two_values_have_an_interval_and_one_has_none() -> None:
    # Student's quantile at 97.5 % with one degree of freedom, from tables.
    found = mean_interval([1.0, 2.0])
    assert (found.low, found.high) == pytest.approx((1.5 - 12.7062 / 2, 1.5 + 12.7062 / 2), rel=1e-5)
    assert math.isinf(mean_interval([1.0]).high)


@pytest.mark.parametrize("n", [LEAST_PAIRS - 1, LEAST_PAIRS, LEAST_PAIRS + 1])
def test_pairs_too_few_for_a_bootstrap_have_no_interval(n: int) -> None:
    first = [float(i) for i in range(n)]
    found = compare_paired(first, [value + 1.0 + 0.1 * value**2 for value in first], kind="difference")
    assert math.isfinite(found.estimate)
    assert math.isfinite(found.low) == math.isfinite(found.high) == (n >= LEAST_PAIRS)


def test_a_pair_without_a_positive_finite_error_has_no_ratio() -> None:
    def runs(errors: list[float]) -> xarray.Dataset:
        return xarray.Dataset({
            "state": ("seed", ["done"] * len(errors)),
            "run": ("seed", [str(i) for i in range(len(errors))]),
            "P_error": ("seed", errors),
            "order": (("seed", "level"), [["P first"]] * len(errors)),
        }, {"seed": np.arange(len(errors))})  # fmt: skip

    found = pair_row(runs([0.1, 0.0, 0.2, math.nan, 0.3]), runs([0.2, 0.1, 0.4, 0.3, math.inf]))
    assert found["pairs"] == 5
    assert found["error S / L-S"] == pytest.approx(2.0)


def test_a_flip_is_p_first_at_the_large_rate_and_q_first_at_the_small_one_at_the_first_level() -> None:
    P, Q = "P first", "Q first"

    def runs(orders: list[list[str]]) -> xarray.Dataset:
        return xarray.Dataset({
            "state": ("seed", ["done"] * len(orders)), "run": ("seed", [str(i) for i in range(len(orders))]),
            "P_error": ("seed", [0.1] * len(orders)), "order": (("seed", "level"), orders),
        }, {"seed": np.arange(len(orders))})  # fmt: skip

    # A flip at both levels, at the first alone, at the second alone, the other way round, and of one run only.
    found = pair_row(runs([[P, P], [P, Q], [Q, P], [Q, Q], [P, P]]), runs([[Q, Q], [Q, P], [P, Q], [P, P], [P, P]]))
    assert (found["pairs"], found["flips"], found["share of flips"]) == (5, 2, 0.4)


def test_a_time_after_another_runs_end_is_for_the_product_limit() -> None:
    """What counts is the end of the runs that did not learn; those that did were observed for as long as they took."""
    from theory_sim.statistics.censored import median_time

    assert median_time([1.0, 5.0, math.inf], [10.0, 10.0, 3.0]).method == "Kaplan-Meier"
    assert median_time([1.0, 5.0, math.inf], [5.0, 5.0, 6.0]).method != "Kaplan-Meier"
