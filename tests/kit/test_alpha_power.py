"""The battery's law of alpha, a power and a user's own, against examples that have it exactly: quantiles of the closed form."""

from __future__ import annotations

import numpy as np
import pytest

from theory_sim import Experiment
from theory_sim.data import AlphaDistribution, AlphaLaw
from theory_sim.experiment.choices import ALPHA_LAWS
from theory_sim.testing.simulator.answer import Examples
from theory_sim.testing.simulator.data_law import _lengths
from theory_sim.testing.simulator.draw_laws import Broken
from theory_sim.testing.simulator.joint_law import _counts
from theory_sim.testing.simulator.task import Declined

N = 200_000


def quantiles(power: float, low: float, high: float) -> np.ndarray:
    """alpha at the middles of N equal parts of P(alpha <= a) = (a^(p + 1) - low^(p + 1)) / (high^(p + 1) - low^(p + 1))."""
    share = (np.arange(N) + 0.5) / N
    return (low ** (power + 1) + share * (high ** (power + 1) - low ** (power + 1))) ** (1 / (power + 1))


@pytest.mark.parametrize("power", [-0.5, 1.0, 3.0])
def test_exact_quantiles_have_the_law_and_those_of_a_near_power_not(power: float) -> None:
    e = Experiment(d=4, N=N, p0=0.0, alpha_law="power", alpha_power=power, alpha_min=0.25, alpha_max=2.0)
    _lengths(e, quantiles(power, 0.25, 2.0), 1)
    for near in (power + 0.1, power - 0.1):
        with pytest.raises(Broken, match="alpha has not the law 'power'"):
            _lengths(e, quantiles(near, 0.25, 2.0), 1)


@pytest.mark.parametrize("power", [-0.5, 1.0, 3.0])
def test_a_quarter_of_the_law_holds_a_quarter_of_exact_quantiles(power: float) -> None:
    e = Experiment(d=4, N=N, p0=0.0, q0=1.0, alpha_law="power", alpha_power=power, alpha_min=0.25, alpha_max=2.0)
    alpha = quantiles(power, 0.25, 2.0)
    x2 = np.stack([alpha, np.zeros(N)], axis=1)
    examples = Examples(np.zeros((N, 4)), x2, np.ones(N), np.eye(4)[0])
    q_only = {"P-only": np.zeros(N, bool), "Q-only": np.ones(N, bool), "P and Q": np.zeros(N, bool)}
    found = {what: count for what, count, _, _ in _counts(e, examples, np.ones(N, bool), q_only)
             if "Q-only examples with label +1 and alpha" in what}
    assert len(found) == 4 and all(abs(count - N // 4) <= 1 for count in found.values())


class Root(AlphaLaw):
    """A law of a user's own: alpha is alpha_max times a root of a uniform number."""

    name = "root"
    summary = "density proportional to alpha up to alpha_max"
    reads = ("alpha_max",)

    @classmethod
    def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> np.ndarray:
        return experiment.alpha_max * np.sqrt(rng.random(n))

    @classmethod
    def distribution(cls, experiment: Experiment) -> AlphaDistribution:
        return AlphaDistribution(lambda alpha: (alpha / experiment.alpha_max) ** 2)


def test_a_law_of_your_own_is_known_by_the_distribution_that_it_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ALPHA_LAWS._things, "root", Root)
    e, share = Experiment(d=4, N=N, p0=0.0, alpha_law="root", alpha_min=0.0), (np.arange(N) + 0.5) / N
    _lengths(e, np.sqrt(share), 1)
    with pytest.raises(Broken, match="alpha has not the law 'root'"):
        _lengths(e, share, 1)
    monkeypatch.setattr(Root, "distribution", AlphaLaw.distribution)
    with pytest.raises(Declined, match="says no distribution"):
        _lengths(e, np.sqrt(share), 1)
