"""Level and power of the statistical laws: right draws pass under many seeds, deviations of the stated size never do."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from theory_sim import Experiment
from theory_sim.testing.simulator import noise_law
from theory_sim.testing.simulator.draw_laws import (
    _BEYOND,
    Broken,
    draws_are_gaussian,
    draws_are_independent,
    draws_have_level,
    smallest_level_found,
    smallest_share_found,
)

Array = np.ndarray[Any, Any]
SHAPE = (4, 20, 50, 4)  # runs, steps, neurons, coordinates: 16 000 draws a layer
SIZE = 16_000
# Each law refuses right draws with probability 1e-6 at most: 100 seeds of three laws are refused with probability 3e-4, and
# these seeds are fixed. A deviation of the stated size is missed with probability 1e-3: one of 20 seeds, with 0.02.
RIGHT, WRONG = range(100), range(20)


def draws(seed: int, change: Callable[[Array, np.random.Generator], Array] = lambda x, rng: x) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {"W": change(rng.standard_normal(SHAPE), rng), "V": rng.standard_normal(SHAPE)}


def refused(law: Callable[[dict[str, Array]], Any], drawn: dict[str, Array]) -> bool:
    try:
        law(drawn)
    except Broken:
        return True
    return False


def independent(drawn: dict[str, Array]) -> None:
    """As the battery lines them up: step after step, both layers of a step together."""
    lines = np.concatenate([array.reshape(4, 20, -1) for array in drawn.values()], axis=2).reshape(4, -1)
    found = draws_are_independent(list(lines))
    if found is not None:
        raise Broken(str(found))


@pytest.mark.tier2
@pytest.mark.parametrize("law", [draws_have_level, draws_are_gaussian, independent])
def test_right_draws_pass(law: Callable[[dict[str, Array]], Any]) -> None:
    assert [seed for seed in RIGHT if refused(law, draws(seed))] == []


def scaled(factor: float, where: Any = ...) -> Callable[[Array, np.random.Generator], Array]:
    def change(x: Array, rng: np.random.Generator) -> Array:
        x[where] *= factor
        return x

    return change


def shifted(by: float) -> Callable[[Array, np.random.Generator], Array]:
    return lambda x, rng: x + by


OFF = smallest_level_found(SIZE, 1e-8)
LEVELS = {
    "a layer's level": scaled(1 + OFF), "a layer's level, low": scaled(1 - OFF),
    "a step's level": scaled(1 + smallest_level_found(SIZE // 20, 1e-8), (slice(None), 3)),
    "a coordinate's level": scaled(1 + smallest_level_found(SIZE // 4, 1e-8), (..., 2)),
    "a mean": shifted(9.0 / SIZE**0.5),
}


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_that_is_off_is_found(name: str) -> None:
    assert OFF < 0.06
    assert [seed for seed in WRONG if not refused(draws_have_level, draws(seed, LEVELS[name]))] == []


# Of level 1: only the shape is wrong. The power of each is 0.999 or more at 16 000 draws, by these seeds.
SHAPES: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "uniform": lambda x, rng: rng.uniform(-(3**0.5), 3**0.5, x.shape),
    "Laplace": lambda x, rng: rng.laplace(scale=2**-0.5, size=x.shape),
    "Student, 6 degrees": lambda x, rng: rng.standard_t(6, x.shape) * (4 / 6) ** 0.5,
    "sum of two uniforms": lambda x, rng: rng.uniform(-(1.5**0.5), 1.5**0.5, (2, *x.shape)).sum(axis=0),
    "signs": lambda x, rng: np.sign(x),
}


@pytest.mark.tier2
@pytest.mark.parametrize("name", SHAPES)
def test_another_distribution_is_found(name: str) -> None:
    assert [seed for seed in WRONG if not refused(draws_are_gaussian, draws(seed, SHAPES[name]))] == []


def test_draws_that_stand_twice_are_found() -> None:
    """The stated share of draws of one layer stands in the other layer too, in the same step, at one distance."""
    share = smallest_share_found(SIZE * 2 // 4, 1e-7)
    assert share < 0.12
    for seed in WRONG:
        drawn = draws(seed)
        count = int(share * 2 * 200) + 1  # of the 400 draws a step of a run
        W, V = (array.reshape(4, 20, 200) for array in drawn.values())
        V[..., :count] = W[..., :count]
        assert refused(independent, drawn), seed


@pytest.mark.parametrize("change", [
    "the next step's", "the neighbour's", "the other seed's", "the last seed's", "with opposite signs",
])
def test_whatever_is_shared_is_found(change: str) -> None:
    drawn = draws(0)
    W = drawn["W"]
    if change == "the next step's":
        W[:, 1::2] = W[:, ::2]
    elif change == "the neighbour's":
        W[:, :, 1::2] = W[:, :, ::2]
    elif change == "the other seed's":
        W[1] = W[0]
    elif change == "the last seed's":
        W[3] = W[0]
    else:
        drawn["V"] = -W
    assert refused(independent, drawn)


# -- the level, by simulation at a larger one ---------------------------------------------------------------------------

LARGE, REPETITIONS = 0.01, 2000
SMALL = (4, 10, 8, 4)  # 1280 draws a layer


def levelled(drawn: dict[str, Array]) -> dict[str, Array]:
    return noise_law._levelled(drawn)


def lines_are_independent(drawn: dict[str, Array], level: float) -> None:
    lines = np.concatenate([array.reshape(2, -1) for array in drawn.values()], axis=1)
    if draws_are_independent(list(lines), level=level) is not None:
        raise Broken("")


ALL: dict[str, Callable[[dict[str, Array], float], None]] = {
    "level": lambda drawn, level: draws_have_level(drawn, level=level),
    "shape": lambda drawn, level: draws_are_gaussian(drawn, level=level),
    "shape of levelled draws": lambda drawn, level: draws_are_gaussian(levelled(drawn), level=level),
    "independence": lines_are_independent,
    "independence of levelled draws": lambda drawn, level: lines_are_independent(levelled(drawn), level),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_right_draws_are_refused_as_seldom_as_the_level_says(name: str) -> None:
    rng = np.random.default_rng(7)
    found = sum(refused(lambda drawn: ALL[name](drawn, LARGE), {layer: rng.standard_normal(SMALL) for layer in "WV"})
                for _ in range(REPETITIONS))
    assert found <= stats.binom.isf(1e-6, REPETITIONS, LARGE)
    assert found > 0 or "independence" in name or "levelled" in name, "a level that is never reached says nothing"


@pytest.mark.parametrize("n", [1280, 4000, 80_000])
def test_the_counts_beyond_have_their_level(n: int) -> None:
    """Exactly: the counts that are refused are summed over their binomial law."""
    for size in _BEYOND:
        share = 2 * stats.norm.sf(size)
        for level in (0.01, 1.25e-7):
            least, most = int(stats.binom.ppf(level / 2, n, share)), int(stats.binom.isf(level / 2, n, share))
            probable = 0.0
            near = [*range(max(0, least - 30), least + 6), *range(max(1, most - 6), most + 30)]
            rare = [k for k in near if stats.binomtest(k, n, share).pvalue < level]
            low, high = [k for k in rare if k < n * share], [k for k in rare if k > n * share]
            probable += float(stats.binom.cdf(max(low), n, share)) if low else 0.0
            probable += float(stats.binom.sf(min(high) - 1, n, share))
            assert 0 < probable <= level


def accumulated(seed: int, wrong: bool = False, neurons: int = 6) -> list[Any]:
    """Two runs: accumulated noise of both layers at 9 times, by inputs that each add their part, and these parts."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(2):
        response = np.tril(rng.uniform(0.2, 1.0, (9, 9)))
        inputs = [rng.standard_normal((9, neurons, 4)) for _ in "WV"]
        if wrong:  # each level is right, and what is added at a step is that of the step before
            inputs = [np.concatenate([each[:1], each[:-1]]) for each in inputs]
        found.append((tuple(np.tensordot(response, each, 1) for each in inputs), response))
    return found


@pytest.mark.tier2
def test_the_law_of_accumulated_noise_has_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_law, "_accumulated", lambda case: case[2][0])
    monkeypatch.setattr(noise_law, "_expected", lambda case: case[2][1])
    e, answer = Experiment(neurons="independent"), SimpleNamespace(W=np.zeros(9))

    def refuses(seed: int, level: float, **made: Any) -> bool:
        cases: list[Any] = [(e, answer, each) for each in accumulated(seed, **made)]
        return refused(lambda drawn: noise_law.accumulated_noise_correlates(cases, level), {})

    assert 0 < sum(refuses(seed, LARGE) for seed in range(REPETITIONS)) <= stats.binom.isf(1e-6, REPETITIONS, LARGE)
    assert all(refuses(seed, 1e-6, wrong=True, neurons=300) for seed in range(20)), "its levels differ, as its correlations do"
