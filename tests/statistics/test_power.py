"""Power of a rule on a share: against the rule itself, against counting by hand, and against simulated runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from theory_sim.errors import InputError
from theory_sim.statistics.power import between_power, deciding_count, deciding_power, mean_power, runs_for_power
from theory_sim.studies.decisions import judge_share


@pytest.mark.parametrize("level", [0.5, 0.95, 1 - 0.05 / 4, 1 - 0.05 / 20])
@pytest.mark.parametrize("n", [0, 1, 5, 8, 9, 14, 33])
def test_the_deciding_count_is_that_of_the_rule(n: int, level: float) -> None:
    by_rule = [k for k in range(n + 1) if judge_share("x", k, n, level=level).verdict == "supported"]
    least = deciding_count(n, level)
    assert by_rule == (list(range(least, n + 1)) if least is not None else [])
    at_three_quarters = [k for k in range(n + 1) if judge_share("x", k, n, level=level, border=0.75).verdict == "supported"]
    assert (deciding_count(n, level, border=0.75) or n + 1) == (at_three_quarters[0] if at_three_quarters else n + 1)


@pytest.mark.parametrize(("n", "level", "least"), [(10, 0.95, 9), (24, 1 - 0.05 / 4, 19), (15, 1 - 0.05 / 4, 13)])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 0.95, 1.0])
def test_power_by_hand(n: int, level: float, least: int, share: float) -> None:
    by_hand = sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(least, n + 1))
    assert deciding_power(n, share, level=level) == pytest.approx(by_hand, abs=1e-12)


def test_power_is_how_often_the_rule_decides() -> None:
    """20 000 simulated studies of 12 runs; five standard errors."""
    counts = np.random.default_rng(3).binomial(12, 0.9, size=20_000)
    verdicts = [judge_share("x", k, 12, level=0.98).verdict for k in range(13)]
    decided = np.mean([verdicts[k] == "supported" for k in counts])
    power = deciding_power(12, 0.9, level=0.98)
    assert abs(decided - power) < 5 * math.sqrt(power * (1 - power) / 20_000) and 0.1 < power < 0.9


def test_how_many_runs_a_power_needs() -> None:
    n = runs_for_power(0.95, 0.9, level=1 - 0.05 / 4)
    powers = [deciding_power(k, 0.95, level=1 - 0.05 / 4) for k in range(n - 1, 2 * n + 1)]
    assert powers[0] < 0.9 <= min(powers[1:])
    for bad in (lambda: runs_for_power(0.5, 0.9, level=0.95), lambda: deciding_power(-1, 0.9, level=0.95),
                lambda: deciding_power(3, 1.5, level=0.95), lambda: deciding_power(3, 0.5, level=1.0)):  # fmt: skip
        with pytest.raises(InputError):
            bad()


@pytest.mark.parametrize(("mean", "spread", "n", "wider"), [(1.0, 0.12, 40, 0.0), (1.05, 0.12, 40, 0.0), (1.0, 0.1, 6, 0.02)])
def test_an_interval_lies_between_two_ends_as_often_as_drawn_means_do(mean: float, spread: float, n: int, wider: float) -> None:
    drawn = np.random.default_rng(0).normal(mean, spread, (200_000, n))
    half = stats.t.ppf(0.975, n - 1) * drawn.std(axis=1, ddof=1) / n**0.5 + wider
    shown = np.mean((drawn.mean(axis=1) - half >= 0.9) & (drawn.mean(axis=1) + half <= 1.1))
    assert between_power(n, mean, spread, 0.9, 1.1, level=0.95, wider=wider) == pytest.approx(shown, abs=0.004)


def test_with_one_end_at_0_it_is_the_power_of_a_mean() -> None:
    power = mean_power(10, float(stats.norm.cdf(0.7)), level=0.98)
    assert between_power(10, 0.7, 1.0, 0.0, math.inf, level=0.98) == pytest.approx(power, abs=1e-6)
    assert between_power(10, -0.7, 1.0, -math.inf, 0.0, level=0.98) == pytest.approx(power, abs=1e-6)
    wider = between_power(10, 0.7, 1.0, 0.0, math.inf, level=0.98, wider=0.1)
    assert wider < power - 0.01 and wider == pytest.approx(between_power(10, 0.6, 1.0, 0.0, math.inf, level=0.98))


@pytest.mark.parametrize("wrong", [
    {"n": 1}, {"n": 2.5}, {"n": 10**9}, {"n": math.inf}, {"n": "5"}, {"mean": math.nan}, {"spread": 0.0}, {"spread": math.inf},
    {"low": 2.0}, {"low": math.nan}, {"level": 1.0}, {"degrees": 0}, {"degrees": 10**9}, {"wider": -0.05}, {"wider": math.nan},
    {"wider": None},
], ids=str)
def test_what_is_no_interval_of_a_mean_is_refused(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"n": 5, "mean": 1.0, "spread": 0.1, "low": 0.9, "high": 1.1, "level": 0.95, **wrong}
    with pytest.raises(InputError):
        between_power(**given)


def test_a_power_is_no_more_than_1() -> None:
    assert between_power(1_000_000, 1.0, 0.12, 0.9, 1.1, level=0.98) <= 1.0


@pytest.mark.parametrize("call", [
    lambda: deciding_power(2.5, 0.9, level=0.95), lambda: mean_power(math.inf, 0.9, level=0.95),
    lambda: mean_power("5", 0.9, level=0.95), lambda: runs_for_power(0.95, math.nan, level=0.95),
], ids=["half a run", "infinite", "a text", "no power"])
def test_numbers_that_are_none_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        call()
