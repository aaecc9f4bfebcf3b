"""Power of a rule on a share: against the rule itself, against counting by hand, and against simulated runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.statistics.power import deciding_count, deciding_power, runs_for_power
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
