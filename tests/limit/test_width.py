"""Finite width approaches the limit like m^(-1/2), with paired neurons, on one data set a seed (THEORY §7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, Trajectory, simulate
from theory_sim.errors import InputError
from theory_sim.sweeps.width_fit import fit_width

BASE = Experiment(
    d=15, N=60, q0=0.4, r=0.5, alpha_min=0.3, neurons="paired", tau_0=1.0, tau_xi=0.02, lambda_=1e-3, schedule="pieces",
    pieces=((60.0, 4.0), (100.0, 1.0)), max_tau=100.0, record_every=100.0, n_test=1, dtype="float64",
)
WIDTHS, SEEDS = (500, 2000, 8000), range(16)


# Each stands on runs or closures that take long together.
pytestmark = pytest.mark.tier2


@pytest.fixture(scope="module")
def finite() -> list[Trajectory]:
    return [simulate(BASE.replace(m_W=m, m_V=m, seed=seed)) for m in WIDTHS for seed in SEEDS]


def limits(**options: Any) -> list[Trajectory]:
    return [simulate(BASE.replace(seed=seed), "limit", **options) for seed in SEEDS]


def test_slope(finite: list[Trajectory]) -> None:
    """The 95 % bootstrap interval (over 16 seeds a width) of the slope holds -1/2 and neither -1/4 nor -1."""
    fit = fit_width([*finite, *limits()])
    assert [len(sample) for sample in fit.differences] == [16, 16, 16]
    assert fit.low < -0.5 < fit.high, fit
    assert fit.high < -0.25 and fit.low > -1.0
    # Both are far from what the network does: the difference is small beside the outputs themselves.
    size = np.sqrt(np.mean(finite[-1].dataset["f_train"].values ** 2))
    assert np.median(fit.differences[-1]) < 0.1 * size


@pytest.mark.parametrize("kernel", ["frozen", "independent"])
def test_another_limit_is_not_approached(finite: list[Trajectory], kernel: str) -> None:
    fit = fit_width([*finite, *limits(kernel=kernel)])
    assert fit.low > -0.5 or fit.high < -0.5, fit


def test_fit_needs_limits_and_widths(finite: list[Trajectory]) -> None:
    with pytest.raises(InputError, match="without its limit"):
        fit_width(finite)
    with pytest.raises(InputError, match="two widths"):
        fit_width([*finite[:16], *limits()])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_run_without_numbers_has_no_width(finite: list[Trajectory], value: float) -> None:
    off = finite[0].dataset.copy(deep=True)
    off["f_train"].values[3] = value
    with pytest.raises(InputError, match="outputs that are no numbers"):
        fit_width([Trajectory(off, finite[0].experiment), *finite[1:], *limits()])
